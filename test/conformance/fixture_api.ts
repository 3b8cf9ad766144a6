/** An upstream API whose answers become each kind of content the conformance suite asks for. */
export interface FixtureApi {
  /** `http://127.0.0.1:port`. */
  readonly url: string
  /** Called when a tool asks the API to change the project's tools. */
  onChangeTools: () => Promise<void>
  stop(): Promise<void>
}

const redPixel = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC',
  'base64',
)

/** 44 bytes of RIFF header and one sample of silence, 8 kHz mono 8 bit. */
const silence = Buffer.from(
  'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQEAAACAAA==',
  'base64',
)

const typed = (type: string, body: string | Uint8Array<ArrayBuffer>) =>
  new Response(body, { headers: { 'content-type': type } })

const boundary = 'fixture'
const crlf = '\r\n'
const part = (headers: string[], body: Uint8Array) =>
  Buffer.concat([
    Buffer.from(`--${boundary}${crlf}${headers.join(crlf)}${crlf}${crlf}`),
    body,
    Buffer.from(crlf),
  ])

const mixed = Buffer.concat([
  part(['Content-Type: text/plain'], Buffer.from('Multiple content types test:')),
  part(['Content-Type: image/png'], redPixel),
  part(
    ['Content-Type: text/markdown', 'Content-Location: /reports/1.md'],
    Buffer.from('# Report 1\n'),
  ),
  Buffer.from(`--${boundary}--${crlf}`),
])

/** Long enough for three progress notifications: after 0.5, 1.5 and 2.5 seconds. */
const slowMs = 2_700

/** Starts the API on a port of its own. */
export function startFixtureApi(): FixtureApi {
  const api: FixtureApi = {
    url: '',
    onChangeTools: async () => {},
    stop: () => server.stop(true),
  }
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    routes: {
      '/text': () => typed('text/plain', 'This is a simple text response for testing.'),
      '/image': () => typed('image/png', redPixel),
      '/audio': () => typed('audio/wav', silence),
      '/document': () => typed('application/pdf', Buffer.from('%PDF-1.4\n%%EOF\n')),
      '/mixed': () => typed(`multipart/mixed; boundary=${boundary}`, mixed),
      '/error': () => new Response('This API fails on purpose.', { status: 500 }),
      '/slow': async () => {
        await Bun.sleep(slowMs)
        return typed('text/plain', 'Done.')
      },
      '/echo': (request) => Response.json(Object.fromEntries(new URL(request.url).searchParams)),
      '/change-tools': async () => {
        await api.onChangeTools()
        return Response.json({ changed: true })
      },
    },
    fetch: () => new Response(null, { status: 404 }),
  })
  return Object.assign(api, { url: `http://127.0.0.1:${server.port}` })
}
