import { expect, test } from 'bun:test'
import { brotliDecompressSync } from 'node:zlib'
import { AppError } from '../../src/errors.ts'
import { createRouter } from '../../src/http/management_router.ts'
import { pageAssetRoutes } from '../../src/http/routes/page_asset_routes.ts'
import { pagesStylePath, pagesStyleText } from '../../src/web/pages/stylesheet.ts'

const app = createRouter().route('/', pageAssetRoutes())
app.onError((error) => new Response(error instanceof AppError ? error.code : 'a bug'))

const ask = (path: string, acceptEncoding: string) =>
  app.request(path, { headers: { 'accept-encoding': acceptEncoding } })

test('the style sheet that the pages link is served for good, compressed where that is taken', async () => {
  const plain = await ask(pagesStylePath, 'identity')
  expect(plain.status).toBe(200)
  expect(plain.headers.get('content-type')).toBe('text/css; charset=utf-8')
  expect(plain.headers.get('cache-control')).toContain('immutable')
  expect(plain.headers.get('content-encoding')).toBeNull()
  expect(await plain.text()).toBe(pagesStyleText)
  const packed = await ask(pagesStylePath, 'gzip, br')
  expect(packed.headers.get('content-encoding')).toBe('br')
  expect(brotliDecompressSync(await packed.bytes()).toString()).toBe(pagesStyleText)
})

test('its address changes with its content, and it asks nobody else for anything', () => {
  const hash = new Bun.CryptoHasher('sha256').update(pagesStyleText).digest('hex')
  expect(pagesStylePath).toBe(`/assets/pages.css?v=${hash.slice(0, 12)}`)
  expect(pagesStyleText).not.toMatch(/url\(|@import|@font-face|https?:/)
})

test.each(['/assets/', '/assets/other.css', '/assets/../assets/pages.css/x'])(
  '%s is no file of the pages',
  async (path) => {
    const answer = await ask(path, 'identity')
    expect(await answer.text()).toBe('not_found')
  },
)
