import type { SchemaIssue } from '../../lib/json_schema/compile_schema.ts'
import type { MappedParameter } from '../../model/request_map.ts'
import { pointerStep } from '../bound_variable.ts'
import { groupOf } from './parameter_values.ts'

/** The model's name of a member of the body, by the member's pointer on the wire. */
export type Renames = ReadonlyMap<string, string>

/** Every name of an operation that the model knows under another. */
export interface KnownNames {
  readonly parameters: readonly MappedParameter[]
  readonly aliases: Readonly<Record<string, string>>
}

/** Puts the names the model knows in the place of those on the wire, in pointers and in messages. */
export function modelIssues(
  issues: readonly SchemaIssue[],
  renames: Renames,
  names: KnownNames,
): SchemaIssue[] {
  if (issues.length === 0) return []
  return issues.map(({ pointer, message }) => {
    const group = pointer.split('/', 2)[1] ?? ''
    const byWire = group === 'body' ? bodyNames(names) : parameterNames(names, group)
    const known = group === 'body' ? inBody(pointer, renames) : inGroup(pointer, byWire)
    return { pointer: known, message: inMessage(message, byWire) }
  })
}

const bodyNames = ({ aliases }: KnownNames) =>
  new Map(Object.entries(aliases).map(([alias, name]) => [name, alias]))

function parameterNames({ parameters }: KnownNames, group: string): Map<string, string> {
  const names = new Map<string, string>()
  for (const { in: place, name, source } of parameters) {
    if ('argument' in source && groupOf[place] === group) names.set(name, source.argument)
  }
  return names
}

/** Only the first step below a group is a parameter's name. */
function inGroup(pointer: string, byWire: ReadonlyMap<string, string>): string {
  const [, group = '', name, ...rest] = pointer.split('/')
  if (name === undefined) return pointer
  const known = byWire.get(name.replaceAll('~1', '/').replaceAll('~0', '~'))
  if (known === undefined) return pointer
  return [`/${group}${pointerStep(known)}`, ...rest].join('/')
}

function inBody(pointer: string, renames: Renames): string {
  let wire = ''
  let model = ''
  for (const step of pointer.split('/').slice(1)) {
    wire += `/${step}`
    const known = renames.get(wire)
    model += known === undefined ? `/${step}` : pointerStep(known)
  }
  return model
}

/** Messages name members in quotes. */
function inMessage(message: string, byWire: ReadonlyMap<string, string>): string {
  if (byWire.size === 0) return message
  return message.replace(/"(?:[^"\\]|\\.)*"/g, (quoted) => {
    const known = byWire.get(parsed(quoted))
    return known === undefined ? quoted : JSON.stringify(known)
  })
}

function parsed(quoted: string): string {
  try {
    return String(JSON.parse(quoted))
  } catch {
    return quoted
  }
}
