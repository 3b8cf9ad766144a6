import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import type { Browser } from 'playwright-core'
import { openChromium } from '../helpers/chromium.ts'
import { appCode, goodPassword } from '../http/visitor.ts'
import { type Desk, decide, signIn, sitDown } from './desk.ts'
import { admin, auditOf, type FlowWorld, minuteMs, postForm, startFlowWorld } from './flow_world.ts'
import { knock, toolsWith } from './mcp_session.ts'
import { beginAttempt } from './pkce.ts'

const redirectUri = 'https://app.example/callback'
const email = 'ada@example.com'

let world: FlowWorld
let browser: Browser
let desk: Desk
let clientId: string
let projectId: number
let token: string

beforeAll(async () => {
  world = await startFlowWorld()
  browser = await openChromium()
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await world?.stop()
})
beforeEach(async () => {
  desk = await sitDown(browser, world.app.url)
})
afterEach(async () => {
  expect(desk.complaints).toEqual([])
  await desk.close()
})

const begin = (scope?: string) =>
  beginAttempt({
    ...{ endpoint: `${world.app.url}/api/v1/mcp-oauth/authorize`, clientId, redirectUri },
    ...{ resource: `${world.app.url}/mcp`, ...(scope === undefined ? {} : { scope }) },
  })

const heading = (name: string) => desk.page.getByRole('heading', { name }).waitFor()
const press = (name: string) => desk.page.getByRole('button', { name, exact: true }).click()

