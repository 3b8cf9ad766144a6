import { readFileSync } from 'node:fs'
import { unknownKeys, unknownVariables, unsafeVariables } from './config/environment_check.ts'
import { type OidcConfig, oidcContradictions, oidcSettings } from './config/oidc_settings.ts'
import { list, optional, type Setting, settled } from './config/setting.ts'
import {
  type FlagValue,
  type FoundSetting,
  findSecret,
  findSetting,
  type SettingPlaces,
  type SettingSource,
} from './config/setting_source.ts'
import { readDataDirFile, readNamedFile } from './config/settings_file.ts'
import { AppError, type FieldError } from './errors.ts'
import {
  bytesSetting,
  choiceSetting,
  formatListen,
  InvalidSetting,
  integerSetting,
  isLoopback,
  keySetting,
  type ListenAddress,
  listenSetting,
  localUrl,
  originSetting,
  parseEgressText,
  parseHost,
  parseOrigin,
  parseProxyText,
  pathSetting,
  switchSetting,
  textSetting,
  wordSwitchSetting,
} from './model/setting.ts'

/** Every setting by name. Flags, variables, file keys, help and docs are all made from this table. */
export const settings = {
  data_dir: settled(pathSetting, './data', 'directory of the database, the keys and the socket'),
  listen: settled(listenSetting, '127.0.0.1:8080', 'address and port to listen on'),
  public_url: optional(originSetting, 'how clients reach this server; default: the listen address'),
  insecure_listen: settled(
    switchSetting,
    'false',
    'listen beyond loopback without an https public_url',
  ),
  allowed_hosts: list('host', parseHost, 'Host headers to accept beside public_url'),
  allowed_origins: list('origin', parseOrigin, 'browser origins to accept beside public_url'),
  trusted_proxies: list(
    'entry',
    parseProxyText,
    'proxies whose X-Forwarded-For is believed: IP address or CIDR',
  ),
  egress_allow: list(
    'entry',
    parseEgressText,
    'private upstreams that tools may call: host, host:port, CIDR or http://host:port',
  ),
  upstream_ca_file: optional(pathSetting, 'PEM file of further authorities to trust upstream'),
  upstream_concurrency: settled(
    integerSetting(1, 10_000),
    '64',
    'calls under way at once to one upstream of a project',
  ),
  upstream_queue: settled(
    integerSetting(0, 100_000),
    '128',
    'calls that wait beyond that; further ones are refused',
  ),
  fetch_client_documents: settled(
    wordSwitchSetting,
    'true',
    'look up AI clients by their metadata documents; false where there is no way out',
  ),
  master_key: {
    ...optional(
      keySetting,
      'key that seals secrets, 32 bytes in base64 or hex; default: DATA/master.key',
    ),
    isSecret: true,
  },
  member_session_minutes: settled(
    integerSetting(2, 60),
    '15',
    'minutes a member session token is valid for',
  ),
  allow_unverified_member_session_minting: {
    ...settled(
      switchSetting,
      'false',
      'for development: anyone with an API key can name any member, unproven',
    ),
    bareVariable: 'ALLOW_UNVERIFIED_MEMBER_SESSION_MINTING',
  },
  ...oidcSettings,
  failed_auth_per_minute: settled(
    integerSetting(0, 100_000),
    '60',
    'failed authentications a minute from one address, then 429; 0: no limit',
  ),
  max_in_flight: settled(integerSetting(1, 60_000), '1024', 'calls served at once, then 503'),
  max_body_bytes: settled(bytesSetting(1024, 2 ** 30), '4MiB', 'largest request body at /mcp'),
  tools_page_size: settled(integerSetting(1, 10_000), '1000', 'tools on one page of tools/list'),
  drain_seconds: settled(integerSetting(0, 3600), '30', 'time running calls get at shutdown'),
  log_format: settled(
    choiceSetting(['auto', 'json', 'text']),
    'auto',
    'json, text, or auto: text on a terminal',
  ),
  log_level: settled(
    choiceSetting(['debug', 'info', 'warn', 'error']),
    'info',
    'debug, info, warn or error',
  ),
  url: {
    ...optional(originSetting, 'talk to the server at this address, not the one of data_dir'),
    isForClient: true,
  },
  admin_token: {
    ...optional(textSetting, 'admin token for --url (better: GATEHOUSE_ADMIN_TOKEN or its _FILE)'),
    isSecret: true,
    isForClient: true,
  },
} as const satisfies Record<string, Setting<unknown>>

/** The name of a setting, in snake_case. */
export type SettingName = keyof typeof settings
type ValueOf<N extends SettingName> = (typeof settings)[N] extends Setting<infer T> ? T : never

