/**
 * Tells your Hono service who is calling through Gatehouse (see docs/examples/README.md).
 *
 * Node 24.2 or later, Bun or Deno; hono 4. Copy this file and verify.ts into your service, then:
 *
 *     const app = new Hono<GatehouseEnv>()
 *     app.use('/v1/*', gatehouse({ secrets: [secret] }))
 *     app.get('/v1/notes', (c) => c.json(notesOf(c.get('caller').memberId)))
 *
 * The signature proves that Gatehouse sent this method, path, query and body with this request id and
 * time. It does not cover the identity headers: those are as trustworthy as the TLS connection.
 */
import { createMiddleware } from 'hono/factory'
import { verify } from './verify.ts'

/** Who a request acts for. A member's parts are there when the tool injects them. */
export interface Caller {
  readonly projectId: string
  readonly integrationId: string
  /** The run's: the same again on every retry. */
  readonly requestId: string
  /** Unix seconds of this attempt. */
  readonly timestamp: number
  readonly memberId: string | null
  readonly memberEmail: string | null
  readonly memberRoles: readonly string[]
}

/** What handlers after the middleware find in `c.get('caller')`. */
export interface GatehouseEnv {
  Variables: { caller: Caller }
}

export interface ReceiverOptions {
  /** Every secret that is valid now; two during a rotation. */
  readonly secrets: readonly string[]
  /** Past it the oldest write goes; make it the writes of ten minutes at least. */
  readonly maxRemembered?: number
  readonly nowSeconds?: () => number
}

/**
 * Gives a middleware that lets genuine, fresh requests through and answers 401 to all others. It
 * carries out a write once per request id and gives a retry the first answer.
 */
export function gatehouse(options: ReceiverOptions) {
  const { secrets, maxRemembered = 10_000, nowSeconds = () => Date.now() / 1000 } = options
  const writes = new Writes(maxRemembered)
  return createMiddleware<GatehouseEnv>(async (c, next) => {
    const { method, url, headers } = c.req.raw
    const body = new Uint8Array(await c.req.arrayBuffer())
    const reason = verify(secrets, { method, target: targetOf(url), headers, body }, nowSeconds())
    if (reason !== null) return c.json({ detail: reason }, 401)
    const caller = callerOf(headers)
    if (caller === null) return c.json({ detail: 'missing header' }, 401)
    c.set('caller', caller)
    if (method === 'GET') return next()
    const answer = await writes.once(caller.requestId, async () => {
      await next()
      return answerOf(c.res)
    })
    return new Response(answer.body, answer)
  })
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: ArrayBuffer | null
}

/**
 * The first answer to each write; one of 500 or more is not kept. With several processes, keep
 * request ids and answers in your database instead, in the transaction of the write itself.
 */
class Writes {
  /** By request id, the oldest first. */
  readonly #answers = new Map<string, Promise<Answer>>()
  readonly #maxRemembered: number

  constructor(maxRemembered: number) {
    this.#maxRemembered = maxRemembered
  }

  once(requestId: string, write: () => Promise<Answer>): Promise<Answer> {
    const first = this.#answers.get(requestId)
    if (first !== undefined) return first
    const answer = write()
    this.#answers.set(requestId, answer)
    const [oldest = requestId] = this.#answers.keys()
    if (this.#answers.size > this.#maxRemembered) this.#answers.delete(oldest)
    const forget = () => this.#answers.get(requestId) === answer && this.#answers.delete(requestId)
    answer.then(({ status }) => status >= 500 && forget(), forget)
    return answer
  }
}

async function answerOf(response: Response): Promise<Answer> {
  const body = await response.clone().arrayBuffer()
  const { status, headers } = response
  return { status, headers, body: body.byteLength === 0 ? null : body }
}

/** The raw path and query of an absolute URL. */
function targetOf(url: string): string {
  return url.slice(url.indexOf('/', url.indexOf('//') + 2))
}

function callerOf(headers: Headers): Caller | null {
  const projectId = headers.get('x-tengine-project-id')
  const integrationId = headers.get('x-tengine-integration-id')
  if (!projectId || !integrationId) return null
  return {
    projectId,
    integrationId,
    requestId: headers.get('x-tengine-request-id') ?? '',
    timestamp: Number(headers.get('x-tengine-timestamp')),
    memberId: headers.get('x-tengine-member-id'),
    memberEmail: headers.get('x-tengine-member-email'),
    memberRoles: headers.get('x-tengine-member-roles')?.split(',') ?? [],
  }
}
