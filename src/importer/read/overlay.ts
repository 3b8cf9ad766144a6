import { paths as pathsOf, query } from 'jsonpath-rfc9535'
import { AppError } from '../../errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import type { FindingList } from './finding_list.ts'
import { parseObject } from './parse_text.ts'
import { kindOf, member } from './place.ts'
import { unreadable } from './unreadable.ts'

/** A document and what is to be said about the overlays that changed it. */
export interface OverlayTarget {
  readonly root: JsonObject
  readonly findings: FindingList
}

/**
 * Applies OpenAPI Overlay 1.0 and 1.1 documents in order, in place; an overlay that cannot be
 * applied whole stops the import, as it may be the one that takes something away.
 * @throws AppError document_unreadable naming the number of the overlay and of its action
 */
export function applyOverlays(target: OverlayTarget, overlays: readonly string[]): void {
  for (const [index, text] of overlays.entries()) {
    const name = `Overlay ${index + 1}`
    const overlay = within(name, () => parseObject(text))
    if (typeof overlay['overlay'] !== 'string' && typeof overlay['overlay'] !== 'number') {
      throw unreadable(`${name} has no "overlay" version. Write "overlay: 1.0.0".`)
    }
    const actions = overlay['actions']
    if (!Array.isArray(actions)) {
      throw unreadable(`${name} has no list of "actions". Add one.`)
    }
    for (const [at, action] of actions.entries()) {
      const step = `${name}, action ${at + 1}`
      within(step, () => applyAction(target, { action, step }))
    }
  }
}

function within<T>(name: string, run: () => T): T {
  try {
    return run()
  } catch (cause) {
    const reason = cause instanceof AppError ? (cause.reason ?? '') : String(cause)
    throw unreadable(`${name} cannot be applied: ${reason.slice(0, 300)}`, cause)
  }
}

interface Step {
  readonly action: JsonValue
  readonly step: string
}

function applyAction(target: OverlayTarget, { action, step }: Step): void {
  const expression = member(action, 'target')
  if (typeof expression !== 'string') throw unreadable('it has no "target". Give a JSONPath.')
  const found = pathsOf(target.root as never, expression)
  if (found.length === 0) noteNoMatch(target.findings, { step, expression })
  if (member(action, 'remove') === true) return removeAll(target.root, found)
  const update =
    member(action, 'copy') === undefined ? member(action, 'update') : copied(target, action)
  if (update === undefined) throw unreadable('it has neither "update" nor "remove". Add one.')
  for (const path of found) updateAt(target.root, { keys: keysOf(path), update })
}

/** `copy` of Overlay 1.1: the one value another JSONPath selects. */
function copied({ root }: OverlayTarget, action: JsonValue): JsonValue {
  const source = member(action, 'copy')
  const values = typeof source === 'string' ? query(root as never, source) : []
  if (values.length !== 1) throw unreadable('its "copy" must select exactly one value.')
  return values[0] as JsonValue
}

function noteNoMatch(
  findings: FindingList,
  { step, expression }: Record<'step' | 'expression', string>,
) {
  findings.note({
    code: 'overlay_without_match',
    pointer: '#',
    reason: `${step} matches nothing: ${expression}`,
    fix: 'Mend its target, or take the action out.',
  })
}

function removeAll(root: JsonObject, found: readonly string[]): void {
  for (const path of lastFirst(found)) {
    const key = path.at(-1)
    if (key === undefined) throw unreadable('it would remove the whole document.')
    const parent = valueAt(root, path.slice(0, -1))
    if (Array.isArray(parent)) parent.splice(Number(key), 1)
    else if (isJsonObject(parent)) delete parent[key]
  }
}

/** Each path once, those of later list items before those of earlier ones. */
function lastFirst(found: readonly string[]): (string | number)[][] {
  return [...new Set(found)].map(keysOf).sort((a, b) => {
    const at = a.findIndex((key, index) => key !== b[index])
    return at < 0 ? b.length - a.length : Number(b[at] ?? -1) - Number(a[at] ?? -1) || 0
  })
}

interface Update {
  readonly keys: readonly (string | number)[]
  readonly update: JsonValue
}

function updateAt(root: JsonObject, { keys, update }: Update): void {
  const value = valueAt(root, keys)
  const copy = structuredClone(update)
  if (Array.isArray(value)) {
    value.push(...(Array.isArray(copy) ? copy : [copy]))
  } else if (isJsonObject(value)) {
    if (!isJsonObject(copy))
      throw unreadable(`its "update" is ${kindOf(copy)}, its target an object.`)
    merge(value, copy)
  } else {
    replace(root, { keys, update: copy })
  }
}

function replace(root: JsonObject, { keys, update }: Update): void {
  const parent = valueAt(root, keys.slice(0, -1))
  const key = keys.at(-1) ?? ''
  if (Array.isArray(parent)) parent[Number(key)] = update
  else if (isJsonObject(parent)) parent[key] = update
}

/** Objects are merged member by member, lists are joined, anything else is replaced. */
function merge(into: JsonObject, from: JsonObject): void {
  for (const [key, value] of Object.entries(from)) {
    const own = member(into, key)
    if (isJsonObject(own) && isJsonObject(value)) merge(own, value)
    else if (Array.isArray(own) && Array.isArray(value)) own.push(...value)
    else into[key] = value
  }
}

function valueAt(root: JsonObject, keys: readonly (string | number)[]): JsonValue | undefined {
  let value: JsonValue | undefined = root
  for (const key of keys) value = member(value, String(key))
  return value
}

const STEP = /\[(?:(\d+)|'((?:[^'\\]|\\.)*)')\]/g

/** Keys of a normalized path (RFC 9535 §2.7): `$['a'][0]`. */
function keysOf(path: string): (string | number)[] {
  return [...path.matchAll(STEP)].map(([, index, name]) =>
    index === undefined ? unescaped(name ?? '') : Number(index),
  )
}

const controls: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

function unescaped(name: string): string {
  return name.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_, code?: string, char = '') =>
    code === undefined ? (controls[char] ?? char) : String.fromCharCode(Number.parseInt(code, 16)),
  )
}
