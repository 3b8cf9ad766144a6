import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import scalarStylePath from '@scalar/api-reference/style.css' with { type: 'file' }
// The package exports its style sheet but not its stand-alone script, hence the path.
import scalarScriptPath from '../../node_modules/@scalar/api-reference/dist/browser/standalone.js' with {
  type: 'file',
}
import docsStylePath from './docs.css' with { type: 'file' }
import docsPagePath from './docs.html' with { type: 'file' }
import docsInitPath from './docs_init.js' with { type: 'file' }
import errorsStylePath from './errors.css' with { type: 'file' }
import { errorsPage } from './errors_page.ts'
import { passkeyScriptText } from './pages/passkey_script.ts'
import { pagesStyleText } from './pages/stylesheet.ts'

/** A content coding an asset can be sent in (RFC 9110 §8.4.1), named as `Content-Encoding` does. */
export type AssetEncoding = 'identity' | 'gzip' | 'br'

/** One file of the web pages, embedded in the executable. */
export interface WebAsset {
  readonly contentType: string
  /** The value for `Cache-Control`; scripts and styles carry their version in the URL. */
  readonly cacheControl: string
  /** Gives the file in one encoding, compressed off the main thread once and then kept. */
  bytes(encoding: AssetEncoding): Promise<Uint8Array<ArrayBuffer>>
}

/**
 * The policy `/docs` is served with: nothing leaves this origin. Scalar's attempts to inject
 * inline styles are refused and logged by the browser; the linked style sheet holds the same rules.
 */
export const docsContentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

const compressGzip = promisify(gzip)
const compressBrotli = promisify(brotliCompress)
// Quality 5 keeps the 4.3 MB script at about a quarter of its size in a tenth of a second.
const brotliOptions = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }

type Source = () => Promise<Uint8Array<ArrayBuffer>>

async function encode(source: Source, encoding: AssetEncoding): Promise<Uint8Array<ArrayBuffer>> {
  const raw = await source()
  if (encoding === 'gzip') return new Uint8Array(await compressGzip(raw))
  if (encoding === 'br') return new Uint8Array(await compressBrotli(raw, brotliOptions))
  return raw
}

const file = (path: string): Source => {
  return () => Bun.file(path).bytes()
}

function asset(source: Source, contentType: string, cacheControl: string): WebAsset {
  const kept = new Map<AssetEncoding, Promise<Uint8Array<ArrayBuffer>>>()
  return {
    contentType,
    cacheControl,
    bytes(encoding) {
      const known = kept.get(encoding)
      if (known) return known
      const reading = encode(source, encoding)
      kept.set(encoding, reading)
      return reading
    },
  }
}

const immutable = 'public, max-age=31536000, immutable'
const html = 'text/html; charset=utf-8'
const style = 'text/css; charset=utf-8'
const script = 'text/javascript; charset=utf-8'
const docsAssets: ReadonlyMap<string, WebAsset> = new Map([
  // TypeScript takes an imported .html for a bundle; as a file import it is a path like the rest.
  ['/docs', asset(file(String(docsPagePath)), html, 'no-cache')],
  ['/docs/docs.css', asset(file(docsStylePath), style, 'no-cache')],
  ['/docs/docs_init.js', asset(file(docsInitPath), script, 'no-cache')],
  ['/docs/errors', asset(async () => new TextEncoder().encode(errorsPage()), html, 'no-cache')],
  ['/docs/errors.css', asset(file(errorsStylePath), style, 'no-cache')],
  ['/docs/scalar.js', asset(file(scalarScriptPath), script, immutable)],
  ['/docs/scalar.css', asset(file(scalarStylePath), style, immutable)],
])

/** Finds the file behind a path of the documentation page (without its query), or null. */
export function findDocsAsset(path: string): WebAsset | null {
  return docsAssets.get(path) ?? null
}

const pageAssets: ReadonlyMap<string, WebAsset> = new Map([
  [
    '/assets/pages.css',
    asset(async () => new TextEncoder().encode(pagesStyleText), style, immutable),
  ],
  [
    '/assets/passkeys.js',
    asset(async () => new TextEncoder().encode(passkeyScriptText), script, immutable),
  ],
])

/** Finds the file behind a path (without its query) that the server-rendered pages link, or null. */
export function findPageAsset(path: string): WebAsset | null {
  return pageAssets.get(path) ?? null
}

/**
 * Picks the smallest encoding an `Accept-Encoding` header allows: br, then gzip, then identity
 * (RFC 9110 §12.5.3). A weight of zero refuses; other weights are not ranked.
 */
export function preferredEncoding(acceptEncoding: string | null): AssetEncoding {
  const accepted = new Map<string, boolean>()
  for (const member of (acceptEncoding ?? '').toLowerCase().split(',')) {
    const [coding = '', ...parameters] = member.split(';').map((part) => part.trim())
    accepted.set(coding, !parameters.some((part) => /^q=0(\.0{0,3})?$/.test(part)))
  }
  if (accepted.get('br')) return 'br'
  if (accepted.get('gzip')) return 'gzip'
  return 'identity'
}
