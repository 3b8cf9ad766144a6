import { createHash, createHmac } from 'node:crypto'
import { demoSecret } from './demo_tools.ts'

/** What the sample API saw of one request. */
export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** What the API made of `X-Tengine-Signature`; null where none came. */
  readonly isSignatureValid: boolean | null
}

/** A small HTTP API of posts, users and orders, on a loopback port of its own. */
export interface SampleApi {
  /** `http://127.0.0.1:port`. */
  readonly origin: string
  /** Every request so far, oldest first. */
  readonly seen: readonly SeenRequest[]
  stop(): Promise<void>
}

const posts = [
  { id: 1, user_id: 1, title: 'Opening the gate', body: 'Tools are only HTTP operations.' },
  { id: 2, user_id: 2, title: 'On retries', body: 'A write is sent once, or said to be unknown.' },
  { id: 3, user_id: 1, title: 'Signed and dated', body: 'Every request carries who it is for.' },
]
const users = [
  { id: 1, name: 'Ada Example', email: 'ada@example.com' },
  { id: 2, name: 'Grace Example', email: 'grace@example.com' },
]

/** Starts the sample API; it lives in this process and answers loopback only. */
export function startSampleApi(): SampleApi {
  const seen: SeenRequest[] = []
  const orders: object[] = []
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    development: false,
    async fetch(request) {
      const url = new URL(request.url)
      const body = await request.text()
      const headers = Object.fromEntries(request.headers)
      const path = url.pathname + url.search
      const received = { method: request.method, path, headers, body }
      seen.push({ ...received, isSignatureValid: verify(received) })
      return answer(request.method, url, { body, orders })
    },
  })
  return { origin: `http://127.0.0.1:${server.port}`, seen, stop: () => server.stop(true) }
}

/** What a receiver does, as docs/signing.md tells; replay and age checks are left out here. */
function verify(request: Omit<SeenRequest, 'isSignatureValid'>): boolean | null {
  const { method, path, headers, body } = request
  const presented = headers['x-tengine-signature']
  if (presented === undefined) return null
  const digest = createHash('sha256').update(body).digest('hex')
  const stamp = `${headers['x-tengine-timestamp']} ${headers['x-tengine-request-id']}`
  const line = `tng2 ${stamp} ${method} ${path} ${digest}`
  return presented === `tng2=${createHmac('sha256', demoSecret).update(line).digest('hex')}`
}

interface Exchange {
  readonly body: string
  readonly orders: object[]
}

function answer(method: string, url: URL, { body, orders }: Exchange): Response {
  const [, collection = '', id] = url.pathname.split('/')
  if (method === 'POST' && collection === 'orders') {
    const order = { id: orders.length + 1, ...(JSON.parse(body) as object), state: 'placed' }
    orders.push(order)
    return Response.json(order, { status: 201 })
  }
  const items: readonly object[] | undefined = { posts, users, orders }[collection]
  if (method !== 'GET' || items === undefined) return missing()
  if (id !== undefined) return found(items.find((item) => 'id' in item && String(item.id) === id))
  const userId = url.searchParams.get('user_id')
  const isWanted = (item: object) =>
    userId === null || ('user_id' in item && String(item.user_id) === userId)
  return Response.json(items.filter(isWanted))
}

const missing = () => Response.json({ error: 'not found' }, { status: 404 })
const found = (item: object | undefined) => (item === undefined ? missing() : Response.json(item))
