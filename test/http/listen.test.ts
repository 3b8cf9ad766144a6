import { afterEach, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type RunningApp, startApp } from '../helpers/running_app.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'

const apps: RunningApp[] = []
const start = async (...options: Parameters<typeof startApp>) => {
  const app = await startApp(...options)
  apps.push(app)
  return app
}
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.stop()))
})

test('two servers never share a port: the second is refused', async () => {
  const first = await start()
  const listen = first.url.replace('http://', '')
  await expect(startApp({ settings: { listen } })).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

test('a data directory whose path is too long for the socket is refused by name', async () => {
  const dataDir = join(temporaryDir(), 'x'.repeat(120))
  const refused = startApp({ dataDir })
  await expect(refused).rejects.toMatchObject({
    code: 'store_unusable',
    reason: expect.stringContaining('is too long for a socket'),
  })
  rmSync(join(dataDir, '..'), { recursive: true })
})

test('on every interface, clients are told an address they can open', async () => {
  const settings = { listen: '0.0.0.0:0', insecure_listen: true }
  const app = await start({ settings })
  const { mcp_url: url } = await app.bootstrap()
  expect(url).toStartWith('http://127.0.0.1:')
})

test('case 33: a named origin may send what clients send, and nothing else is promised', async () => {
  const origin = 'https://console.example'
  const app = await start({ settings: { allowed_origins: [origin] } })
  const asked = 'authorization, mcp-session-id, mcp-param-region, x-tengine-member-id, cookie'
  const answer = await fetch(`${app.url}/mcp`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-headers': asked },
  })
  expect(answer.status).toBe(204)
  expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
  expect(answer.headers.get('access-control-allow-headers')).toBe(
    'authorization, mcp-session-id, mcp-param-region',
  )
  expect(answer.headers.get('vary')).toBe('Origin')
})
