import type { Browser, BrowserContext, ConsoleMessage, Page } from 'playwright-core'
import { goodPassword } from '../http/visitor.ts'

/** A person at a browser of their own. */
export interface Desk {
  readonly productUrl: string
  readonly page: Page
  /** What the console said: nothing, unless a page is at fault or a policy was violated. */
  readonly complaints: readonly string[]
  /** Where the browser was sent outside of the product, in order. */
  readonly sentTo: readonly URL[]
  close(): Promise<void>
}

/** Sits down at a browser. Whatever lies outside of the product is caught, and nothing is asked there. */
export async function sitDown(browser: Browser, productUrl: string): Promise<Desk> {
  const context: BrowserContext = await browser.newContext()
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  const complaints: string[] = []
  const sentTo: URL[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (!isRefusedPage(message)) complaints.push(message.text())
  })
  await context.route(
    (url) => url.origin !== productUrl,
    (route) => {
      const url = new URL(route.request().url())
      if (route.request().isNavigationRequest()) sentTo.push(url)
      return route.fulfill({ contentType: 'text/html', body: '<title>the client</title>' })
    },
  )
  return { productUrl, page, complaints, sentTo, close: () => context.close() }
}

/** Whether it only says that a page, not something that a page is made of, came with a status of 4xx. */
function isRefusedPage(message: ConsoleMessage): boolean {
  const isAsset = message.location().url.includes('/assets/')
  return !isAsset && /^Failed to load resource: .* status of 4\d\d /.test(message.text())
}

/** Fills in the sign-in form that is shown. */
export async function signIn({ page }: Desk, email: string): Promise<void> {
  await page.getByLabel('Email address').fill(email)
  await page.getByLabel('Password').fill(goodPassword)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** Presses a button of the consent page; yields where the client is told the outcome. */
export async function decide(desk: Desk, button: 'Approve' | 'Deny'): Promise<URL> {
  const { page, sentTo, productUrl } = desk
  const before = sentTo.length
  await page.getByRole('button', { name: button }).click()
  await page.waitForURL((url) => url.origin !== productUrl)
  const [reached, ...more] = sentTo.slice(before)
  if (reached === undefined || more.length > 0) throw new Error(`sent to ${sentTo.join(' ')}`)
  return reached
}

/** The names of the scopes on the consent page whose boxes are checked, in order. */
export const checkedScopes = ({ page }: Desk): Promise<string[]> =>
  page.evaluate<string[]>(
    "[...document.querySelectorAll('input[type=checkbox]:checked')].map(({ name }) => name.split('.').slice(2).join('.'))",
  )
