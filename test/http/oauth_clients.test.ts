import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { callLegacy } from '../helpers/mcp_client.ts'
import { answer, startRawUpstream } from '../helpers/raw_upstream.ts'
import { TestAuthority } from '../helpers/test_certificates.ts'
import { type House, startHouse } from './house.ts'
import { readServedApi, type ServedApi } from './served_api.ts'

const authority = new TestAuthority()
/** Documents on loopback, which the operator opened. */
const documents = startRawUpstream(
  (connection, { head }) => {
    const url = `https://localhost:${documents.port}${/^GET (\S+)/.exec(head)?.[1]}`
    const text = JSON.stringify(documentOf(url, 'Fetched'))
    connection.write(answer(text, ['content-type: application/json']))
  },
  { tls: authority.issue({ dns: ['localhost'] }) },
)
/** The same where nobody opened it. */
const closed = startRawUpstream(() => {}, { tls: authority.issue({ dns: ['localhost'] }) })

const documentOf = (client_id: string, client_name = 'Pinned') => ({
  client_id,
  client_name,
  redirect_uris: ['http://127.0.0.1/callback'],
})

const time = { ms: Date.UTC(2026, 0, 31, 12) }
let house: House
let served: ServedApi
let api: House['api']
beforeAll(async () => {
  house = await startHouse({
    clock: { nowMs: () => time.ms, monotonicMs: () => performance.now() },
    egressAllow: [`https://localhost:${documents.port}`],
    settings: { upstream_ca_file: '/ca.pem' },
    files: { '/ca.pem': authority.pem },
  })
  served = await readServedApi(house)
  api = served.api
})
afterAll(async () => {
  await house.stop()
  documents.stop()
  closed.stop()
  authority.remove()
})

const integrations = '/api/v1/integrations'
const clients = '/api/v1/oauth-clients'
const create = async (fields: object = {}) => {
  const body = { project_id: house.projectId, name: 'Claude', kind: 'oauth_client', ...fields }
  return api('POST', integrations, body)
}
const clientOf = async (clientId: string) => {
  const { body } = await api('GET', `${clients}?limit=200`)
  return body.items.find((one: { client_id: string }) => one.client_id === clientId)
}

