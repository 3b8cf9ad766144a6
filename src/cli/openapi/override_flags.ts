import type { Command } from 'commander'
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../../lib/json.ts'
import { reservedVariables } from '../../model/tool.ts'
import { misuse } from '../failure.ts'
import { given } from '../given.ts'
import { collect } from '../setting_flags.ts'

/** The flags that say what is changed of an operation. */
export interface OverrideFlags {
  readonly name?: string
  readonly description?: string
  readonly enable?: boolean
  readonly disable?: boolean
  readonly scope?: readonly string[]
  readonly contentType?: string
  readonly hide?: readonly string[]
  readonly bind?: readonly string[]
  readonly projection?: string
  readonly field?: readonly string[]
  readonly maxResultBytes?: string
  readonly clear?: boolean
}

/** Adds the flags of `OverrideFlags`. */
export function overrideOptions(command: Command): Command {
  return command
    .option('--name <name>', 'what models call it')
    .option('--description <text>', 'what models read about it')
    .option('--enable', 'let models see and call it')
    .option('--disable', 'hide it from models')
    .option('--scope <scope>', 'a scope the caller must hold (repeatable)', collect)
    .option('--content-type <type>', 'which of its body types to send')
    .option(
      '--hide <argument>',
      'optional argument models do not see: query.x (repeatable)',
      collect,
    )
    .option(
      '--bind <argument=value>',
      'query.t=caller:member_id or =json:"x" (repeatable)',
      collect,
    )
    .option('--projection <jmespath>', 'what of its answers models get')
    .option('--field <path>', 'a field of its answers that models get (repeatable)', collect)
    .option('--max-result-bytes <n>', 'how much of an answer models get')
    .option('--clear', 'take back what was changed before')
}

/**
 * What flags change of an operation, over what was changed before; `--hide`, `--bind` and `--scope`
 * add to it.
 * @throws CliFailure - exit code 2: a flag cannot be read
 */
export function overrideOf(flags: OverrideFlags, before: JsonObject): JsonObject {
  const { name, description, scope, contentType: content_type, hide, bind } = flags
  if (flags.enable && flags.disable) throw misuse('Both --enable and --disable are given')
  const isEnabled = flags.enable ? true : flags.disable ? false : undefined
  return {
    ...(flags.clear ? {} : before),
    ...given({ name, description, content_type, is_enabled: isEnabled }),
    ...given({
      required_scopes: scope && [...scope],
      hidden: hide && union(flags.clear ? null : before.hidden, hide),
      bound: bind && { ...boundBefore(flags, before), ...Object.fromEntries(bind.map(bindingOf)) },
      response: responseOf(flags),
    }),
  }
}

const union = (before: JsonValue | undefined, more: readonly string[]) => [
  ...new Set([...(Array.isArray(before) ? before.map(String) : []), ...more]),
]

const boundBefore = ({ clear }: OverrideFlags, { bound }: JsonObject) =>
  clear || !isJsonObject(bound) ? {} : bound

function responseOf({ projection, field, maxResultBytes }: OverrideFlags): JsonObject | undefined {
  if (projection === undefined && field === undefined && maxResultBytes === undefined)
    return undefined
  if (maxResultBytes !== undefined && !/^\d{1,9}$/.test(maxResultBytes)) {
    throw misuse(`--max-result-bytes "${maxResultBytes}" is not a number of bytes`)
  }
  const max_result_bytes = maxResultBytes === undefined ? undefined : Number(maxResultBytes)
  return given({ projection, fields: field && [...field], max_result_bytes })
}

/** `query.tenant=caller:member_id`, `query.tenant=json:"acme"`. */
function bindingOf(text: string): [string, JsonObject] {
  const [, argument, kind, value] = /^([^=]+)=(caller|json):(.*)$/s.exec(text) ?? []
  if (argument === undefined || value === undefined) {
    throw misuse(
      `--bind "${text}" binds nothing`,
      `Write query.name=caller:member_id or query.name='json:"text"'.`,
    )
  }
  if (kind === 'json') return [argument, { value: jsonOf(argument, value) }]
  if (reservedVariables.some((one) => one === value)) return [argument, { caller: value }]
  throw misuse(`"${value}" is nothing a caller has`, `There are: ${reservedVariables.join(', ')}`)
}

function jsonOf(argument: string, text: string): JsonValue {
  try {
    return parseJson(text)
  } catch {
    throw misuse(
      `What --bind ${argument} gives is not JSON: ${text}`,
      'A text goes in quotation marks: json:"acme"',
    )
  }
}
