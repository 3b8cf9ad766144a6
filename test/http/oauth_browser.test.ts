import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser } from 'playwright-core'
import { openChromium } from '../helpers/chromium.ts'
import {
  challengeOf,
  type OauthHouse,
  redeem,
  register,
  requestPath,
  startOauthHouse,
  whoami,
} from './oauth_exchange.ts'
import { goodPassword } from './visitor.ts'

let house: OauthHouse
let browser: Browser
let client: Bun.Server<undefined>
let elsewhere: Bun.Server<undefined>
const callbacks: URL[] = []

const serve = (answer: (request: Request) => Response) =>
  Bun.serve({ hostname: '127.0.0.1', port: 0, development: false, fetch: answer })

beforeAll(async () => {
  house = await startOauthHouse()
  browser = await openChromium()
  elsewhere = serve(() => new Response('connected'))
  // Programs often show a page of another site once they have what they came for.
  client = serve(({ url }) => {
    if (!url.includes('/callback')) return new Response('', { status: 404 })
    callbacks.push(new URL(url))
    return Response.redirect(elsewhere.url.href, 302)
  })
})
afterAll(async () => {
  await browser.close()
  await client.stop(true)
  await elsewhere.stop(true)
  await house.stop()
})

test.each(['approve', 'deny'])(
  'a browser signs in and says: %s; nothing stands in the way back to the client',
  async (decision) => {
    callbacks.length = 0
    const { client_id } = await register(house, { client_name: `Browser ${decision}` })
    const redirect_uri = `${client.url.origin}/callback`
    const proof = decision.padEnd(43, '-')
    const fields = { client_id, redirect_uri, code_challenge: challengeOf(proof) }
    // No scripts: the pages must do without.
    const context = await browser.newContext({ javaScriptEnabled: false })
    try {
      const page = await context.newPage()
      const violations: string[] = []
      page.on('console', (message) => violations.push(message.text()))
      await page.goto(house.url + requestPath(house, fields))
      await page.fill('input[name=email]', 'owner@example.com')
      await page.fill('input[name=password]', goodPassword)
      await page.press('input[name=password]', 'Enter')
      await page.waitForSelector(`button[value=${decision}]`)
      expect(await page.textContent('h1')).toContain(`Browser ${decision}`)
      await page.click(`button[value=${decision}]`)
      await page.waitForURL(elsewhere.url.href)
      expect(violations).toEqual([])
    } finally {
      await context.close()
    }
    const [answer] = callbacks.map(({ searchParams }) => searchParams)
    expect([callbacks.length, answer?.get('state'), answer?.get('iss')]).toEqual([
      1,
      'state 1',
      house.url,
    ])
    if (decision === 'deny') {
      expect([answer?.get('error'), answer?.get('code')]).toEqual(['access_denied', null])
      return
    }
    const given = await redeem(house, answer?.get('code') ?? null, {
      client_id,
      redirect_uri,
      code_verifier: proof,
    })
    expect((await whoami(house, given.body.access_token)).status).toBe(200)
  },
  60_000,
)
