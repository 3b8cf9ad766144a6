/** A reverse proxy on loopback that adds the credential the suite cannot send. */
export interface CredentialProxy {
  readonly url: string
  /** Where requests go; set before the first one. */
  target: { readonly url: string; readonly apiKey: string }
  stop(): Promise<void>
}

/**
 * Starts the proxy. Everything but `Authorization` passes as it came, Host and Origin included: the
 * app behind has this proxy's address as its public_url, so it judges both by itself.
 */
export function startCredentialProxy(): CredentialProxy {
  const proxy: CredentialProxy = {
    url: '',
    target: { url: '', apiKey: '' },
    stop: () => server.stop(true),
  }
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    fetch: async (request) => {
      const { url, apiKey } = proxy.target
      const headers = new Headers(request.headers)
      headers.set('authorization', `Bearer ${apiKey}`)
      const { pathname, search } = new URL(request.url)
      const answer = await fetch(url + pathname + search, {
        method: request.method,
        headers,
        ...(request.body === null ? {} : { body: await request.arrayBuffer() }),
        signal: request.signal,
        redirect: 'manual',
      })
      return new Response(answer.body, answer)
    },
  })
  return Object.assign(proxy, { url: `http://127.0.0.1:${server.port}` })
}
