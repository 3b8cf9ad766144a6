import { join } from 'node:path'
import { Hono } from 'hono'
import { type GatehouseEnv, gatehouse } from '../../docs/examples/receivers/hono_receiver.ts'
import { buildGoReceivers, examples, program } from './example_processes.ts'

/** How a receiver is set up for a test. */
export interface ReceiverSettings {
  readonly secrets: readonly string[]
  /** Its clock, in Unix seconds; it stands still. */
  readonly now: number
  readonly maxRemembered: number
}

/**
 * A receiver behind a real HTTP server. Every server has the same handler: it counts per path how
 * often it ran and answers 201 with the count, the body and the caller. A path that starts with
 * `/slow` waits for the release, `/broken` answers 500 the first time, `/panicking` fails the first
 * time without an answer of its own, `/empty` answers 204.
 */
export interface ReceiverServer {
  readonly url: string
  /** How often the handler ran for the path. */
  carriedOut(path: string): Promise<number>
  /** Lets the handlers of `/slow` paths finish, now and from now on. */
  release(): Promise<void>
  stop(): Promise<void>
}

async function serverAt(url: string, stop: () => Promise<void>): Promise<ReceiverServer> {
  return {
    url,
    carriedOut: async (path) =>
      Number(await (await fetch(`${url}/control/carried_out?path=${path}`)).text()),
    release: async () => {
      await fetch(`${url}/control/release`, { method: 'POST' })
    },
    stop,
  }
}

async function serveProcess(command: string[], settings: ReceiverSettings) {
  const { secrets, now, maxRemembered: max_remembered } = settings
  const words = [...command, JSON.stringify({ secrets, now, max_remembered })]
  const child = Bun.spawn(words, { stdout: 'pipe', stderr: 'ignore' })
  const reader = child.stdout.getReader()
  const { value } = await reader.read()
  const port = Number(new TextDecoder().decode(value))
  if (!(port > 0)) throw new Error(`${command.join(' ')} did not start`)
  return serverAt(`http://127.0.0.1:${port}`, async () => {
    child.kill('SIGKILL')
    await child.exited
  })
}

/** Serves receiver.go. */
export async function serveGo(settings: ReceiverSettings, workplace: string) {
  return serveProcess([await buildGoReceivers(workplace), 'serve'], settings)
}

/** Serves fastapi_receiver.py with a stand-in for FastAPI. */
export async function servePython(settings: ReceiverSettings) {
  const script = join(import.meta.dir, 'example_fastapi/server.py')
  const words = [program('python3', 'python3'), '-B', script, join(examples, 'receivers')]
  return serveProcess(words, settings)
}

/** Serves hono_receiver.ts. */
export async function serveHono({ secrets, now, maxRemembered }: ReceiverSettings) {
  const carriedOut = new Map<string, number>()
  const released = Promise.withResolvers<void>()
  const app = new Hono<GatehouseEnv>()
  app.get('/control/carried_out', (c) =>
    c.text(String(carriedOut.get(c.req.query('path') ?? '') ?? 0)),
  )
  app.post('/control/release', (c) => {
    released.resolve()
    return c.body(null, 204)
  })
  app.use(gatehouse({ secrets, maxRemembered, nowSeconds: () => now }))
  app.all('*', async (c) => {
    const times = (carriedOut.get(c.req.path) ?? 0) + 1
    carriedOut.set(c.req.path, times)
    if (c.req.path.startsWith('/slow')) await released.promise
    if (c.req.path.startsWith('/broken') && times === 1) return c.text('broken', 500)
    if (c.req.path.startsWith('/panicking') && times === 1) throw new Error('panicking')
    if (c.req.path.startsWith('/empty')) return c.body(null, 204)
    return c.json({ times, body: await c.req.text(), caller: snakeCase(c.get('caller')) }, 201)
  })
  app.onError((_, c) => c.text('Internal Server Error', 500))
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: app.fetch })
  return serverAt(`http://127.0.0.1:${server.port}`, () => server.stop(true))
}

function snakeCase(caller: GatehouseEnv['Variables']['caller']): Record<string, unknown> {
  const rename = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return Object.fromEntries(Object.entries(caller).map(([name, value]) => [rename(name), value]))
}
