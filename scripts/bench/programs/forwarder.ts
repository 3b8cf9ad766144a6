/** The floor: hands each request to the upstream with `fetch`, and its answer back, and no more. */
const upstream = process.argv[2] ?? ''

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  development: false,
  idleTimeout: 255,
  fetch: async (request) => {
    const { method } = request
    const target = upstream + request.url.slice(request.url.indexOf('/', 'http://'.length))
    if (method === 'GET') return fetch(target)
    const headers = { 'content-type': 'application/json' }
    return fetch(target, { method, headers, body: await request.bytes() })
  },
})

process.on('disconnect', () => process.exit(0))
process.send?.({ port: server.port })

export {}
