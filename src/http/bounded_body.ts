import { AppError } from '../errors.ts'

/** Reads a whole body, and no more than it may have. @throws AppError body_too_large */
export async function readBounded(
  request: Pick<Request, 'headers' | 'body' | 'bytes'>,
  maxBytes: number,
): Promise<Uint8Array> {
  const declared = request.headers.get('content-length')
  if (Number(declared ?? 0) > maxBytes) throw new AppError('body_too_large')
  // The server holds a sender to the length it declared.
  if (declared !== null || request.body === null) return request.bytes()
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request.body) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw new AppError('body_too_large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/**
 * A request whose body ends in `body_too_large` where it goes over a limit; one that declares more
 * than that is refused. @throws AppError body_too_large
 */
export function boundedRequest(request: Request, maxBytes: number): Request {
  const declared = request.headers.get('content-length')
  if (Number(declared ?? 0) > maxBytes) throw new AppError('body_too_large')
  if (declared !== null || request.body === null) return request
  let bytes = 0
  const limit = new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, controller) => {
      bytes += chunk.byteLength
      if (bytes > maxBytes) controller.error(new AppError('body_too_large'))
      else controller.enqueue(chunk)
    },
  })
  return new Request(request, { body: request.body.pipeThrough(limit) })
}
