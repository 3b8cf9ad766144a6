import { join } from 'node:path'
import type { ApiAnswer, Bootstrapped } from './running_app.ts'

const startTimeoutMs = 15_000
const commandTimeoutMs = 30_000

/** Where and as whom a process of Gatehouse runs. The environment is empty unless given. */
export interface ProcessOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** User and group to run as; only root may ask for another one. */
  readonly uid?: number
  readonly stdin?: string
}

/** What a command left behind. */
export interface Finished {
  /** 128 and the number of the signal where one ended it. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs one command of Gatehouse to its end; one that hangs is killed after 30 s. */
export async function runGatehouse(
  program: readonly string[],
  words: readonly string[],
  options: ProcessOptions = {},
): Promise<Finished> {
  const child = spawn([...program, ...words], options)
  const timer = setTimeout(() => child.kill('SIGKILL'), commandTimeoutMs)
  const [stdout, stderr, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ])
  clearTimeout(timer)
  return { code, stdout, stderr }
}

/** A process under way, with what it wrote so far. */
export interface RunningProcess {
  readonly pid: number
  readonly stdout: WrittenText
  readonly stderr: WrittenText
  /** The exit code; 128 and the number of the signal where one ended it. */
  readonly exited: Promise<number>
  kill(signal: NodeJS.Signals): void
  /** Asks it to stop with SIGTERM, kills it where it does not within 20 s, gives the exit code. */
  stop(): Promise<number>
}

/** Starts a process and keeps what it writes. */
export function startProcess(words: readonly string[], options: ProcessOptions): RunningProcess {
  const child = spawn(words, options)
  const kill = (signal: NodeJS.Signals) => void child.kill(signal)
  return {
    pid: child.pid,
    stdout: new WrittenText(child.stdout),
    stderr: new WrittenText(child.stderr),
    exited: child.exited,
    kill,
    stop: async () => {
      kill('SIGTERM')
      const timer = setTimeout(kill, 20_000, 'SIGKILL')
      const code = await child.exited
      clearTimeout(timer)
      return code
    },
  }
}

/** How a test wants its server. */
export interface ServerOptions extends ProcessOptions {
  readonly program: readonly string[]
  /** Absent: the default, `data` in the working directory. */
  readonly dataDir?: string
  /** More flags of `serve`. */
  readonly flags?: readonly string[]
}

/** A server in a process of its own. */
export interface ServerProcess extends RunningProcess {
  /** `http://127.0.0.1:port`. */
  readonly url: string
  /** From the start of the process until it said `started`. */
  readonly startMs: number
  /** Calls the management API over the administrator's socket. */
  api(method: string, path: string, body?: unknown): Promise<ApiAnswer>
  /** Makes a project with an integration and an admin token. */
  bootstrap(project?: string): Promise<Bootstrapped>
}

/**
 * Starts a server on a free port of loopback and waits for its `started` event.
 * @throws Error with what the process said, where it ended or was silent for 15 s
 */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const { program, dataDir, cwd = '.', flags = [] } = options
  const given = dataDir === undefined ? [] : ['--data-dir', dataDir]
  const words = ['serve', '--listen', '127.0.0.1:0', ...given, ...flags]
  const startedAtMs = performance.now()
  const running = startProcess([...program, ...words], options)
  const url = await Promise.race([
    running.stderr.until(/"event":"started".*?"address":"(http:[^"]+)"/),
    running.exited.then(() => null),
    Bun.sleep(startTimeoutMs).then(() => null),
  ])
  if (url === null) {
    running.kill('SIGKILL')
    const code = await running.exited
    throw new Error(`the server did not start (${code}):\n${running.stderr.text}`)
  }
  const api = socketApi(join(dataDir ?? join(cwd, 'data'), 'admin.sock'))
  return {
    ...running,
    url,
    startMs: performance.now() - startedAtMs,
    api,
    bootstrap: async (project = 'demo') => {
      const { status, body } = await api('POST', '/api/v1/bootstrap', { project })
      if (status !== 201) throw new Error(`bootstrap answered ${status}: ${JSON.stringify(body)}`)
      return body
    },
  }
}

function spawn(words: readonly string[], { cwd, env = {}, uid, stdin }: ProcessOptions) {
  return Bun.spawn([...words], {
    ...(cwd === undefined ? {} : { cwd }),
    ...(uid === undefined ? {} : { uid, gid: uid }),
    env: { ...env },
    stdin: stdin === undefined ? 'ignore' : Buffer.from(stdin),
    stdout: 'pipe',
    stderr: 'pipe',
  })
}

/** Keeps what a stream gives, so that its writer never has to wait. */
class WrittenText {
  /** Everything so far. */
  text = ''
  private wake = Promise.withResolvers<void>()

  constructor(stream: ReadableStream<Uint8Array>) {
    void this.read(stream)
  }

  /** Waits for a match and gives its first group. */
  async until(pattern: RegExp): Promise<string> {
    for (;;) {
      const [, found] = pattern.exec(this.text) ?? []
      if (found !== undefined) return found
      await this.wake.promise
    }
  }

  private async read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder()
    for await (const chunk of stream) {
      this.text += decoder.decode(chunk, { stream: true })
      this.wake.resolve()
      this.wake = Promise.withResolvers()
    }
  }
}

function socketApi(unix: string): ServerProcess['api'] {
  return async (method, path, body) => {
    const response = await fetch(`http://localhost${path}`, {
      method,
      unix,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json')
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(text) : text,
    }
  }
}
