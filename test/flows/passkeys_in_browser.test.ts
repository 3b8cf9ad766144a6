import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import type { Browser } from 'playwright-core'
import { freePort } from '../binary/free_port.ts'
import { openChromium } from '../helpers/chromium.ts'
import { type RunningApp, startApp } from '../helpers/running_app.ts'
import { appCode, goodPassword, local, setUpOwner } from '../http/visitor.ts'
import { type Desk, signIn, sitDown } from './desk.ts'

const email = 'ada@example.com'

let app: RunningApp
let url: string
let browser: Browser
let desk: Desk

beforeAll(async () => {
  const port = await freePort()
  url = `http://localhost:${port}`
  app = await startApp({ settings: { listen: `127.0.0.1:${port}`, public_url: url } })
  await setUpOwner(app)
  await local(app, 'POST', '/api/v1/users', { email, password: goodPassword })
  browser = await openChromium()
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await app?.stop()
})
beforeEach(async () => {
  desk = await sitDown(browser, url)
  const session = await desk.page.context().newCDPSession(desk.page)
  await session.send('WebAuthn.enable')
  await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true },
      ...{ hasUserVerification: true, isUserVerified: true },
    },
  })
})
afterEach(async () => {
  expect(desk.complaints).toEqual([])
  await desk.close()
})

const heading = (name: string) => desk.page.getByRole('heading', { name, exact: true }).waitFor()
const press = (name: string) => desk.page.getByRole('button', { name, exact: true }).click()
const unfold = (name: string) => desk.page.getByText(name, { exact: true }).click()

/** The form under a heading of its own that is folded out. */
const within = (name: string) => desk.page.locator('details', { hasText: name })

describe('passkeys in a browser, with no policy violated and no complaint', () => {
  test('made, used alone, used in place of a code, and removed', async () => {
    const { page } = desk
    await page.goto(`${url}/account`)
    await signIn(desk, email)
    await heading('Your account')
    await unfold('Add a passkey')
    await within('Add a passkey').getByLabel('Name').fill('My laptop')
    await within('Add a passkey').getByLabel('Current password').fill(goodPassword)
    await press('Continue')
    await page.getByText('Your passkey is added').waitFor()
    await heading('My laptop')

    await press('Sign out')
    await page.goto(`${url}/login?next=%2Faccount%3Fa%3Db`)
    await press('Sign in with a passkey')
    await heading('Your account')
    expect(page.url()).toBe(`${url}/account?a=b`)

    await press('Set up an authenticator app')
    const secret = (await page.locator('code.key').innerText()).replaceAll(' ', '')
    await page.getByLabel('Code', { exact: true }).fill(appCode(secret, Date.now()))
    await press('Turn on')
    await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor()

    // A passkey is both factors at once; after a password it stands in for the code.
    await press('Sign out')
    await page.goto(`${url}/login`)
    await press('Sign in with a passkey')
    await heading('Your account')
    await press('Sign out')
    await page.goto(`${url}/login`)
    await signIn(desk, email)
    await heading('Enter your code')
    await press('Use a passkey instead')
    await heading('Your account')

    await unfold('Remove a passkey')
    await within('Remove a passkey').getByLabel('Current password').fill(goodPassword)
    await press('Remove')
    await page.getByText('That passkey signs nobody in any more.').waitFor()
    await press('Sign out')
    await page.goto(`${url}/login`)
    await press('Sign in with a passkey')
    await page.getByText('The passkey was not accepted').first().waitFor()
  }, 30_000)

  test('without one on the device the page says so, and leads back to the password', async () => {
    const { page } = desk
    await page.goto(`${url}/login`)
    await press('Sign in with a passkey')
    await page.getByText('Nothing came of it. Try again.').waitFor()
    await page.getByRole('link', { name: 'Sign in another way' }).click()
    await heading('Sign in')
  }, 20_000)

  test('without scripts there is no button for it, and the password does', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${url}/login`)
    const button = page.getByRole('button', { name: 'Sign in with a passkey' })
    expect(await button.count()).toBe(0)
    expect(await page.getByRole('button', { name: 'Sign in' }).isVisible()).toBe(true)
    await context.close()
  }, 20_000)
})
