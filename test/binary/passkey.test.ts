import { afterAll, beforeAll, expect, test } from 'bun:test'
import jsQR from 'jsqr'
import type { Browser } from 'playwright-core'
import { type Desk, sitDown } from '../flows/desk.ts'
import { openChromium } from '../helpers/chromium.ts'
import { appCode, goodPassword } from '../http/visitor.ts'
import { freePort } from './free_port.ts'
import { type RunningBinary, startBinary } from './running_binary.ts'

let binary: RunningBinary
let browser: Browser
let desk: Desk
let url: string

beforeAll(async () => {
  const port = await freePort()
  url = `http://localhost:${port}`
  binary = await startBinary(['--listen', `127.0.0.1:${port}`, '--public-url', url])
  browser = await openChromium()
  desk = await sitDown(browser, url)
}, 120_000)
afterAll(async () => {
  await desk?.close()
  await browser?.close()
  await binary?.stop()
})

/** What a phone held before the page would read. */
async function scanned(): Promise<string | undefined> {
  const picture = await desk.page.locator('svg.qr').screenshot({ type: 'png' })
  // The policy of the page itself lets nothing of this in.
  const blank = await browser.newPage()
  const drawn = (await blank.evaluate(`(async () => {
    const image = new Image()
    image.src = 'data:image/png;base64,${picture.toString('base64')}'
    await image.decode()
    const { width, height } = image
    const context = new OffscreenCanvas(width, height).getContext('2d')
    context.drawImage(image, 0, 0)
    return { pixels: [...context.getImageData(0, 0, width, height).data], width, height }
  })()`)) as { pixels: number[]; width: number; height: number }
  await blank.close()
  return jsQR(new Uint8ClampedArray(drawn.pixels), drawn.width, drawn.height)?.data
}

test('in the executable: set up, a passkey made and used, an authenticator app scanned', async () => {
  const { page } = desk
  const session = await page.context().newCDPSession(page)
  await session.send('WebAuthn.enable')
  await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true },
      ...{ hasUserVerification: true, isUserVerified: true },
    },
  })
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click()
  const heading = (name: string) => page.getByRole('heading', { name, exact: true }).waitFor()

  const setup = await binary.run(['setup-url'])
  await page.goto(setup.url)
  await page.getByLabel('Name').fill('Olga Owner')
  await page.getByLabel('Email address').fill('olga@example.com')
  for (const field of await page.locator('input[type=password]').all())
    await field.fill(goodPassword)
  await page.locator('form button').first().click()
  await heading('Your account')
  await page.getByText('Add a passkey', { exact: true }).click()
  const added = page.locator('details', { hasText: 'Add a passkey' })
  await added.getByLabel('Name').fill('My laptop')
  await added.getByLabel('Current password').fill(goodPassword)
  await press('Continue')
  await page.getByText('Your passkey is added').waitFor()
  await press('Sign out')
  await page.goto(`${url}/login`)
  await press('Sign in with a passkey')
  await heading('Your account')

  await press('Set up an authenticator app')
  const secret = (await page.locator('code.key').innerText()).replaceAll(' ', '')
  expect(await scanned()).toContain(`secret=${secret}`)
  await page.getByLabel('Code', { exact: true }).fill(appCode(secret, Date.now()))
  await press('Turn on')
  await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor()
  const person = await binary.run(['user', 'show', 'olga@example.com'])
  expect(person.has_second_factor).toBe(true)
  expect(person.passkeys.map(({ name }: { name: string }) => name)).toEqual(['My laptop'])
}, 60_000)