describe('an integration of kind oauth_client', () => {
  test('shows id and secret once, with the URL to connect to; later only the last four', async () => {
    const { status, body } = await create()
    expect(status).toBe(201)
    expect(body.client_id).toMatch(/^mcp_[A-Za-z0-9_-]{24}$/)
    expect(body.client_secret).toMatch(/^tng_ocs_[A-Za-z0-9_-]{43}$/)
    expect(body.mcp_url).toBe(`${house.url}/mcp/demo`)
    expect(body).not.toHaveProperty('api_key')
    expect(body.integration).toMatchObject({
      kind: 'oauth_client',
      is_active: true,
      api_key: null,
      oauth_client: {
        client_id: body.client_id,
        secret_last4: body.client_secret.slice(-4),
        redirect_uris: [
          'https://claude.ai/api/mcp/auth_callback',
          'https://claude.com/api/mcp/auth_callback',
        ],
        previous_secret_expires_at: null,
      },
    })
    const path = `${integrations}/${body.integration.id}`
    const shown = [await api('GET', path), await api('GET', clients)]
    const list = await api('GET', `${integrations}?project_id=${house.projectId}`)
    for (const one of [...shown, list]) {
      expect(JSON.stringify(one.body)).toContain(body.client_id)
      expect(JSON.stringify(one.body)).not.toContain(body.client_secret)
    }
  })

  test('has the redirect URIs it is given, and others later', async () => {
    const redirect_uris = ['http://localhost:3118/callback', 'cursor://anysphere/cb']
    const { body } = await create({ redirect_uris })
    expect(body.integration.oauth_client.redirect_uris).toEqual(redirect_uris)
    const path = `${integrations}/${body.integration.id}`
    const changed = await api('PATCH', path, { redirect_uris: ['https://a.example/cb'] })
    expect(changed.body.oauth_client.redirect_uris).toEqual(['https://a.example/cb'])
    expect((await clientOf(body.client_id)).redirect_uris).toEqual(['https://a.example/cb'])
    const renamed = await api('PATCH', path, { name: 'Renamed' })
    expect(renamed.body).toMatchObject({
      name: 'Renamed',
      oauth_client: { client_id: body.client_id },
    })
    expect(await clientOf(body.client_id)).toMatchObject({ name: 'Renamed' })
  })

  test.each([
    [{ redirect_uris: ['https://a.example/cb', 'javascript:alert(1)'] }, '/redirect_uris/1'],
    [{ redirect_uris: ['http://a.example/cb'] }, '/redirect_uris/0'],
    [{ redirect_uris: [] }, '/redirect_uris'],
    [{ permissions: ['tools.call'] }, '/permissions'],
    [{ expires_at: null }, '/expires_at'],
    [{ calls_per_minute: 5 }, '/calls_per_minute'],
    [{ kind: 'api_key', redirect_uris: ['https://a.example/cb'] }, '/redirect_uris'],
    [{ kind: 'sign_in' }, '/kind'],
  ])('is refused with %j, and nothing is made', async (fields, pointer) => {
    const count = async () => (await api('GET', `${clients}?limit=200`)).body.items.length
    const before = await count()
    const { status, body } = await create(fields)
    expect({ status, pointer: body.errors[0].pointer }).toEqual({ status: 422, pointer })
    expect(await count()).toBe(before)
  })

  test('takes no fields of the other kind when it is changed', async () => {
    const { body } = await create()
    const limited = { calls_per_minute: 5 }
    const own = await api('PATCH', `${integrations}/${body.integration.id}`, limited)
    expect(own).toMatchObject({ status: 422, body: { errors: [{ pointer: '/calls_per_minute' }] } })
    const redirect = { redirect_uris: ['https://a.example/cb'] }
    const other = await api('PATCH', `${integrations}/${house.integrationId}`, redirect)
    expect(other).toMatchObject({ status: 422, body: { errors: [{ pointer: '/redirect_uris' }] } })
  })

  test('case 121: rotated, has a new secret; the old one ends now, or when the overlap does', async () => {
    const { body } = await create()
    const path = `${integrations}/${body.integration.id}`
    const at = async (secret: string) => {
      const form = { client_id: body.client_id, client_secret: secret, token: 'x' }
      const sent = { method: 'POST', body: new URLSearchParams(form) }
      return (await fetch(`${house.url}/api/v1/mcp-oauth/revoke`, sent)).status
    }
    expect(await at(body.client_secret)).toBe(200)
    const second = (await api('POST', `${path}/rotate`, { overlap_seconds: 60 })).body
    expect(second.client_id).toBe(body.client_id)
    expect(second.client_secret).not.toBe(body.client_secret)
    expect(second.integration.oauth_client.previous_secret_expires_at).toBe(
      new Date(time.ms + 60_000).toISOString(),
    )
    expect([await at(body.client_secret), await at(second.client_secret)]).toEqual([200, 200])
    time.ms += 60_000
    expect([await at(body.client_secret), await at(second.client_secret)]).toEqual([401, 200])
    const third = (await api('POST', `${path}/rotate`)).body
    expect([await at(second.client_secret), await at(third.client_secret)]).toEqual([401, 200])
    await api('PATCH', path, { is_active: false })
    expect(await at(third.client_secret)).toBe(401)
    await api('PATCH', path, { is_active: true })
    expect(await at(third.client_secret)).toBe(200)
    expect((await api('DELETE', path)).status).toBe(204)
    expect(await at(third.client_secret)).toBe(401)
    expect(await clientOf(body.client_id)).toBeUndefined()
  })

  test('case 42: deleted, ends what was connected with it, from the next request on', async () => {
    const { body } = await create()
    const form = {
      grant_type: 'client_credentials',
      client_id: body.client_id,
      client_secret: body.client_secret,
    }
    const sent = { method: 'POST', body: new URLSearchParams(form) }
    const answered = await fetch(`${house.url}/api/v1/mcp-oauth/token`, sent)
    const { access_token } = (await answered.json()) as { access_token: string }
    const listed = () => callLegacy(body.mcp_url, access_token, 'tools/list')
    expect((await listed()).status).toBe(200)
    const { id } = body.integration
    await api('PATCH', `${integrations}/${id}`, { is_active: false })
    expect((await listed()).status).toBe(401)
    await api('PATCH', `${integrations}/${id}`, { is_active: true })
    expect((await listed()).status).toBe(200)
    await api('DELETE', `${integrations}/${id}`)
    expect(await listed()).toMatchObject({ status: 401, body: { code: 'invalid_token' } })
    const { body: events } = await api('GET', '/api/v1/audit?limit=1')
    expect(events.items[0]).toMatchObject({ details: { grants_ended: 1 } })
  })

  test('an API key ends when it is replaced, and has no overlap', async () => {
    const made = await create({ kind: 'api_key' })
    const path = `${integrations}/${made.body.integration.id}/rotate`
    const refused = await api('POST', path, { overlap_seconds: 1 })
    expect(refused).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/overlap_seconds' }] },
    })
    const still = await api('GET', '/api/v1/projects', undefined, made.body.api_key)
    expect(still.status).toBe(200)
    expect((await api('POST', path, { overlap_seconds: 0 })).body.api_key).toStartWith('tengine_')
  })

  test('is made for the own project by an API key that may manage', async () => {
    const fields = { name: 'own', kind: 'oauth_client' }
    const { status, body } = await api('POST', integrations, fields, house.apiKey)
    expect({ status, project: body.integration.project_id }).toEqual({
      status: 201,
      project: house.projectId,
    })
    const foreign = { ...fields, project_id: house.projectId + 99 }
    expect(await api('POST', integrations, foreign, house.apiKey)).toMatchObject({ status: 403 })
  })
})

