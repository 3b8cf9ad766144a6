/** What goes into a request. */
export interface RequestParts {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly port: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** An HTTP/1.1 request as it stands on the wire; the body is ASCII. */
export function requestText({ method, path, port, headers = {}, body }: RequestParts): string {
  const all = {
    Host: `127.0.0.1:${port}`,
    ...headers,
    ...(body === undefined ? {} : { 'Content-Length': String(body.length) }),
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`
}

/** A TCP port of this machine that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() })
  const { port } = server
  await server.stop(true)
  if (port === undefined) throw new Error('no TCP port is free')
  return port
}

/** Waits until a URL answers 200; gives the milliseconds it took. @throws Error - it never did */
export async function untilReady(
  url: string,
  { hasExited, timeoutMs }: { hasExited: () => boolean; timeoutMs: number },
): Promise<number> {
  const startedAt = performance.now()
  while (performance.now() - startedAt < timeoutMs && !hasExited()) {
    const response = await fetch(url).catch(() => null)
    await response?.bytes()
    if (response?.status === 200) return performance.now() - startedAt
    await Bun.sleep(1)
  }
  throw new Error(`${url} did not become ready`)
}
