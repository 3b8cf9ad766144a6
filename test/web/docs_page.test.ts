import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { docsContentSecurityPolicy, findDocsAsset } from '../../src/web/assets.ts'
import { openChromium } from '../helpers/chromium.ts'
import { sampleDescription } from './sample_description.ts'

interface Visit {
  readonly page: Page
  readonly requests: string[]
  readonly complaints: string[]
}

// Scalar injects style elements; the policy refuses them and the linked style sheet stands in.
const refusedInlineStyle = /^Applying inline style violates .* directive 'style-src 'self''/

let server: Bun.Server<undefined>
let elsewhere: Bun.Server<undefined>
let strayRequests = 0
let browser: Browser

async function respond(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (pathname === '/openapi.json') return Response.json(sampleDescription)
  const asset = findDocsAsset(pathname)
  if (!asset) return new Response('not found', { status: 404 })
  return new Response(await asset.bytes('br'), {
    headers: {
      'content-type': asset.contentType,
      'content-encoding': 'br',
      'content-security-policy': docsContentSecurityPolicy,
      'x-content-type-options': 'nosniff',
    },
  })
}

function respondElsewhere(): Response {
  strayRequests += 1
  return new Response('', { headers: { 'access-control-allow-origin': '*' } })
}

/** Opens /docs in a browser profile of its own and waits until the description is shown. */
async function visit(options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const seen: Visit = { page, requests: [], complaints: [] }
  page.on('request', (request) => seen.requests.push(request.url()))
  page.on('pageerror', (error) => seen.complaints.push(String(error)))
  page.on('console', (message) => {
    const isComplaint = message.type() === 'error' || message.type() === 'warning'
    if (isComplaint && !refusedInlineStyle.test(message.text()))
      seen.complaints.push(message.text())
  })
  await page.goto(`${server.url.origin}/docs`)
  await page.getByRole('heading', { name: sampleDescription.info.title }).waitFor()
  return seen
}

const background = (page: Page) =>
  page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
const headingFont = (page: Page) =>
  page.evaluate<string>("getComputedStyle(document.querySelector('h1')).fontFamily")

const pageWidth = (page: Page) => page.evaluate<number>('document.documentElement.scrollWidth')
const longName = sampleDescription.paths['/api/v1/projects'].post.summary

describe('the documentation page', () => {
  let desk: Visit
  let phone: Visit

  beforeAll(async () => {
    const place = { hostname: '127.0.0.1', port: 0, development: false }
    server = Bun.serve({ ...place, fetch: respond })
    elsewhere = Bun.serve({ ...place, fetch: respondElsewhere })
    browser = await openChromium()
    desk = await visit({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' })
    phone = await visit({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    await Promise.all([server.stop(true), elsewhere.stop(true)])
  })

  test('shows the operations that /openapi.json describes', async () => {
    expect(await desk.page.locator('body').innerText()).toContain(
      sampleDescription.info.description,
    )
    for (const summary of ['List projects', longName]) {
      expect(await desk.page.getByRole('heading', { name: summary }).count()).toBe(1)
    }
  })

  test('asks nobody but its own server, and nothing goes wrong on it', () => {
    for (const { requests, complaints } of [desk, phone]) {
      expect(requests.map((url) => url.replace(server.url.origin, '')).sort()).toEqual([
        '/docs',
        '/docs/docs.css',
        '/docs/docs_init.js',
        '/docs/scalar.css?v=1.72.1',
        '/docs/scalar.js?v=1.72.1',
        '/openapi.json',
      ])
      expect(complaints).toEqual([])
    }
  })

  test('is styled though the policy refuses every inline style', async () => {
    const sidebar = await desk.page.getByRole('link', { name: 'Introduction' }).boundingBox()
    const heading = await desk.page.getByRole('heading', { level: 1 }).boundingBox()
    expect(sidebar?.width).toBeLessThan(288)
    expect(heading?.x).toBeGreaterThan(288)
    expect(await headingFont(desk.page)).toContain('sans-serif')
  })

  test('follows the light or dark scheme of the system', async () => {
    expect(await background(desk.page)).toBe('rgb(255, 255, 255)')
    expect(await background(phone.page)).toBe('rgb(15, 15, 15)')
  })

  test('fits a phone without scrolling sideways', async () => {
    expect(await pageWidth(phone.page)).toBe(390)
    // Further down a bar names the operation in view, however long that name is.
    await phone.page.getByRole('heading', { name: longName }).scrollIntoViewIfNeeded()
    await phone.page.mouse.move(195, 420)
    await phone.page.mouse.wheel(0, 300)
    await phone.page.locator('header').getByText(longName).waitFor()
    expect(await pageWidth(phone.page)).toBe(390)
  })

  test('offers neither a request client nor an assistant', async () => {
    const text = (await desk.page.locator('body').innerText()).toLowerCase()
    for (const offer of ['test request', 'ask ai', 'open api client', 'connect mcp', 'deploy']) {
      expect(text).not.toContain(offer)
    }
  })

  test('is not able to reach another origin, should a script try to', async () => {
    const reach = `fetch('${elsewhere.url.origin}/').then(() => 'reached', () => 'refused')`
    expect(await desk.page.evaluate<string>(reach)).toBe('refused')
    expect(strayRequests).toBe(0)
  })
})
