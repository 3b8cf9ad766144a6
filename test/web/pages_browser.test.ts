import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import axe from 'axe-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { findPageAsset } from '../../src/web/assets.ts'
import { consentPage } from '../../src/web/pages/consent_page.ts'
import { continuePage } from '../../src/web/pages/continue_page.ts'
import { type PageHeaderOptions, pageHeaders } from '../../src/web/pages/page_headers.ts'
import { openChromium } from '../helpers/chromium.ts'
import { consentView, everyPage } from './pages/sample_views.ts'

const loopback = { hostname: '127.0.0.1', port: 0, development: false } as const
const authorizePath = '/api/v1/mcp-oauth/authorize'

let pages: Bun.Server<undefined>
let client: Bun.Server<undefined>
let elsewhere: Bun.Server<undefined>
let browser: Browser
let posted: [string, string][][] = []
let answer: () => Response = () => new Response('taken')
let shown: { body: string; options: PageHeaderOptions } = { body: '', options: {} }
const reached: string[] = []

const htmlPage = (body: string) => new Response(body, { headers: { 'content-type': 'text/html' } })

async function servePages(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (request.method === 'POST') {
    posted.push([...new URLSearchParams(await request.text())])
    return answer()
  }
  const asset = findPageAsset(pathname)
  if (asset) {
    const headers = { 'content-type': asset.contentType, 'cache-control': asset.cacheControl }
    return new Response(await asset.bytes('identity'), { headers })
  }
  if (pathname === authorizePath) {
    return new Response(shown.body, { headers: pageHeaders(shown.options) })
  }
  const body = everyPage[pathname.slice(1)]
  return body === undefined
    ? new Response('', { status: 404 })
    : new Response(body, { headers: pageHeaders({ asksPasskeys: body.includes('<script') }) })
}

/** An OAuth client with pages: it opens windows, frames others, and redirects further. */
function serveClient(request: Request): Response {
  const { pathname } = new URL(request.url)
  reached.push(pathname)
  const start = `${pages.url.origin}${authorizePath}`
  if (pathname === '/further') return Response.redirect(`${elsewhere.url.origin}/end`, 303)
  if (pathname === '/frame') return htmlPage(`<iframe src="${start}"></iframe>`)
  if (pathname === '/opener') {
    return htmlPage(`<script>open('${start}')</script>`)
  }
  if (pathname === '/popup') {
    return htmlPage("<script>document.title = opener ? 'heard' : 'cut off'</script>")
  }
  return new Response('the client')
}

interface Visit {
  readonly page: Page
  readonly requests: string[]
  readonly complaints: string[]
}

async function visit(path: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  const seen: Visit = { page, requests: [], complaints: [] }
  page.on('request', (request) => seen.requests.push(request.url()))
  page.on('pageerror', (error) => seen.complaints.push(String(error)))
  page.on('console', (message) => seen.complaints.push(message.text()))
  await page.goto(`${pages.url.origin}${path}`)
  return seen
}

const withoutScript = { javaScriptEnabled: false, viewport: { width: 360, height: 740 } }
const url = (server: Bun.Server<undefined>, path: string) => `${server.url.origin}${path}`

function show(body: string, options: PageHeaderOptions): void {
  shown = { body, options }
  posted = []
  reached.length = 0
}

/** Opens the consent page of a client at `redirectUri`, whose approval is answered with a redirect. */
function showConsent(redirectUri: string, formAction: string | null): void {
  show(consentPage(consentView), formAction === null ? {} : { formAction })
  answer = () => Response.redirect(redirectUri, 303)
}

async function approve(page: Page): Promise<void> {
  await page.getByRole('radio', { name: 'Sales' }).check()
  await page.getByRole('button', { name: 'Approve' }).click()
}

const looks = [
  { colorScheme: 'light', viewport: { width: 360, height: 740 }, background: 'rgb(244, 246, 246)' },
  { colorScheme: 'dark', viewport: { width: 1280, height: 900 }, background: 'rgb(16, 20, 20)' },
] as const

/** The page's colour, how wide it is with all that overflows, and where the focus is. */
const look = (page: Page) =>
  page.evaluate<unknown>(`({
    background: getComputedStyle(document.body).backgroundColor,
    width: document.documentElement.scrollWidth,
    focused: document.activeElement.tagName,
  })`)

/** Every rule of WCAG 2.2 AA that axe knows, and its best practices. */
const audit = `axe.run(document, {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
}).then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes[0].html))`

