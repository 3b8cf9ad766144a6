import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newAssertionKey, registerKey } from '../helpers/assertions.ts'
import { builtBinary } from '../helpers/built_binary.ts'
import { type ServerProcess, startServer } from '../helpers/server_process.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'
import { findFakeTime, python } from './quick_start_packages.ts'

/** The client's page in running form. It belongs to the folder beside the project and stays there. */
export const quickStartClient = join(
  import.meta.dir,
  '../../../shared/reference/quick_start_client.py',
)

/** What the tools sign with. */
export const upstreamSecret = 'your-shared-secret'

const kid = 'quick-start-v1'

/** A request as the upstream received it. */
export interface Received {
  readonly method: string
  /** Path and query as sent. */
  readonly target: string
  readonly headers: Headers
  readonly body: Uint8Array
}

/** What the stand-in for the model did for one message. */
export interface JournalEntry {
  readonly token: string
  readonly tools: readonly string[]
  readonly call: { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> }
}

/** What a run of the client printed and did. */
export interface ClientRun {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** Of this run alone. */
  readonly journal: readonly JournalEntry[]
}

/** The executable on a clock that tests move, with an upstream, two tools and a client for it. */
export interface QuickStartWorld {
  readonly server: ServerProcess
  readonly projectId: number
  readonly received: readonly Received[]
  /** Runs the client in one of its modes, as `python3 quick_start_client.py MODE`. */
  runClient(mode: string, env?: Readonly<Record<string, string>>): Promise<ClientRun>
  /** Stops the server; yields how many session tokens it minted for each member, by external id. */
  finish(): Promise<Record<string, number>>
  /** Ends what is still there. */
  close(): Promise<void>
}

/** Starts it all. @throws Error naming the Debian packages that are missing */
export async function startQuickStart(): Promise<QuickStartWorld> {
  const dir = temporaryDir()
  const clock = clockIn(dir)
  const received: Received[] = []
  const upstream = startUpstream(received)
  const server = await startServer({
    program: [await builtBinary()],
    cwd: dir,
    env: clock,
    flags: ['--egress-allow', upstream.url.origin, '--log-format', 'json', '--log-level', 'debug'],
  })
  const { project_id: projectId, api_key: apiKey } = await server.bootstrap()
  const key = newAssertionKey('ES256', kid)
  await registerKey({ api: server.api, projectId, apiKey }, key)
  await addTools(server, projectId, upstream.url.origin)
  const keyFile = join(dir, 'private_key.pem')
  writeFileSync(keyFile, key.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const settings = {
    ...clock,
    TENGINEAI_BASE_URL: server.url,
    TENGINEAI_API_KEY: apiKey,
    TENGINEAI_PROJECT_ID: String(projectId),
    TENGINEAI_PRIVATE_KEY_PATH: keyFile,
    TENGINEAI_ASSERTION_KID: kid,
    ANTHROPIC_API_KEY: 'sk-ant-stand-in',
  }
  return {
    server,
    projectId,
    received,
    runClient: (mode, env = {}) => runClient(dir, mode, { ...settings, ...env }),
    finish: async () => {
      const { body } = await server.api('GET', `/api/v1/members?project_id=${projectId}`)
      // The last lines of the log are there when it is gone.
      await server.stop()
      return mintedPerMember(server.stderr.text, body.items)
    },
    close: async () => {
      await server.stop()
      removeClockMemory(server.pid)
      await upstream.stop(true)
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** The environment that puts a process on the clock of a file; its offset is read at every look. */
function clockIn(dir: string): Readonly<Record<string, string>> {
  const file = join(dir, 'clock')
  writeFileSync(file, '+0s\n')
  return {
    LD_PRELOAD: findFakeTime(),
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    // Timers and timeouts go on as they are, and so do the times of files.
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1',
  }
}

/** The library leaves what it shares with children of a process behind when that one has ended. */
function removeClockMemory(pid: number): void {
  for (const name of [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`]) {
    rmSync(join('/dev/shm', name), { force: true })
  }
}

function startUpstream(received: Received[]) {
  return Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async (request) => {
      const { method, headers, url } = request
      const { origin, pathname } = new URL(url)
      const body = await request.bytes()
      received.push({ method, target: url.slice(origin.length), headers, body })
      return Response.json({ read: pathname })
    },
  })
}

/** One that tells the API who the member is, as every tool does, and one that adds the email. */
async function addTools(server: ServerProcess, projectId: number, baseUrl: string): Promise<void> {
  for (const [thing, email] of [
    ['post', false],
    ['user', true],
  ] as const) {
    const answer = await server.api('POST', '/api/v1/custom-tools', {
      project_id: projectId,
      name: `blog-${thing}s-get_by_id`,
      description: `Gets one ${thing} by its id.`,
      base_url: baseUrl,
      http_method: 'GET',
      endpoint_path: `/${thing}s/{id}`,
      input_schema: { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] },
      require_member: true,
      ...(email ? { inject_member_identity: { id: true, email, roles: false } } : {}),
      auth_strategy: 'hmac_signature',
      encrypted_auth_secret: upstreamSecret,
    })
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
  }
}

async function runClient(
  dir: string,
  mode: string,
  env: Readonly<Record<string, string>>,
): Promise<ClientRun> {
  const journal = join(dir, 'journal')
  writeFileSync(journal, '')
  const run = Bun.spawn([python, '-B', quickStartClient, mode], {
    cwd: dir,
    env: {
      ...env,
      PYTHONPATH: join(import.meta.dir, 'quick_start_anthropic'),
      PYTHONUTF8: '1',
      STAND_IN_JOURNAL: journal,
    },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: 30_000,
  })
  const [stdout, stderr] = await Promise.all([run.stdout.text(), run.stderr.text()])
  const code = await run.exited
  removeClockMemory(run.pid)
  const lines = readFileSync(journal, 'utf8').split('\n').slice(0, -1)
  return { code, stdout, stderr, journal: lines.map((line) => JSON.parse(line)) }
}

interface MemberJson {
  readonly id: number
  readonly external_id: string
}

function mintedPerMember(log: string, members: readonly MemberJson[]): Record<string, number> {
  const minted = log
    .split('\n')
    .filter((line) => line.includes('"event":"session_token_minted"'))
    .map((line) => JSON.parse(line).member_id)
  const countOf = (id: number) => minted.filter((each) => each === id).length
  return Object.fromEntries(members.map(({ id, external_id }) => [external_id, countOf(id)]))
}
