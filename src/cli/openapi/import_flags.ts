import { type Command, Option } from 'commander'
import type { JsonObject } from '../../lib/json.ts'
import { authStrategies, httpMethods } from '../../model/tool.ts'
import { misuse } from '../failure.ts'
import { given } from '../given.ts'
import { collect } from '../setting_flags.ts'
import type { Surroundings } from '../surroundings.ts'
import { readText } from '../text_input.ts'

/** The flags that say how a document is read and which operations become tools. */
export interface ReadingFlags {
  readonly select?: readonly string[]
  readonly overlay?: readonly string[]
  readonly baseUrl?: string
  readonly serverVariable?: readonly string[]
  readonly namePrefix?: string
  readonly maxNameLength?: string
  readonly scopePattern?: string
  readonly scopesFromSecurity?: boolean
  readonly recheckHours?: string
}

/** Adds the flags of `ReadingFlags`. */
export function readingOptions(command: Command): Command {
  return command
    .option(
      '--select <what>',
      'tag=…, method=…, path=… or id=…; all: every one (repeatable)',
      collect,
    )
    .option('--overlay <file>', 'OpenAPI Overlay to lay over it, or none (repeatable)', collect)
    .option('--base-url <url>', 'call this instead of the servers it names; none: those')
    .option('--server-variable <k=v>', 'value of a server variable (repeatable)', collect)
    .option('--name-prefix <prefix>', 'put before every tool name, as box_')
    .option('--max-name-length <n>', 'longest tool name (default: 64)')
    .option(
      '--scope-pattern <regex>',
      'how descriptions list scopes: its first group; none: as usual',
    )
    .option('--scopes-from-security', 'require the scopes of its security requirements')
    .option('--no-scopes-from-security', 'do not')
    .option('--recheck-hours <n>', 'how often to look for changes; never: not at all')
}

/** The flags that say how tools prove themselves upstream. */
export interface AuthFlags {
  readonly auth?: string
  readonly strategy?: string
  readonly authHeader?: string
  readonly tokenUrl?: string
  readonly oauthScope?: readonly string[]
  readonly audience?: string
  readonly secretFile?: string
  readonly secretStdin?: boolean
}

/** Adds the flags of `AuthFlags`; the first of them is called as told. */
export function authOptions(command: Command, flag: '--auth' | '--strategy'): Command {
  const choices = new Option(`${flag} <strategy>`, 'how the API is told who calls')
  return command
    .addOption(choices.choices(authStrategies))
    .option('--auth-header <name>', 'header, query parameter or cookie (default: as documented)')
    .option('--token-url <url>', 'where oauth_client_credentials gets tokens')
    .option('--oauth-scope <scope>', 'scope to ask for there (repeatable)', collect)
    .option('--audience <audience>', 'audience to ask for there')
    .option('--secret-file <file>', 'file with the secret')
    .option('--secret-stdin', 'read the secret from standard input')
}

/**
 * The settings of a source that flags give, as the API takes them; those not given stay away.
 * @throws CliFailure - exit code 2: a flag cannot be read
 */
export async function settingsOf(
  flags: ReadingFlags,
  surroundings: Surroundings,
): Promise<JsonObject> {
  const { overlay, serverVariable, maxNameLength } = flags
  const read = (file: string) =>
    readText('--overlay', file === '-' ? '-' : `@${file}`, surroundings)
  return given({
    base_url: orNull(flags.baseUrl),
    server_variables: serverVariable && Object.fromEntries(serverVariable.map(splitVariable)),
    name_prefix: flags.namePrefix,
    max_name_length:
      maxNameLength === undefined ? undefined : wholeNumber('--max-name-length', maxNameLength),
    scope_pattern: orNull(flags.scopePattern),
    scopes_from_security: flags.scopesFromSecurity,
    overlays: overlay && (await Promise.all(overlay.filter((file) => file !== none).map(read))),
  })
}

/** Takes a setting away again. */
const none = 'none'

const orNull = (value: string | undefined) => (value === none ? null : value)

/** The fields of a source that flags give besides its settings. @throws CliFailure - exit code 2 */
export function fieldsOf({ select, recheckHours }: ReadingFlags): JsonObject {
  return given({
    filter: select && filterOf(select),
    recheck_hours:
      recheckHours === undefined
        ? undefined
        : recheckHours === 'never'
          ? null
          : wholeNumber('--recheck-hours', recheckHours),
  })
}

const lists: Readonly<Record<string, string>> = {
  tag: 'tags',
  method: 'methods',
  path: 'paths',
  id: 'operation_ids',
}

/** The filter that `--select` gives: one word may have several values, and every word must fit. */
export function filterOf(words: readonly string[]): JsonObject {
  const filter: Record<string, string[]> = { tags: [], methods: [], paths: [], operation_ids: [] }
  for (const word of words) {
    if (word === 'all') continue
    const [, key = '', value = ''] = /^(\w+)=(.+)$/s.exec(word) ?? []
    const list = filter[lists[key] ?? '']
    if (list === undefined) {
      throw misuse(
        `--select "${word}" selects nothing`,
        "Write tag=NAME, method=GET, path='/orders/**', id=OPERATION_ID, or all.",
      )
    }
    list.push(key === 'method' ? methodOf(value) : value)
  }
  return filter
}

/** Upper and lower case alike. @throws CliFailure - exit code 2 */
export function methodOf(text: string): string {
  const method = text.toUpperCase()
  if (httpMethods.some((one) => one === method)) return method
  throw misuse(`"${text}" is not a method`, `Write one of: ${httpMethods.join(', ')}.`)
}

function splitVariable(pair: string): [string, string] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? []
  if (name !== undefined && value !== undefined) return [name, value]
  throw misuse(`--server-variable "${pair}" is not name=value`)
}

function wholeNumber(flag: string, text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw misuse(`${flag} "${text}" is not a whole number`)
}

/** How a source's tools prove themselves, as the API takes it. @param secret null keeps the one set */
export function authOf(strategy: string, flags: AuthFlags, secret: string | null): JsonObject {
  const { authHeader, tokenUrl, oauthScope, audience } = flags
  const oauth = tokenUrl && {
    token_url: tokenUrl,
    ...given({ scopes: oauthScope && [...oauthScope], audience }),
  }
  if (oauth === undefined && (oauthScope !== undefined || audience !== undefined)) {
    throw misuse('--oauth-scope and --audience go with --token-url')
  }
  return {
    strategy,
    ...given({ header_name: authHeader, oauth: oauth === '' ? undefined : oauth }),
    ...(secret !== null && { secret }),
  }
}
