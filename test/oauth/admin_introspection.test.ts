import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type House, startHouse } from '../http/house.ts'

let house: House
let token: string
let client: { id: string; secret: string }

const form = async (path: string, fields: Record<string, string>, authorization: string) => {
  const response = await fetch(`${house.url}/api/v1/mcp-oauth/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', authorization },
    body: new URLSearchParams(fields).toString(),
  })
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  return { status: response.status, body: (await response.json()) as any }
}

beforeAll(async () => {
  house = await startHouse()
  const { body } = await house.api('POST', '/api/v1/integrations', {
    project_id: house.projectId,
    kind: 'oauth_client',
    name: 'service',
  })
  client = { id: body.client_id, secret: body.client_secret }
  const basic = `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`
  const answer = await form('token', { grant_type: 'client_credentials' }, basic)
  token = answer.body.access_token
  expect(token).toStartWith('tng_oat_')
})
afterAll(() => house.stop())

const confined = async (projectId: number) =>
  (await house.api('POST', '/api/v1/admin-tokens', { name: 'x', project_id: projectId })).body.token

test('an administrator is told of a token of a project it manages', async () => {
  for (const admin of [house.adminToken, await confined(house.projectId)]) {
    const { status, body } = await form('introspect', { token }, `Bearer ${admin}`)
    expect(status).toBe(200)
    expect(body).toMatchObject({ active: true, client_id: client.id, token_type: 'Bearer' })
  }
})

test('case 129: to an administrator of another project the token is not active', async () => {
  const other = await house.api('POST', '/api/v1/projects', { name: 'other' })
  const admin = await confined(other.body.id)
  const { body } = await form('introspect', { token }, `Bearer ${admin}`)
  expect(body).toEqual({ active: false })
})

test('a bearer that is none is refused, and told nothing', async () => {
  for (const bearer of ['gha_nobody', token, house.apiKey.slice(0, -1)]) {
    const { status, body } = await form('introspect', { token }, `Bearer ${bearer}`)
    expect(status).toBe(401)
    expect(body.error).toBe('invalid_client')
    expect(body).not.toHaveProperty('active')
  }
})

test('a revoked token is not active', async () => {
  const basic = `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`
  await fetch(`${house.url}/api/v1/mcp-oauth/revoke`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: basic },
    body: new URLSearchParams({ token }).toString(),
  })
  const { body } = await form('introspect', { token }, `Bearer ${house.adminToken}`)
  expect(body).toEqual({ active: false })
})
