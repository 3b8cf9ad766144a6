import type { AppError } from '../../src/errors.ts'
import { ByteSpan } from '../../src/executor/connector/byte_span.ts'
import { UpstreamResponse } from '../../src/executor/connector/exchange.ts'
import { type KeptHeader, ResponseHeaders } from '../../src/executor/connector/response_head.ts'
import { readResponse } from '../../src/executor/read_response.ts'

/** What an answer says of itself. */
export interface GivenResponse {
  readonly status?: number
  readonly type?: string
  readonly headers?: Partial<Record<KeptHeader, string>>
}

const timings = { connectMs: 0, tlsMs: 0, firstByteMs: 0, totalMs: 0, reusedConnection: false }

/** Makes a complete answer whose body is a part of a larger buffer, as it is off the wire. */
export function responseOf(
  body: string | Uint8Array,
  { status = 200, type, headers = {} }: GivenResponse,
) {
  const bytes = Buffer.concat([
    Buffer.from('HEAD'),
    Buffer.from(body as string),
    Buffer.from('TAIL'),
  ])
  return new UpstreamResponse({
    status,
    headers: new ResponseHeaders({
      ...(type === undefined ? {} : { 'content-type': type }),
      ...headers,
    }),
    body: new ByteSpan(bytes, 4, bytes.length - 4),
    bytesReceived: bytes.length,
    timings,
  })
}

/** What the requests of these tests carried. */
export const secrets = ['sk-live-0123456789']
/** Reads an answer as run `run-1` does. */
export const read = (body: string | Uint8Array, given: GivenResponse = {}) =>
  readResponse(responseOf(body, given), { runId: 'run-1', secrets })

/** What reading an answer failed with; one that is read is an error of the test. */
export function failed(body: string | Uint8Array, given: GivenResponse): AppError {
  try {
    read(body, given)
  } catch (error) {
    return error as AppError
  }
  throw new Error('It was read.')
}
