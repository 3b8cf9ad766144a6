import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { builtBinary } from '../helpers/built_binary.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'

/** The compiled executable, serving on a port of its own. */
export interface RunningBinary {
  /** `http://127.0.0.1:port`. */
  readonly url: string
  /** Runs a command of the executable against the server; yields its JSON. @throws what it said */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  run(words: readonly string[], env?: Readonly<Record<string, string>>): Promise<any>
  /** Ends it with SIGTERM; yields its exit code. */
  stop(): Promise<number>
}

/** Boots the executable on an empty data directory. */
export async function startBinary(settings: readonly string[]): Promise<RunningBinary> {
  const executable = await builtBinary()
  const dir = temporaryDir()
  const dataDir = join(dir, 'data')
  // Nothing of this machine's environment reaches it.
  const env = { HOME: dir, PATH: '/nonexistent' }
  const words = ['serve', '--data-dir', dataDir, '--listen', '127.0.0.1:0', '--log-format', 'json']
  const server = Bun.spawn([executable, ...words, ...settings], {
    cwd: dir,
    env,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  })
  const url = await addressOf(server.stderr)
  return {
    url,
    run: async (command, more = {}) => {
      const run = Bun.spawn([executable, ...command, '--data-dir', dataDir, '--json'], {
        cwd: dir,
        env: { ...env, ...more },
        stdin: 'ignore',
        stdout: 'pipe',
        stderr: 'pipe',
        timeout: 10_000,
      })
      const [stdout, stderr] = await Promise.all([run.stdout.text(), run.stderr.text()])
      if ((await run.exited) !== 0) throw new Error(`gatehouse ${command.join(' ')}: ${stderr}`)
      return JSON.parse(stdout)
    },
    stop: async () => {
      server.kill('SIGTERM')
      const code = await server.exited
      rmSync(dir, { recursive: true, force: true })
      return code
    },
  }
}

/** Reads the log until the server says where it listens, and lets the rest of it flow away. */
async function addressOf(log: ReadableStream<Uint8Array>): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let text = ''
  const decoder = new TextDecoder()
  const readOn = async () => {
    for await (const chunk of log) {
      if (text.length < 100_000) text += decoder.decode(chunk, { stream: true })
      const line = text.split('\n').find((each) => each.includes('"event":"started"'))
      if (line?.endsWith('}')) resolve(JSON.parse(line).address)
    }
    reject(new Error(`The executable ended before it listened:\n${text}`))
  }
  readOn().catch(reject)
  return promise
}
