/** When a call under way is first spoken of; until then an answer in plain JSON is still possible. */
export const firstNoticeMs = 500
/** How often after that. */
const NOTICE_EVERY_MS = 1_000

/** A call whose caller is told how it goes before it gets the result. */
export interface StreamedCall {
  readonly startedAtMs: number
  /** Messages to begin with. */
  readonly opening: readonly string[]
  /** Messages for a call that took `elapsedMs` so far. */
  readonly waiting: (elapsedMs: number) => readonly string[]
  /** Resolves with the last messages, the response at the end; never rejects. */
  readonly closing: Promise<readonly string[]>
}

const encoder = new TextEncoder()
/** A silent connection is soon taken for a dead one, here and by proxies on the way. */
const keepAlive = encoder.encode(': still waiting\n\n')

/** A line break ends an event's line; in JSON it can only stand where a space may (RFC 8259 §2). */
const event = (json: string) =>
  encoder.encode(`event: message\ndata: ${json.replace(/[\r\n]/g, ' ')}\n\n`)

/**
 * Answers a call as a stream of events: notices while it runs, then the result. Clients that reset
 * their time-outs on progress do not give up on a slow API.
 */
export function streamResponse(call: StreamedCall): Response {
  let timer: ReturnType<typeof setTimeout> | undefined
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      const say = (messages: readonly string[]) => {
        for (const json of messages) controller.enqueue(event(json))
      }
      const wait = () => {
        const messages = call.waiting(performance.now() - call.startedAtMs)
        say(messages)
        if (messages.length === 0) controller.enqueue(keepAlive)
        timer = setTimeout(wait, NOTICE_EVERY_MS)
      }
      say(call.opening)
      timer = setTimeout(wait, Math.max(0, call.startedAtMs + firstNoticeMs - performance.now()))
      void call.closing.then((messages) => {
        clearTimeout(timer)
        // The stream may be cancelled already; then nobody is left to tell.
        try {
          say(messages)
          controller.close()
        } catch {}
      })
    },
    cancel() {
      clearTimeout(timer)
    },
  })
  const headers = {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  }
  return new Response(stream, { headers })
}