/** Every setting, resolved and checked. */
export interface Config extends OidcConfig {
  /** Absolute. */
  readonly dataDir: string
  readonly listen: ListenAddress
  /** An origin, no slash at its end; null while the system chooses the port and none is set. */
  readonly publicUrl: string | null
  readonly insecureListen: boolean
  readonly allowedHosts: readonly string[]
  readonly allowedOrigins: readonly string[]
  /** IP addresses and CIDR ranges. */
  readonly trustedProxies: readonly string[]
  readonly egressAllow: readonly string[]
  /** Absolute. */
  readonly upstreamCaFile: string | null
  /** Content of that file. */
  readonly upstreamCaPem: string | null
  /** Calls under way at once to one upstream of a project. */
  readonly upstreamConcurrency: number
  /** Calls that wait beyond that. */
  readonly upstreamQueue: number
  /** Whether client metadata documents are fetched; pinned ones are known in any case. */
  readonly fetchClientDocuments: boolean
  /** 32 bytes; null: DATA/master.key. */
  readonly masterKey: Uint8Array | null
  readonly memberSessionMinutes: number
  readonly allowUnverifiedMemberSessionMinting: boolean
  /** 0: no limit. */
  readonly failedAuthPerMinute: number
  readonly maxInFlight: number
  readonly maxBodyBytes: number
  readonly toolsPageSize: number
  readonly drainSeconds: number
  readonly logFormat: 'auto' | 'json' | 'text'
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
  /** A server elsewhere that the command line talks to. */
  readonly url: string | null
  readonly adminToken: string | null
  /** By setting name. */
  readonly sources: ReadonlyMap<string, SettingSource>
  /** The settings file that was read. */
  readonly settingsFile: string | null
}

/** What `loadConfig` reads from; nothing else is consulted. */
export interface ConfigInputs {
  /** By setting name in snake_case, `config` and `NAME_file` included. */
  readonly flags: Readonly<Record<string, FlagValue>>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Gives a file's text, null where there is no such file; throws where it cannot be read. */
  readonly readFile: (path: string) => string | null
  /** Where relative paths of flags and variables start; the working directory unless told. */
  readonly cwd?: string
}

/** The process's own environment and files; the only reader of the environment. */
export function processInputs(): Omit<ConfigInputs, 'flags'> {
  return { env: process.env, readFile: readFileOrNull, cwd: process.cwd() }
}

/**
 * Resolves every setting: flags over `GATEHOUSE_*` over systemd credentials over the settings file
 * over defaults. The file is the one named by `--config`, else `gatehouse.toml` of the data directory.
 * @throws AppError validation_failed - every problem in `errors`: the setting, its place, the fix
 */
export function loadConfig(inputs: ConfigInputs): Config {
  const { flags, env, readFile, cwd = process.cwd() } = inputs
  refuse([...unsafeVariables(env), ...unknownVariables(env, allNames)])
  const reader = new SettingReader(placesOf({ flags, env, readFile, cwd }))
  const config = reader.config()
  refuse(reader.problems)
  refuse(contradictions(config))
  return config
}

/** What one setting is, for people. */
export interface SettingDescription {
  readonly name: SettingName
  /** A secret reads `(set)`; null where the setting is not set. */
  readonly value: string | number | boolean | readonly string[] | null
  readonly source: SettingSource
  readonly help: string
}

/** Every setting as it is in force, and where it came from; secrets are masked (reliability.md case 252). */
export function describeConfig(config: Config): readonly SettingDescription[] {
  return names.map((name) => ({
    name,
    value: isSecret(name) ? (isSet(config, name) ? '(set)' : null) : shown(config, name),
    source: config.sources.get(name) ?? 'default',
    help: settings[name].help,
  }))
}

const memberOf = (name: SettingName) =>
  name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()) as keyof Config
const isSet = (config: Config, name: SettingName) => config[memberOf(name)] !== null

function shown(config: Config, name: SettingName): SettingDescription['value'] {
  const value = name === 'listen' ? formatListen(config.listen) : config[memberOf(name)]
  return value as SettingDescription['value']
}

const names = Object.keys(settings) as SettingName[]
const isSecret = (name: SettingName) => 'isSecret' in settings[name]
const allNames = [...names, ...names.filter(isSecret).map((name) => `${name}_file`)]

function refuse(errors: readonly FieldError[]): void {
  if (errors.length === 0) return
  throw new AppError('validation_failed', { detail: 'The configuration cannot be used', errors })
}

function placesOf(inputs: Omit<SettingPlaces, 'file'>): SettingPlaces {
  const named = readNamedFile(inputs)
  if (named !== null) {
    refuse(unknownKeys(Object.keys(named.values), allNames))
    return { ...inputs, file: named }
  }
  const reader = new SettingReader({ ...inputs, file: null })
  const dataDir = reader.read('data_dir')
  refuse(reader.problems)
  const file = readDataDirFile(dataDir, inputs)
  const movable = allNames.filter((name) => name !== 'data_dir')
  refuse(file === null ? [] : unknownKeys(Object.keys(file.values), movable))
  return { ...inputs, file }
}

