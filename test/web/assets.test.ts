import { describe, expect, test } from 'bun:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { version as scalarVersion } from '../../node_modules/@scalar/api-reference/package.json'
import {
  docsContentSecurityPolicy,
  findDocsAsset,
  preferredEncoding,
  type WebAsset,
} from '../../src/web/assets.ts'

const paths = [
  '/docs',
  '/docs/docs.css',
  '/docs/docs_init.js',
  '/docs/scalar.js',
  '/docs/scalar.css',
]

function assetAt(path: string): WebAsset {
  const asset = findDocsAsset(path)
  if (!asset) throw new Error(`no asset at ${path}`)
  return asset
}

describe('the files of the documentation page', () => {
  test.each(paths)('%s is the same file in every encoding', async (path) => {
    const asset = assetAt(path)
    const plain = await asset.bytes('identity')
    expect(plain.length).toBeGreaterThan(100)
    const unzipped = gunzipSync(await asset.bytes('gzip'))
    expect(Buffer.compare(unzipped, plain)).toBe(0)
    const unpacked = brotliDecompressSync(await asset.bytes('br'))
    expect(Buffer.compare(unpacked, plain)).toBe(0)
  })

  test('a file is compressed once, however often it is asked for', async () => {
    const [first, second] = await Promise.all([
      assetAt('/docs/scalar.js').bytes('br'),
      assetAt('/docs/scalar.js').bytes('br'),
    ])
    expect(second).toBe(first)
    expect(first.length).toBeLessThan(1_200_000)
  })

  test.each(['/', '/docs/', '/docs/../docs', '/docs/assets.ts', '/docs/scalar.js?v=1', ''])(
    '%p is no file of the page',
    (path) => {
      expect(findDocsAsset(path)).toBeNull()
    },
  )

  test('what is cached for good has the version of its package in its address', async () => {
    const page = new TextDecoder().decode(await assetAt('/docs').bytes('identity'))
    for (const path of paths) {
      const isForGood = assetAt(path).cacheControl.includes('immutable')
      expect(page.includes(`"${path}?v=${scalarVersion}"`)).toBe(isForGood)
    }
  })

  test('the policy allows this origin and nothing that is inline or evaluated', () => {
    expect(docsContentSecurityPolicy).toStartWith("default-src 'none'; script-src 'self'; ")
    expect(docsContentSecurityPolicy).not.toMatch(/unsafe|https?:|\*/)
  })
})

describe('the encoding a browser gets', () => {
  test.each([
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip, deflate', 'gzip'],
    ['br;q=0, gzip;q=0.5', 'gzip'],
    ['GZIP;Q=1.0', 'gzip'],
    ['br;q=0.000,gzip;q=0', 'identity'],
    ['identity', 'identity'],
    ['brotli', 'identity'],
    ['*', 'identity'],
    ['', 'identity'],
    [null, 'identity'],
  ] as const)('for Accept-Encoding %p is %s', (header, encoding) => {
    expect(preferredEncoding(header)).toBe(encoding)
  })
})
