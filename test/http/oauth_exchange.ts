import { createHash } from 'node:crypto'
import { type RunningApp, type RunningAppOptions, startApp } from '../helpers/running_app.ts'
import { type Page, setUpOwner, type Visitor } from './visitor.ts'

/** Where the authorization page is. */
export const authorizePath = '/api/v1/mcp-oauth/authorize'
/** Where the client of these tests is answered. */
export const callback = 'http://127.0.0.1:33418/callback'
const verifier = 'A1-._~'.repeat(8)
export const challengeOf = (text: string) => createHash('sha256').update(text).digest('base64url')

type Fields = Readonly<Record<string, string | null>>

/** A product with a project, an owner who is signed in, and a registered client. */
export interface OauthHouse extends RunningApp {
  readonly projectId: number
  readonly slug: string
  readonly apiKey: string
  readonly owner: Visitor
  readonly clientId: string
}

/** Starts one. */
export async function startOauthHouse(options: RunningAppOptions = {}): Promise<OauthHouse> {
  const app = await startApp(options)
  const made = await app.bootstrap()
  const owner = await setUpOwner(app)
  const slug = new URL(made.mcp_url).pathname.split('/').at(-1) ?? ''
  return {
    ...app,
    projectId: made.project_id,
    slug,
    apiKey: made.api_key,
    owner,
    clientId: (await register(app)).client_id,
  }
}

/** Registers a client. */
export async function register({ url }: Pick<RunningApp, 'url'>, metadata: object = {}) {
  const response = await fetch(`${url}/api/v1/mcp-oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'Test client',
      redirect_uris: ['http://127.0.0.1/callback'],
      token_endpoint_auth_method: 'none',
      ...metadata,
    }),
  })
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  return (await response.json()) as any
}

const given = (fields: Fields) =>
  Object.entries(fields).filter((pair): pair is [string, string] => pair[1] !== null)

/** The path of a good request for authorization; null leaves a parameter out. */
export function requestPath(house: OauthHouse, fields: Fields = {}): string {
  const query = new URLSearchParams(
    given({
      response_type: 'code',
      client_id: house.clientId,
      redirect_uri: callback,
      code_challenge: challengeOf(verifier),
      code_challenge_method: 'S256',
      state: 'state 1',
      resource: `${house.url}/mcp`,
      ...fields,
    }),
  )
  return `${authorizePath}?${query}`
}

const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
}
const unescaped = (text: string) =>
  text.replace(/&(?:amp|lt|gt|quot|#39);/g, (e) => entities[e] ?? e)

/** What the consent form would send as it stands: hidden fields, checked boxes, the chosen project. */
export function formFields({ text }: Pick<Page, 'text'>): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const [tag] of text.matchAll(/<input\b[^>]*>/g)) {
    const name = /\bname="([^"]*)"/.exec(tag)?.[1]
    const isOn = /\btype="hidden"/.test(tag) || /\bchecked\b/.test(tag)
    if (name === undefined || !isOn || tag.includes('form=')) continue
    fields[unescaped(name)] = unescaped(/\bvalue="([^"]*)"/.exec(tag)?.[1] ?? 'on')
  }
  return fields
}

/** Opens the page, changes the form, sends it; gives the answer. */
export async function consent(
  house: OauthHouse,
  fields: Fields = {},
  change: Fields = {},
  person: Visitor = house.owner,
): Promise<Page> {
  const page = await person.get(requestPath(house, fields))
  if (page.status !== 200) throw new Error(`${page.status} ${page.location} ${page.text}`)
  const form = { ...formFields(page), decision: 'approve', ...change }
  return person.post(authorizePath, Object.fromEntries(given(form)))
}

/** The parameters of a redirect to the client. */
export function answerOf({ location }: Pick<Page, 'location'>): URLSearchParams {
  if (!location?.startsWith(`${callback}?`)) throw new Error(`not to the client: ${location}`)
  return new URL(location).searchParams
}

/** An answer in JSON. */
export interface JsonAnswer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  readonly body: any
}

/** Posts a form to an endpoint under `/api/v1/mcp-oauth`. */
export async function post(
  { url }: Pick<RunningApp, 'url'>,
  endpoint: string,
  fields: Fields,
  headers: Readonly<Record<string, string>> = {},
): Promise<JsonAnswer> {
  const response = await fetch(`${url}/api/v1/mcp-oauth/${endpoint}`, {
    method: 'POST',
    headers,
    body: new URLSearchParams(given(fields)),
  })
  const text = await response.text()
  const body = text === '' ? null : JSON.parse(text)
  return { status: response.status, headers: response.headers, body }
}

/** Redeems a code as the registered client. */
export const redeem = (house: OauthHouse, code: string | null, fields: Fields = {}) =>
  post(house, 'token', {
    grant_type: 'authorization_code',
    client_id: house.clientId,
    redirect_uri: callback,
    code_verifier: verifier,
    resource: `${house.url}/mcp`,
    code,
    ...fields,
  })

/** Refreshes as the registered client. */
export const refresh = (house: OauthHouse, token: string, fields: Fields = {}) =>
  post(house, 'token', {
    grant_type: 'refresh_token',
    client_id: house.clientId,
    refresh_token: token,
    ...fields,
  })

/** A connection of its own, approved by the owner. */
export async function connect(house: OauthHouse, fields: Fields = {}): Promise<JsonAnswer['body']> {
  const proof = crypto.randomUUID().padEnd(43, '-')
  const { resource = `${house.url}/mcp` } = fields
  const page = await consent(house, { code_challenge: challengeOf(proof), ...fields })
  const code = answerOf(page).get('code')
  const { status, body } = await redeem(house, code, { code_verifier: proof, resource })
  if (status !== 200) throw new Error(JSON.stringify(body))
  return body
}

/** Calls `mcp_whoami` with a token. */
export async function whoami(house: OauthHouse, token: string, path = '/mcp'): Promise<JsonAnswer> {
  const response = await fetch(house.url + path, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'mcp_whoami', arguments: {} },
    }),
  })
  return { status: response.status, headers: response.headers, body: await response.json() }
}