describe('OAuth clients', () => {
  test('of an integration are deleted with it, and not without', async () => {
    const { body } = await create()
    const { id } = await clientOf(body.client_id)
    const refused = await api('DELETE', `${clients}/${id}`)
    expect(refused).toMatchObject({ status: 400, body: { code: 'bad_request' } })
    expect(refused.body.reason).toContain(`integration ${body.integration.id}`)
    expect((await api('GET', `${clients}/${id}`)).body.client_id).toBe(body.client_id)
  })

  test('pinned by their document are known without a fetch, and changed by pinning again', async () => {
    const client_id = 'https://claude.ai/oauth/claude-code-client-metadata'
    const document = documentOf(client_id)
    const { status, body } = await api('POST', clients, { client_id, document })
    expect(status).toBe(201)
    expect(body).toMatchObject({
      client_id,
      kind: 'document',
      name: 'Pinned',
      project_id: null,
      verified_host: 'claude.ai',
      is_pinned: true,
      document_expires_at: null,
      token_endpoint_auth_method: 'none',
      warnings: ['loopback_only'],
    })
    const again = { ...document, client_name: 'Again', redirect_uris: ['https://a.example/cb'] }
    const changed = await api('POST', clients, { client_id, document: again })
    expect(changed.body).toMatchObject({ id: body.id, name: 'Again', warnings: [] })
    expect((await api('DELETE', `${clients}/${body.id}`)).status).toBe(204)
    expect((await api('GET', `${clients}/${body.id}`)).status).toBe(404)
  })

  test('pinned by their URL alone are fetched this once', async () => {
    const client_id = `https://localhost:${documents.port}/client.json`
    const before = documents.requests.length
    const { status, body } = await api('POST', clients, { client_id })
    expect(status).toBe(201)
    expect(body).toMatchObject({ name: 'Fetched', is_pinned: true })
    expect(documents.requests.length - before).toBe(1)
  })

  test('case 122: an administrator is told why a document could not be fetched, and nothing was sent', async () => {
    const client_id = `https://localhost:${closed.port}/client.json`
    const { status, body } = await api('POST', clients, { client_id })
    expect({ status, pointer: body.errors[0].pointer }).toEqual({
      status: 422,
      pointer: '/client_id',
    })
    expect(body.reason).toContain('egress')
    expect(closed.connections).toBe(0)
    expect(await clientOf(client_id)).toBeUndefined()
  })

  test.each([
    [{ client_id: 'https://a.example' }, '/client_id'],
    [{ client_id: 'http://a.example/x' }, '/client_id'],
    [{ client_id: 'mcp_x' }, '/client_id'],
    [
      { client_id: 'https://a.example/x', document: documentOf('https://a.example/y') },
      '/document/client_id',
    ],
    [
      {
        client_id: 'https://a.example/x',
        document: { ...documentOf('https://a.example/x'), client_secret: 'x' },
      },
      '/document/client_secret',
    ],
    [
      {
        client_id: 'https://a.example/x',
        document: { ...documentOf('https://a.example/x'), x: 'x'.repeat(5_200) },
      },
      '/document',
    ],
    [{ client_id: 'https://a.example/x', document: 'text' }, '/document'],
  ])('are not pinned as %j', async (fields, pointer) => {
    const { status, body } = await api('POST', clients, fields)
    expect({ status, pointer: body.errors[0].pointer }).toEqual({ status: 422, pointer })
    expect(await clientOf(fields.client_id)).toBeUndefined()
  })

  test('of the whole installation are out of reach of a project, unless connected there', async () => {
    const client_id = 'https://client.example/doc'
    const document = documentOf(client_id)
    const { body } = await api('POST', clients, { client_id, document })
    const own = await api('GET', clients, undefined, house.apiKey)
    const kinds = own.body.items.map(({ kind }: { kind: string }) => kind)
    expect(new Set(kinds)).toEqual(new Set(['integration']))
    const path = `${clients}/${body.id}`
    expect((await api('GET', path, undefined, house.apiKey)).status).toBe(404)
    expect((await api('DELETE', path, undefined, house.apiKey)).status).toBe(404)
    const pin = await api('POST', clients, { client_id, document }, house.apiKey)
    expect(pin).toMatchObject({ status: 403, body: { code: 'permission_denied' } })
    expect((await api('GET', path)).body.name).toBe('Pinned')
  })

  test('are on the record: made, rotated, pinned and deleted, and no secret with them', async () => {
    const { body } = await create({ name: 'recorded' })
    const path = `${integrations}/${body.integration.id}`
    const { client_secret } = (await api('POST', `${path}/rotate`, { overlap_seconds: 9 })).body
    await api('DELETE', path)
    const { body: events } = await api('GET', '/api/v1/audit?limit=200')
    const text = JSON.stringify(events)
    const actions = events.items
      .filter(({ target }: { target: string }) => target === `integration:${body.integration.id}`)
      .map(({ action }: { action: string }) => action)
    expect(actions).toEqual(['integration.delete', 'integration.rotate', 'integration.create'])
    expect(text).toContain('oauth_client.pin')
    expect(text).toContain('oauth_client.delete')
    for (const secret of [body.client_secret, client_secret]) expect(text).not.toContain(secret)
  })
})

