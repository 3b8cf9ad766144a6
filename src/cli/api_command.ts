import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { type Config, loadConfig } from '../config.ts'
import type { JsonObject } from '../lib/json.ts'
import { ApiClient, type ApiPage } from './api_client.ts'
import { CliFailure, exitCodes, misuse } from './failure.ts'
import { detailsText, pageText, print } from './print.ts'
import type { Surroundings } from './surroundings.ts'
import type { Column } from './text_table.ts'
import { directTransport, remoteTransport, socketTransport, type Transport } from './transport.ts'

/** What every command that talks to a server takes. */
export interface ApiOptions {
  readonly dataDir?: string
  readonly config?: string
  readonly server?: string
  readonly token?: string
  readonly json?: boolean
}

/** What the action of an API command works with. */
export interface ApiCall<O extends ApiOptions> {
  readonly api: ApiClient
  readonly options: O
  readonly surroundings: Surroundings
  /** Prints an answer: JSON with `--json`, else `text`, which lists every member unless told. */
  print(answer: JsonObject, text?: () => string): void
  /** Prints a page of a list: JSON with `--json`, else a table. */
  printPage(page: ApiPage, columns: readonly Column<JsonObject>[]): void
}

type Words = readonly (string | readonly string[] | undefined)[]

/**
 * Makes the action of an API command: its arguments as Commander hands them over, and the server that
 * `--url` names, else the one running for the data directory, else that directory itself.
 * @throws CliFailure - exit code 3: a server should answer and does not
 */
export function apiAction<O extends ApiOptions, A extends Words>(
  surroundings: Surroundings,
  run: (call: ApiCall<O>, ...words: A) => Promise<void>,
): (...given: [...A, O, Command]) => Promise<void> {
  return withTransport(surroundings, transportFor, run)
}

/** As `apiAction` but on this machine only, and a data directory that is not there yet is made. */
export function localAction<O extends ApiOptions, A extends Words>(
  surroundings: Surroundings,
  run: (call: ApiCall<O>, ...words: A) => Promise<void>,
): (...given: [...A, O, Command]) => Promise<void> {
  const local = async (config: Config) => {
    if (config.url === null) {
      const socket = await socketTransport(config, surroundings)
      return socket ?? (await directTransport(config, surroundings))
    }
    throw misuse(`This works on the machine of the server only, not over ${config.url}`)
  }
  return withTransport(surroundings, local, run)
}

function withTransport<O extends ApiOptions, A extends Words>(
  surroundings: Surroundings,
  open: (config: Config, surroundings: Surroundings) => Promise<Transport>,
  run: (call: ApiCall<O>, ...words: A) => Promise<void>,
): (...given: [...A, O, Command]) => Promise<void> {
  return async (...given) => {
    const options = given.at(-2) as O
    const words = given.slice(0, -2) as unknown as A
    const transport = await open(apiConfig(options, surroundings), surroundings)
    try {
      await run(callOf(new ApiClient(transport), options, surroundings), ...words)
    } finally {
      await transport.close()
    }
  }
}

function callOf<O extends ApiOptions>(
  api: ApiClient,
  options: O,
  surroundings: Surroundings,
): ApiCall<O> {
  const write = (answer: unknown, text: () => string) =>
    print({ answer, text }, options, surroundings)
  return {
    api,
    options,
    surroundings,
    print: (answer, text = () => detailsText(answer)) => write(answer, text),
    printPage: (page, columns) => write(page, () => pageText(page, columns, surroundings)),
  }
}

/** Adds a command that talks to a server: `--json`, and how to reach the server. */
export function apiCommand(parent: Command, usage: string, description: string): Command {
  return remoteOptions(localCommand(parent, usage, description), '--url, --server <url>')
}

/** As `apiCommand`, for a command whose `--url` means something else. */
export function apiCommandWithUrl(parent: Command, usage: string, description: string): Command {
  return remoteOptions(localCommand(parent, usage, description), '--server <url>')
}

/** As `apiCommand`, for a command that works on the machine of the server only. */
export function localCommand(parent: Command, usage: string, description: string): Command {
  const command = parent.command(usage).description(description).option('--json', 'print JSON')
  return connectionOptions(command, [
    ['--data-dir <path>', 'data directory of the server on this machine'],
    ['--config <path>', 'settings file (TOML)'],
  ])
}

function remoteOptions(command: Command, urlFlag: string): Command {
  return connectionOptions(command, [
    [urlFlag, 'server elsewhere; or set GATEHOUSE_URL'],
    ['--token <token>', 'its admin token; better: GATEHOUSE_ADMIN_TOKEN or ..._FILE'],
  ])
}

function connectionOptions(command: Command, flags: readonly (readonly [string, string])[]) {
  for (const [flag, help] of flags) {
    command.addOption(new Option(flag, help).helpGroup('Connection:'))
  }
  return command
}

/** As `apiCommand`, for things that belong to a project. */
export function projectCommand(parent: Command, usage: string, description: string): Command {
  return apiCommand(parent, usage, description).option(
    '--project <project>',
    'its project, by id or slug',
  )
}

/** Adds the options of a list: how many, and from where. */
export function pageOptions(command: Command): Command {
  return command
    .option('--limit <n>', 'how many at most (default: 50)')
    .option('--cursor <cursor>', 'where the last page ended')
}

/** What `pageOptions` yields. */
export interface PageOptions extends ApiOptions {
  readonly limit?: string
  readonly cursor?: string
}

/** The settings of an API command. @throws AppError validation_failed */
export function apiConfig(options: ApiOptions, surroundings: Surroundings): Config {
  const { dataDir, config, server, token } = options
  const flags = { data_dir: dataDir, config, url: server, admin_token: token }
  return loadConfig({ ...surroundings.inputs, flags })
}

async function transportFor(config: Config, surroundings: Surroundings): Promise<Transport> {
  if (config.url !== null) return remoteTransport(config, surroundings)
  const socket = await socketTransport(config, surroundings)
  if (socket !== null) return socket
  // A mistyped directory must not become a new, empty server.
  if (existsSync(join(config.dataDir, 'gatehouse.db'))) return directTransport(config, surroundings)
  throw new CliFailure(exitCodes.failed, `${config.dataDir} holds no Gatehouse database`, {
    reason: 'Give --data-dir, or begin with: gatehouse bootstrap --project NAME',
  })
}
