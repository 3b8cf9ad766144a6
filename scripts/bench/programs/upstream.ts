/**
 * The API behind everybody. `GET /items/{id}` answers 1.3 KB of JSON, `POST /items` 201 with what it
 * was sent, `GET /slow/{id}` the item after `ms` milliseconds. `GET /load` tells how many slow
 * requests were under way at once since it was last asked. `GET /constant/{bytes}` answers that many
 * bytes which were made before.
 */
const item = JSON.stringify({
  title: 'Adjustable wrench, 250 mm, chrome vanadium',
  description: 'Forged in one piece, with a scale in millimetres and inches. '.repeat(7).trim(),
  price: { amount: 24.9, currency: 'EUR', tax_rate: 0.19 },
  stock: [
    { warehouse: 'north', available: 112, reserved: 4, restock_at: '2026-03-01T08:00:00Z' },
    { warehouse: 'south', available: 7, reserved: 0, restock_at: null },
    { warehouse: 'harbour', available: 1480, reserved: 220, restock_at: '2026-04-15T08:00:00Z' },
  ],
  attributes: Object.fromEntries(
    Array.from({ length: 13 }, (_, index) => [`attribute_${index + 1}`, `value ${index * 7919}`]),
  ),
  links: { self: '/items', supplier: '/suppliers/4711', reviews: '/items/reviews?limit=20' },
}).slice(1)

const headers = { 'content-type': 'application/json' }
const itemResponse = (id: string) => new Response(`{"id":"${id}",${item}`, { headers })

let slowNow = 0
let slowMost = 0

async function slow(request: Request & { params: { id: string } }): Promise<Response> {
  slowNow++
  slowMost = Math.max(slowMost, slowNow)
  await Bun.sleep(Number(new URL(request.url).searchParams.get('ms')))
  slowNow--
  return itemResponse(request.params.id)
}

function load(): Response {
  const answer = { slow_at_once: slowMost }
  slowMost = slowNow
  return Response.json(answer)
}

const constants = new Map<string, Uint8Array>()

function constant(bytes: string): Response {
  const known = constants.get(bytes) ?? new Uint8Array(Number(bytes)).fill(120)
  constants.set(bytes, known)
  return new Response(known)
}

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  development: false,
  idleTimeout: 255,
  routes: {
    '/items/:id': (request) => itemResponse(request.params.id),
    '/items': {
      POST: async (request) =>
        new Response(`{"created":true,"item":${await request.text()}}`, { status: 201, headers }),
    },
    '/slow/:id': slow,
    '/load': load,
    '/constant/:bytes': (request) => constant(request.params.bytes),
  },
  fetch: () => new Response('not found', { status: 404 }),
})

process.on('disconnect', () => process.exit(0))
process.send?.({ port: server.port })

export {}