/** What has the focus: a button's words, else an id; and how it is outlined. */
const focused = `(() => {
  const { activeElement: element } = document
  const { outlineStyle, outlineWidth } = getComputedStyle(element)
  return [element.id || element.textContent, outlineStyle, outlineWidth].join(' ')
})()`

describe('the pages in a browser', () => {
  beforeAll(async () => {
    pages = Bun.serve({ ...loopback, fetch: servePages })
    client = Bun.serve({ ...loopback, fetch: serveClient })
    elsewhere = Bun.serve({ ...loopback, fetch: () => new Response('the end') })
    browser = await openChromium()
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    await Promise.all([pages, client, elsewhere].map((server) => server?.stop(true)))
  })

  test.each(Object.keys(everyPage))(
    '%s: fits, breaks no rule of accessibility, asks nobody else, and nothing is refused',
    async (name) => {
      const { page, requests, complaints } = await visit(`/${name}`)
      await page.evaluate(axe.source)
      for (const { colorScheme, viewport, background } of looks) {
        await page.emulateMedia({ colorScheme })
        await page.setViewportSize(viewport)
        expect(await look(page)).toEqual({ background, width: viewport.width, focused: 'BODY' })
        expect(await page.evaluate<string[]>(audit)).toEqual([])
      }
      const paths = requests
        .filter((request) => !request.startsWith('data:'))
        .map((request) => request.replace(pages.url.origin, '').replace(/v=\w{12}$/, 'v='))
      const scripts = everyPage[name]?.includes('<script') ? ['/assets/passkeys.js?v='] : []
      expect(paths).toEqual([`/${name}`, '/assets/pages.css?v=', ...scripts])
      expect(complaints).toEqual([])
      await page.context().close()
    },
  )

  test("without JavaScript, the scopes of the chosen project show, and no other's", async () => {
    showConsent(url(client, '/callback'), url(client, '/callback'))
    const { page } = await visit(authorizePath, withoutScript)
    const contacts = page.getByRole('checkbox', { name: 'CONTACTS_READ' }).first()
    const tickets = page.getByRole('checkbox', { name: 'TICKETS_READ' })
    expect([await contacts.isVisible(), await tickets.isVisible()]).toEqual([false, false])
    await page.getByRole('radio', { name: 'Sales' }).check()
    expect([await contacts.isVisible(), await tickets.isVisible()]).toEqual([true, false])
    await page.getByRole('radio', { name: 'Support desk' }).check()
    expect([await contacts.isVisible(), await tickets.isVisible()]).toEqual([false, true])
    await page.context().close()
  })

  test('granting all leaves no single box to check, but still says what there is', async () => {
    showConsent(url(client, '/callback'), null)
    const { page } = await visit(authorizePath, withoutScript)
    await page.getByRole('radio', { name: 'Sales' }).check()
    await page.getByRole('checkbox', { name: 'Everything' }).check()
    expect(await page.getByRole('checkbox', { name: 'CONTACTS_READ' }).count()).toBe(0)
    expect(await page.getByText('Look up contacts and their companies').isVisible()).toBe(true)
    await page.context().close()
  })

  test('without JavaScript, an approval sends what was chosen and reaches the client', async () => {
    showConsent(url(client, '/callback?code=c'), url(client, '/callback'))
    const { page, complaints } = await visit(authorizePath, withoutScript)
    await page.getByRole('radio', { name: 'Sales' }).check()
    await page.getByRole('checkbox', { name: 'DEALS_READ' }).uncheck()
    await page.getByRole('button', { name: 'Approve' }).click()
    await page.waitForURL(url(client, '/callback?code=c'))
    expect(posted).toEqual([
      [
        ['client_id', consentView.client.clientId],
        ['state', 'a&b="c"'],
        ['csrf', 'csrf-of-ada'],
        ['project', '7'],
        ['scope.7.CONTACTS_READ', 'on'],
        ['scope.8.TICKETS_READ', 'on'],
        ['decision', 'approve'],
      ],
    ])
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test('nothing can be approved before a project is chosen, but it can be denied', async () => {
    showConsent(url(client, '/callback'), url(client, '/callback'))
    const { page } = await visit(authorizePath, withoutScript)
    await page.getByRole('button', { name: 'Approve' }).click()
    expect(posted).toEqual([])
    await page.getByRole('button', { name: 'Deny' }).click()
    await page.waitForURL(url(client, '/callback'))
    expect(posted[0]?.filter(([name]) => ['decision', 'project'].includes(name))).toEqual([
      ['decision', 'deny'],
    ])
    await page.context().close()
  })

  test('case 111: Enter in a check box denies', async () => {
    showConsent(url(client, '/callback'), url(client, '/callback'))
    const { page } = await visit(authorizePath, withoutScript)
    await page.getByRole('radio', { name: 'Sales' }).check()
    await page.getByRole('checkbox', { name: 'DEALS_READ' }).press('Enter')
    await page.waitForURL(url(client, '/callback'))
    expect(posted[0]?.at(-1)).toEqual(['decision', 'deny'])
    await page.context().close()
  })

  test('the keyboard goes through the page from top to bottom, and Deny comes before Approve', async () => {
    showConsent(url(client, '/callback'), null)
    const { page } = await visit(authorizePath, withoutScript)
    await page.getByRole('radio', { name: 'Sales' }).check()
    await page.locator('h1').click()
    const order: string[] = []
    for (let step = 0; step < 8; step += 1) {
      await page.keyboard.press('Tab')
      order.push(await page.evaluate<string>(focused))
    }
    expect(order).toEqual([
      'Not you? Sign out solid 3px',
      'project-7 solid 3px',
      'scope.7.ALL solid 3px',
      'scope.7.CONTACTS_READ solid 3px',
      'scope.7.DEALS_READ solid 3px',
      'scope.7.CONTACTS_WRITE solid 3px',
      'Deny solid 3px',
      'Approve solid 3px',
    ])
    await page.context().close()
  })

  test('every button is big enough for a thumb, and Deny as big as Approve', async () => {
    showConsent(url(client, '/callback'), null)
    const { page } = await visit(authorizePath, withoutScript)
    const boxes = await Promise.all(
      (await page.getByRole('button').all()).map((button) => button.boundingBox()),
    )
    expect(boxes.map((box) => Math.floor(box?.height ?? 0))).toEqual([44, 48, 48])
    expect(boxes[1]?.width).toBe(boxes[2]?.width)
    await page.context().close()
  })

  test('signing out of the consent page sends the token and where to come back to', async () => {
    showConsent(url(client, '/callback'), null)
    answer = () => new Response('signed out')
    const { page } = await visit(authorizePath, withoutScript)
    await page.getByRole('button', { name: 'Not you? Sign out' }).click()
    await page.getByText('signed out').waitFor()
    expect(posted).toEqual([
      [
        ['csrf', 'csrf-of-ada'],
        ['next', consentView.next],
      ],
    ])
    await page.context().close()
  })

  test('the answer to a form reaches no origin but the redirect URI that was named', async () => {
    showConsent(url(client, '/callback?code=c'), url(elsewhere, '/callback'))
    const { page } = await visit(authorizePath, withoutScript)
    const refused = page.waitForEvent('console')
    await approve(page)
    expect((await refused).text()).toContain("form-action 'self'")
    expect(posted).toHaveLength(1)
    expect(reached).toEqual([])
    await page.context().close()
  })

  test('a client that redirects further is reached through the page that leads on', async () => {
    showConsent('', null)
    const view = { url: url(client, '/further?code=c'), redirectHost: 'a' }
    answer = () => new Response(continuePage(view), { headers: pageHeaders() })
    const { page, complaints } = await visit(authorizePath, withoutScript)
    await approve(page)
    await page.waitForURL(url(elsewhere, '/end'))
    expect(reached).toContain('/further')
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test('case 111: no other page can frame it', async () => {
    showConsent(url(client, '/callback'), null)
    const context = await browser.newContext()
    const page = await context.newPage()
    const refused = page.waitForEvent('console', (message) => message.type() === 'error')
    await page.goto(url(client, '/frame'))
    expect((await refused).text()).toContain('frame-ancestors')
    await context.close()
  })

  test.each([
    [true, 'heard'],
    [false, 'cut off'],
  ])('with keepsOpener %p a client in a window of its own is %s', async (keepsOpener, title) => {
    const lead = { url: url(client, '/popup'), redirectHost: 'a' }
    show(continuePage(lead), { keepsOpener })
    const context = await browser.newContext()
    const page = await context.newPage()
    const opening = page.waitForEvent('popup')
    await page.goto(url(client, '/opener'))
    const popup = await opening
    await popup.waitForURL(lead.url)
    await popup.waitForFunction("document.title !== ''")
    expect(await popup.title()).toBe(title)
    await context.close()
  })
})