describe('the console in a browser, with no policy violated and no complaint', () => {
  test('setup: the one-time link makes the first owner, once', async () => {
    const { page } = desk
    const { url } = await admin(world, 'POST', '/api/v1/setup-url')
    await page.goto(url)
    await heading('Set up Gatehouse')
    const fill = async (again: string) => {
      await page.getByLabel('Your name').fill('Ada Owner')
      await page.getByLabel('Email address').fill(email)
      await page.getByLabel('Password', { exact: true }).fill(goodPassword)
      await page.getByLabel('Password once more').fill(again)
      await press('Create the account')
    }
    await fill('another one entirely')
    await page.getByText('The two passwords differ.').first().waitFor()
    expect(await page.getByLabel('Your name').inputValue()).toBe('Ada Owner')
    expect(await page.getByLabel('Password', { exact: true }).inputValue()).toBe('')
    await fill(goodPassword)
    await heading('Your account')
    expect(page.url()).toBe(`${world.app.url}/account`)
    await page.goto(url)
    await page.getByText('The first administrator exists already').waitFor()

    projectId = (await admin(world, 'POST', '/api/v1/projects', { name: 'Sales' })).id
    for (const name of ['DEALS_READ', 'DEALS_WRITE']) {
      await admin(world, 'POST', `/api/v1/projects/${projectId}/scopes`, { name })
    }
    await world.addTool(projectId, 'list_deals', { required_scopes: ['DEALS_READ'] })
    const registered = await fetch(`${world.app.url}/api/v1/mcp-oauth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        ...{ client_name: 'An app', redirect_uris: [redirectUri] },
        token_endpoint_auth_method: 'none',
      }),
    })
    clientId = ((await registered.json()) as { client_id: string }).client_id
  }, 20_000)

  test('login: a wrong password is told and the address kept; signing out ends it', async () => {
    const { page } = desk
    await page.goto(`${world.app.url}/account`)
    await heading('Sign in')
    await page.getByLabel('Email address').fill(email)
    await page.getByLabel('Password').fill('not the password at all')
    await press('Sign in')
    await page.getByText('Email or password is wrong').first().waitFor()
    expect(await page.getByLabel('Email address').inputValue()).toBe(email)
    expect(await page.getByLabel('Password').inputValue()).toBe('')
    await signIn(desk, email)
    await heading('Your account')
    const [cookie, ...more] = await page.context().cookies()
    expect(more).toEqual([])
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/' })
    await press('Sign out')
    await page.getByText('You are signed out').waitFor()
    await page.goto(`${world.app.url}/account`)
    await heading('Sign in')
  }, 20_000)

  test('consent: unchecking a box gives the client less, and the page says to whom', async () => {
    const { page } = desk
    const attempt = begin()
    await page.goto(attempt.url)
    await signIn(desk, email)
    await heading('Connect An app?')
    for (const text of ['Unverified', 'app.example', 'Nobody has verified this client']) {
      expect(await page.getByText(text).first().isVisible()).toBe(true)
    }
    await page.getByRole('checkbox', { name: 'DEALS_WRITE' }).uncheck()
    const callback = await decide(desk, 'Approve')
    const { body } = await postForm(`${world.app.url}/api/v1/mcp-oauth/token`, {
      ...{ grant_type: 'authorization_code', code: callback.searchParams.get('code') ?? '' },
      ...{ client_id: clientId, redirect_uri: redirectUri, code_verifier: attempt.verifier },
      resource: `${world.app.url}/mcp`,
    })
    expect(body.scope).toBe('DEALS_READ')
    token = body.access_token
    const tools = await toolsWith(`${world.app.url}/mcp`, token)
    expect(tools).toEqual(['list_deals', 'mcp_whoami'])
  }, 20_000)

  test('denial: the client learns it, gets no code, and no connection is made', async () => {
    const { page } = desk
    const connections = () => admin(world, 'GET', `/api/v1/connections?project_id=${projectId}`)
    const before = await connections()
    expect(before.items).toHaveLength(1)
    const attempt = begin('DEALS_READ')
    await page.goto(attempt.url)
    await signIn(desk, email)
    const { searchParams } = await decide(desk, 'Deny')
    expect(Object.fromEntries(searchParams)).toEqual({
      ...{ error: 'access_denied', error_description: expect.any(String) },
      ...{ state: attempt.state, iss: world.app.url },
    })
    expect(await connections()).toEqual(before)
  }, 20_000)

  test('disconnecting: the person ends a connection on the account page, and it is over', async () => {
    const { page } = desk
    const query = `/api/v1/connections?project_id=${projectId}&live=true`
    const [connection] = (await admin(world, 'GET', query)).items
    await page.goto(`${world.app.url}/account`)
    await signIn(desk, email)
    expect((await knock(`${world.app.url}/mcp`, token)).status).toBe(200)
    await press('Disconnect An app')
    await page.getByRole('button', { name: 'Disconnect An app' }).waitFor({ state: 'detached' })
    await heading('Your account')
    expect((await knock(`${world.app.url}/mcp`, token)).status).toBe(401)
    expect((await admin(world, 'GET', query)).items).toEqual([])
    const [newest] = await auditOf(world, projectId)
    expect(newest).toBe(`connection.revoke connection:${connection.id}`)
  }, 20_000)

  test('second factor: switched on with an app, asked at sign-in on the way to consent', async () => {
    const { page } = desk
    await page.goto(`${world.app.url}/account`)
    await signIn(desk, email)
    await heading('Your account')
    await press('Set up an authenticator app')
    const secret = (await page.locator('code.key').innerText()).replaceAll(' ', '')
    expect(await page.locator('svg').first().isVisible()).toBe(true)
    await page.getByLabel('Code', { exact: true }).fill('000000')
    await press('Turn on')
    await page.locator('[aria-invalid=true]').waitFor()
    await page.getByLabel('Code', { exact: true }).fill(appCode(secret, world.nowMs()))
    await press('Turn on')
    await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor()
    const recoveryCode = await page.locator('.codes code').first().innerText()

    // With the password alone nobody gets to the consent page; the code leads there.
    const other = await sitDown(browser, world.app.url)
    world.pass(minuteMs)
    await other.page.goto(begin('DEALS_READ').url)
    await signIn(other, email)
    await other.page.getByRole('heading', { name: 'Enter your code' }).waitFor()
    await other.page.goto(begin('DEALS_READ').url)
    await other.page.getByRole('heading', { name: 'Enter your code' }).waitFor()
    await other.page
      .getByLabel('Code', { exact: true })
      .fill(appCode(secret, world.nowMs() - 60 * minuteMs))
    await other.page.getByRole('button', { name: 'Continue' }).click()
    await other.page.locator('[aria-invalid=true]').waitFor()
    await other.page.getByLabel('Code', { exact: true }).fill(appCode(secret, world.nowMs()))
    await other.page.getByRole('button', { name: 'Continue' }).click()
    await other.page.getByRole('heading', { name: 'Connect An app?' }).waitFor()
    expect((await decide(other, 'Approve')).searchParams.has('code')).toBe(true)

    // A lost phone: a recovery code, once.
    const signInWith = async (code: string) => {
      await other.page.context().clearCookies()
      await other.page.goto(`${world.app.url}/login`)
      await signIn(other, email)
      await other.page.getByLabel('Code', { exact: true }).fill(code)
      await other.page.getByRole('button', { name: 'Continue' }).click()
    }
    await signInWith(recoveryCode)
    await other.page.getByRole('heading', { name: 'Your account' }).waitFor()
    await signInWith(recoveryCode)
    await other.page.locator('[aria-invalid=true]').waitFor()
    expect(other.complaints).toEqual([])
    await other.close()
  }, 20_000)
})