/** Reads settings one by one, keeping every problem and every source. */
class SettingReader {
  readonly problems: FieldError[] = []
  private readonly sources = new Map<string, SettingSource>()
  private readonly places: SettingPlaces

  constructor(places: SettingPlaces) {
    this.places = places
  }

  config(): Config {
    const listen = this.read('listen')
    const upstreamCaFile = this.read('upstream_ca_file')
    return {
      dataDir: this.read('data_dir'),
      listen,
      publicUrl: this.read('public_url') ?? (listen.port === 0 ? null : localUrl(listen)),
      insecureListen: this.read('insecure_listen'),
      allowedHosts: this.read('allowed_hosts'),
      allowedOrigins: this.read('allowed_origins'),
      trustedProxies: this.read('trusted_proxies'),
      egressAllow: this.read('egress_allow'),
      upstreamCaFile,
      upstreamCaPem: upstreamCaFile === null ? null : this.readPem(upstreamCaFile),
      upstreamConcurrency: this.read('upstream_concurrency'),
      upstreamQueue: this.read('upstream_queue'),
      fetchClientDocuments: this.read('fetch_client_documents'),
      masterKey: this.read('master_key'),
      memberSessionMinutes: this.read('member_session_minutes'),
      allowUnverifiedMemberSessionMinting: this.read('allow_unverified_member_session_minting'),
      oidcIssuer: this.read('oidc_issuer'),
      oidcClientId: this.read('oidc_client_id'),
      oidcClientSecret: this.read('oidc_client_secret'),
      oidcName: this.read('oidc_name'),
      oidcScopes: this.read('oidc_scopes'),
      oidcGroupsClaim: this.read('oidc_groups_claim'),
      oidcRoleMap: this.read('oidc_role_map'),
      oidcCreateUsers: this.read('oidc_create_users'),
      oidcRequired: this.read('oidc_required'),
      failedAuthPerMinute: this.read('failed_auth_per_minute'),
      maxInFlight: this.read('max_in_flight'),
      maxBodyBytes: this.read('max_body_bytes'),
      toolsPageSize: this.read('tools_page_size'),
      drainSeconds: this.read('drain_seconds'),
      logFormat: this.read('log_format'),
      logLevel: this.read('log_level'),
      url: this.read('url'),
      adminToken: this.read('admin_token'),
      sources: this.sources,
      settingsFile: this.places.file?.path ?? null,
    }
  }

  read<N extends SettingName>(name: N): ValueOf<N> {
    const setting: Setting<unknown> = settings[name]
    let subject: string = name
    try {
      const found = setting.isSecret
        ? findSecret(name, this.places)
        : findSetting(name, this.places, setting.bareVariable)
      this.sources.set(name, found?.source ?? 'default')
      if (found !== null) {
        subject = subjectOf(name, setting, found)
        return setting.kind.parse(found.text, found.baseDir) as ValueOf<N>
      }
    } catch (error) {
      if (!(error instanceof InvalidSetting)) throw error
      this.problems.push({ pointer: `/${name}`, message: `${subject} ${error.message}` })
    }
    const { fallback } = setting
    return (fallback === null ? null : setting.kind.parse(fallback, this.places.cwd)) as ValueOf<N>
  }

  private readPem(path: string): string | null {
    try {
      const pem = this.places.readFile(path)
      if (pem?.includes('-----BEGIN CERTIFICATE-----')) return pem
    } catch {
      // Unreadable and missing want the same fix.
    }
    const message = `upstream_ca_file names ${path}, which is not a readable PEM file of certificates.`
    this.problems.push({ pointer: '/upstream_ca_file', message })
    return null
  }
}

/** Names a setting, its place and, unless it is secret, its text; items of a list name themselves. */
function subjectOf(name: string, setting: Setting<unknown>, found: FoundSetting): string {
  const quoted = setting.isSecret || setting.kind.arity === 'many' ? '' : `: "${found.text}"`
  return `${name} (${found.where})${quoted}`
}

function contradictions(config: Config): FieldError[] {
  const { listen, publicUrl, insecureListen } = config
  const faults = oidcContradictions(config)
  if (isLoopback(listen.host) || publicUrl?.startsWith('https:') || insecureListen) return faults
  const message =
    `listen is ${formatListen(listen)}, which other machines reach, and public_url is not https. ` +
    'Put a TLS proxy in front and set public_url to its https address, or set insecure_listen.'
  return [{ pointer: '/listen', message }, ...faults]
}

function readFileOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw error
  }
}
