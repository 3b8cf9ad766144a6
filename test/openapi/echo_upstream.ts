import { answer, startRawUpstream } from '../helpers/raw_upstream.ts'
import { type ArrivedRequest, headerValues, readArrived } from './reference/arrived_request.ts'

/** An API that records exactly what arrives and answers with an empty object. */
export interface EchoUpstream {
  /** `http://127.0.0.1:port`. */
  readonly url: string
  readonly received: number
  /** Gives the requests of a run, and forgets them. */
  take(requestId: string): ArrivedRequest[]
  stop(): void
}

/** Starts one on a free port of loopback. */
export function startEchoUpstream(): EchoUpstream {
  const byRun = new Map<string, ArrivedRequest[]>()
  const bytes = answer('{}', ['content-type: application/json'])
  let received = 0
  const upstream = startRawUpstream((connection, { head, body }) => {
    received++
    const request = readArrived(head, body)
    const [run = ''] = headerValues(request, 'x-tengine-request-id')
    byRun.set(run, [...(byRun.get(run) ?? []), request])
    connection.write(bytes)
  })
  return {
    url: `http://127.0.0.1:${upstream.port}`,
    get received() {
      return received
    },
    take: (requestId) => {
      const found = byRun.get(requestId) ?? []
      byRun.delete(requestId)
      return found
    },
    stop: upstream.stop,
  }
}
