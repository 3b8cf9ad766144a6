import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDir } from '../helpers/temporary_dir.ts'
import { type Fence, fencesOf, readPage, root } from './markdown.ts'

/** One block of a page's shell session, and what the page says it prints. */
export interface Step {
  readonly commands: string
  readonly shown: Fence | null
}

/** A page's session: ```sh session=server runs beside the ```sh session blocks, in order. */
export interface Session {
  readonly server: string
  readonly steps: readonly Step[]
}

/** What running a session gave. */
export interface Transcript {
  /** What each step printed on standard output; one more piece, empty, stands at the end. */
  readonly outputs: readonly string[]
  /** Standard error of all steps together. */
  readonly complaints: string
}

/** Reads the session of a page; ```text output or ```json output after a block is what it prints. */
export function sessionOf(path: string): Session {
  const fences = fencesOf(readPage(path))
  const isStep = ({ words }: Fence) => words[0] === 'sh' && words[1] === 'session'
  const steps = fences.flatMap((fence, index) => {
    if (!isStep(fence)) return []
    const next = fences[index + 1]
    return [{ commands: fence.text, shown: next?.words[1] === 'output' ? next : null }]
  })
  const server = fences.find(({ words }) => words[1] === 'session=server')?.text ?? ''
  return { server, steps }
}

/** A port nobody listens on. */
function freePort(): number {
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {} } })
  listener.stop(true)
  return listener.port
}

const ports: Readonly<Record<string, number>> = { 8080: freePort(), 4000: freePort() }
const node = Bun.which('node') ?? process.execPath

/** The README tells the reader to choose other ports where these are taken, and Bun for Node.js. */
export const asRun = (text: string): string =>
  text.replace(/\b(8080|4000)\b/g, (port) => String(ports[port])).replace(/^node -e/m, `${node} -e`)

const variables: readonly (readonly [RegExp, string])[] = [
  [/tengine_[\w-]{43}/g, 'tengine_…'],
  [/gha_[\w-]{43}/g, 'gha_…'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, 'ID'],
  [/\b00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]\b/g, 'TRACE'],
  [/^X-Tengine-Timestamp: \d+$/gm, 'X-Tengine-Timestamp: SECONDS'],
  [/(?:\d{4}-)?\d\d-\d\d \d\d:\d\d:\d\dZ/g, 'TIME'],
  [/\b\d+(?:\.\d+)? ms\b/g, 'N ms'],
  [/"tengine\/duration_ms":\d+(?:\.\d+)?/g, '"tengine/duration_ms":N'],
  // How an attempt's time was spent: which letters there are depends on what was too short to see.
  [/^ +\|.*$/gm, '  |BAR|'],
  [/^ +[a-z] [a-z][a-z ,]*$/gm, '  KEY'],
  [/^(Duration ms|Upstream ms|Response bytes) +\d+(?:\.\d+)?$/gm, '$1 N'],
  [/\b[0-9a-f]{12}$/gm, 'HASH'],
  [/ +$/gm, ''],
  [/ {2,}/g, '  '],
]

/** A step's output without what differs from one run to the next. */
export function constant(text: string, form: string | undefined): string {
  const whole = form === 'json' ? JSON.stringify(JSON.parse(text)) : text.trim()
  return variables.reduce((all, [pattern, word]) => all.replace(pattern, word), whole)
}

const separator = '\u001e'

/**
 * Runs a page's session as written, but for the ports, in an empty directory that has scripts/start
 * of the working tree. Whatever it started is gone when this returns.
 * @throws Error - the server did not start, with what it said instead
 */
export async function runSession({ server, steps }: Session): Promise<Transcript> {
  const workplace = temporaryDir()
  mkdirSync(join(workplace, 'scripts'))
  symlinkSync(join(root, 'scripts/start'), join(workplace, 'scripts/start'))
  const running = spawnShell(asRun(server), workplace)
  const script = steps.map(({ commands }) => `${asRun(commands)}printf '${separator}'\n`).join('')
  let session: Shell | null = null
  try {
    await untilStarted(running.stderr)
    session = spawnShell(script, workplace)
    const [text, complaints] = await Promise.all([session.stdout.text(), session.stderr.text()])
    return { outputs: text.split(separator), complaints }
  } finally {
    if (session !== null) endGroup(session.pid, 'SIGKILL')
    endGroup(running.pid, 'SIGTERM')
    await running.exited
    rmSync(workplace, { recursive: true, force: true })
  }
}

type Shell = ReturnType<typeof spawnShell>

/** A shell in a process group of its own, so that whatever it starts can be ended with it. */
function spawnShell(script: string, cwd: string) {
  const { HOME, PATH } = process.env
  return Bun.spawn(['sh', '-c', script], {
    cwd,
    env: { HOME, PATH, GATEHOUSE_LISTEN: asRun('127.0.0.1:8080') },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    detached: true,
  })
}

/** Waits for the log line that says the server is up, then goes on reading so that it can log. */
async function untilStarted(log: ReadableStream<Uint8Array>): Promise<void> {
  let text = ''
  const decoder = new TextDecoder()
  const reader = log.getReader()
  while (!text.includes('"event":"started"')) {
    const { done, value } = await reader.read()
    if (done) throw new Error(`the server did not start:\n${text}`)
    text += decoder.decode(value, { stream: true })
  }
  void (async () => {
    while (!(await reader.read()).done);
  })()
}

function endGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // Nobody is left in that group.
  }
}