const metadata = async (one: House) => {
  const answered = await fetch(`${one.url}/.well-known/oauth-authorization-server`)
  return (await answered.json()) as Record<string, unknown>
}

test('where there is no way out, documents are neither announced nor fetched; pinned ones work', async () => {
  const island = await startHouse({ settings: { fetch_client_documents: 'false' } })
  try {
    expect(await metadata(house)).toHaveProperty('client_id_metadata_document_supported', true)
    expect(await metadata(island)).not.toHaveProperty('client_id_metadata_document_supported')
    const client_id = 'https://client.example/doc'
    const fetched = await island.api('POST', clients, { client_id })
    expect(fetched).toMatchObject({ status: 422, body: { errors: [{ pointer: '/client_id' }] } })
    expect(fetched.body.reason).toContain('not fetched here')
    const document = documentOf(client_id)
    const pinned = await island.api('POST', clients, { client_id, document })
    expect(pinned).toMatchObject({ status: 201, body: { is_pinned: true } })
  } finally {
    await island.stop()
  }
})

test('where there is no way out, pinned documents are announced once nobody can register', async () => {
  const island = await startHouse({ settings: { fetch_client_documents: 'false' } })
  const announced = async () => {
    const found = await metadata(island)
    const keys = ['registration_endpoint', 'client_id_metadata_document_supported'] as const
    return keys.map((key) => key in found)
  }
  const policy = (fields: object) =>
    island.api('PATCH', `/api/v1/projects/${island.projectId}/policy`, fields)
  try {
    const client_id = 'https://client.example/doc'
    await policy({ registration_mode: 'off' })
    expect(await announced()).toEqual([false, false])
    const { body } = await island.api('POST', clients, {
      client_id,
      document: documentOf(client_id),
    })
    expect(await announced()).toEqual([false, true])
    await policy({ registration_mode: 'on' })
    expect(await announced()).toEqual([true, false])
    await policy({ allowed_client_ids: [client_id] })
    expect(await announced()).toEqual([false, true])
    await island.api('DELETE', `${clients}/${body.id}`)
    expect(await announced()).toEqual([false, false])
  } finally {
    await island.stop()
  }
})
