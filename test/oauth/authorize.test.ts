import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { AppError } from '../../src/errors.ts'
import { RefusedAuthorization } from '../../src/oauth/authorize/authorization.ts'
import { findOpenings } from '../../src/oauth/authorize/openings.ts'
import { readAuthorization, readAuthorizationForm } from '../../src/oauth/authorize.ts'
import { addProject, refusalOf } from './client_world.ts'
import {
  ask,
  callback,
  challengeOf,
  issuer,
  type OauthWorld,
  openOauthWorld,
  requestText,
  verifier,
} from './oauth_world.ts'

let world: OauthWorld
beforeAll(async () => {
  world = await openOauthWorld()
})
afterAll(() => world.close())

/** What the client is told, as the parameters of the redirect. */
function toldOf(error: unknown): URLSearchParams {
  expect(error).toBeInstanceOf(RefusedAuthorization)
  const { location } = error as RefusedAuthorization
  expect(location.startsWith(`${callback}?`)).toBe(true)
  return new URL(location).searchParams
}

/** What a page says, and that it is a page. */
function pageOf(error: unknown): [string, string] {
  expect(error).toBeInstanceOf(AppError)
  const { code, message } = error as AppError
  return [code, message]
}

type Change = Readonly<Record<string, string | null>>

describe('a request for authorization', () => {
  test('is read: client, challenge, resource, scopes, state', async () => {
    const read = await ask(world, { scope: 'A_READ offline_access A_READ openid' })
    expect(read).toMatchObject({
      redirectUri: callback,
      codeChallenge: challengeOf(verifier),
      resource: { url: `${issuer}/mcp`, slug: null },
      namesResource: true,
      scopes: ['A_READ'],
      state: 'state-1',
    })
  })

  const pages: readonly [string, Change, string][] = [
    ['no client_id', { client_id: null }, 'authorize_invalid'],
    ['an unknown client', { client_id: 'client-2' }, 'authorize_invalid'],
    ['no redirect_uri', { redirect_uri: null }, 'redirect_not_allowed'],
    ['another path', { redirect_uri: `${callback}/` }, 'redirect_not_allowed'],
    ['another case', { redirect_uri: callback.toUpperCase() }, 'redirect_not_allowed'],
    ['a query more', { redirect_uri: `${callback}?a=1` }, 'redirect_not_allowed'],
    ['a fragment', { redirect_uri: `${callback}#a` }, 'redirect_not_allowed'],
    [
      'dot segments',
      { redirect_uri: 'https://client.example/x/../callback' },
      'redirect_not_allowed',
    ],
    ['a user', { redirect_uri: 'https://a@client.example/callback' }, 'redirect_not_allowed'],
    ['an escape', { redirect_uri: 'https://client.example/%63allback' }, 'redirect_not_allowed'],
    [
      'a look-alike host',
      { redirect_uri: 'https://cliеnt.example/callback' },
      'redirect_not_allowed',
    ],
    [
      'a host behind',
      { redirect_uri: 'http://127.0.0.1.evil.com/callback' },
      'redirect_not_allowed',
    ],
    ['0.0.0.0', { redirect_uri: 'http://0.0.0.0/callback' }, 'redirect_not_allowed'],
    [
      'a loopback path of its own',
      { redirect_uri: 'http://127.0.0.1:1/x' },
      'redirect_not_allowed',
    ],
    ['javascript:', { redirect_uri: 'javascript:alert(1)' }, 'redirect_not_allowed'],
  ]
  test.each(pages)('case 92: %s is told on a page, never redirected', async (_, change, code) => {
    expect(pageOf(await refusalOf(ask(world, change)))[0]).toBe(code)
  })

  test('case 92: the page says `redirect_uri is not allowed`', async () => {
    const error = await refusalOf(ask(world, { redirect_uri: 'https://evil.example/' }))
    expect(pageOf(error)).toEqual(['redirect_not_allowed', 'redirect_uri is not allowed'])
  })

  test('case 93: at a loopback address the port may differ', async () => {
    const redirect_uri = 'http://127.0.0.1:49152/callback'
    expect((await ask(world, { redirect_uri })).redirectUri).toBe(redirect_uri)
  })

  const told: readonly [string, Change, string][] = [
    ['95: no challenge', { code_challenge: null }, 'invalid_request'],
    ['95: a method of plain', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['95: no method, which means plain', { code_challenge_method: null }, 'invalid_request'],
    ['95: a challenge that is none', { code_challenge: 'a' }, 'invalid_request'],
    ['105: a resource of another server', { resource: 'https://evil.com/mcp' }, 'invalid_target'],
    ['105: a resource that is no MCP URL', { resource: `${issuer}/api` }, 'invalid_target'],
    ['117: no response_type', { response_type: null }, 'invalid_request'],
    ['117: an implicit token', { response_type: 'token' }, 'unsupported_response_type'],
    ['117: an ID token', { response_type: 'id_token' }, 'unsupported_response_type'],
    ['117: a hybrid', { response_type: 'code token' }, 'unsupported_response_type'],
    ['117: an answer in the fragment', { response_mode: 'fragment' }, 'invalid_request'],
    ['118: a request object', { request: 'eyJ' }, 'request_not_supported'],
    ['118: one to fetch', { request_uri: 'https://evil.com/a' }, 'request_uri_not_supported'],
    ['108: what can be no scope', { scope: 'a"b' }, 'invalid_scope'],
  ]
  test.each(told)('case %s is told to the client, with state and iss', async (_, change, code) => {
    const answer = toldOf(await refusalOf(ask(world, change)))
    expect([answer.get('error'), answer.get('state'), answer.get('iss')]).toEqual([
      code,
      'state-1',
      issuer,
    ])
    expect(answer.has('code')).toBe(false)
  })

  test('case 119: a repeated parameter is told on a page', () => {
    const text = `${requestText(world.client)}&client_id=client-1`
    expect(() => readAuthorizationForm(text)).toThrow('The authorization request is not valid')
  })

  test.each([
    ['4 KB', 'a'.repeat(4096)],
    ['unicode', '€ 漢字 🎉 ünï &=+%#'],
    ['line breaks', 'a\r\nb\nc'],
  ])('case 114: a state of %s comes back byte for byte', async (_, state) => {
    const answer = toldOf(await refusalOf(ask(world, { state, response_type: 'token' })))
    expect(answer.get('state')).toBe(state)
  })

  test('without a state none comes back', async () => {
    const answer = toldOf(await refusalOf(ask(world, { state: null, response_type: 'token' })))
    expect([...answer.keys()].sort()).toEqual(['error', 'error_description', 'iss'])
  })

  test('a redirect URI with a query keeps it', async () => {
    const redirectUri = 'https://client.example/cb?tenant=a%20b'
    const client = await world.addClient({ clientId: 'queried', redirectUris: [redirectUri] })
    const error = await refusalOf(
      ask(world, { redirect_uri: redirectUri, response_type: 'token' }, client),
    )
    expect(error.location.startsWith(`${redirectUri}&error=`)).toBe(true)
  })

  test('prompt and nonce change nothing', async () => {
    expect(await ask(world, { prompt: 'consent', nonce: 'n' })).toEqual(await ask(world))
  })
})

describe('the policy of the project', () => {
  test('a client of an integration meets it before anyone signs in', async () => {
    const { project } = world
    const policed = await addProject(world.store, 'policed')
    const [row] = await world.sql(
      `INSERT INTO integrations (project_id, name, kind, is_active, created_at_ms)
          VALUES ($1, 'Claude', 'oauth_client', 1, 1) RETURNING id`,
      policed.id,
    )
    const integrationId = Number(row?.id)
    const client = await world.addClient({ clientId: 'own', kind: 'integration', integrationId })
    await world.setPolicy({ allowedClientIds: ['another'] }, policed.id)
    expect(pageOf(await refusalOf(ask(world, { response_type: 'x' }, client)))).toEqual([
      'client_not_allowed',
      'OAuth client_id is not allowed',
    ])
    await world.setPolicy({ allowedRedirectUris: ['https://other.example/'] }, policed.id)
    expect(pageOf(await refusalOf(ask(world, {}, client)))).toEqual([
      'redirect_not_allowed',
      'redirect_uri is not allowed',
    ])
    await world.setPolicy({ allowedRedirectUris: [callback] }, policed.id)
    const foreign = await ask(world, { resource: `${issuer}/mcp/${project.slug}` }, client)
    const told = toldOf(await refusalOf(findOpenings(world.oauth, foreign, world.person)))
    expect(told.get('error')).toBe('access_denied')
  })

  interface Row {
    readonly about: string
    readonly policyScopes?: readonly string[]
    readonly isMcpEnabled?: boolean
    readonly scope: string | null
    /** What is offered, or the error. */
    readonly offered: readonly string[] | string
  }
  const scopes = ['A_READ', 'A_WRITE', 'B_READ']
  const rows: readonly Row[] = [
    { about: '109: nothing asked is the whole ceiling', scope: null, offered: scopes },
    {
      about: '109: overlooked words are nothing asked',
      scope: 'openid offline_access',
      offered: scopes,
    },
    {
      about: '109: nothing asked under a ceiling',
      policyScopes: ['A_WRITE'],
      scope: null,
      offered: ['A_WRITE'],
    },
    { about: '108: what was asked', scope: 'B_READ A_READ', offered: ['B_READ', 'A_READ'] },
    { about: '108: ALL where nothing is bounded', scope: 'ALL', offered: ['ALL'] },
    {
      about: '108: ALL above a ceiling',
      policyScopes: ['A_READ'],
      scope: 'ALL',
      offered: 'invalid_scope',
    },
    { about: '108: an unknown scope', scope: 'A_READ C_READ', offered: 'invalid_scope' },
    { about: '108: an unknown scope beside ALL', scope: 'ALL C_READ', offered: 'invalid_scope' },
    {
      about: '108: above the ceiling',
      policyScopes: ['A_READ'],
      scope: 'A_WRITE',
      offered: 'invalid_scope',
    },
    {
      about: '108: a write includes its read',
      policyScopes: ['A_WRITE'],
      scope: 'A_READ',
      offered: ['A_READ'],
    },
    { about: 'MCP switched off', isMcpEnabled: false, scope: null, offered: 'access_denied' },
  ]
  test.each(rows.map((row) => [row.about, row] as const))('case %s', async (_, row) => {
    await world.addScopes(scopes)
    const { policyScopes = [], isMcpEnabled = true } = row
    await world.setPolicy({ policyScopes, isMcpEnabled })
    const found = findOpenings(world.oauth, await ask(world, { scope: row.scope }), world.person)
    if (typeof row.offered === 'string') {
      expect(toldOf(await refusalOf(found)).get('error')).toBe(row.offered)
    } else {
      expect((await found).map((one) => one.offered.map(({ name }) => name))).toEqual([
        [...row.offered],
      ])
    }
    await world.setPolicy({})
  })

  test('the literal sentence: Requested scopes are not allowed', async () => {
    const found = findOpenings(world.oauth, await ask(world, { scope: 'NOPE' }), world.person)
    const told = toldOf(await refusalOf(found))
    expect(told.get('error_description')).toBe('Requested scopes are not allowed')
  })

  test('a project without scopes offers ALL', async () => {
    const bare = await addProject(world.store, 'bare')
    const person = await world.addPerson('bare@example.com', bare.id)
    const [opening] = await findOpenings(world.oauth, await ask(world), person)
    expect(opening?.offered.map(({ name }) => name)).toEqual(['ALL'])
  })
})

describe('the projects a person may choose from', () => {
  test('are those of the person; an owner of all sees all', async () => {
    const other = await addProject(world.store, 'other')
    const owner = await world.addPerson('owner@example.com', null, 'owner')
    const slugsFor = async (person: typeof owner, resource = `${issuer}/mcp`) => {
      const openings = await findOpenings(world.oauth, await ask(world, { resource }), person)
      return openings.map(({ project }) => project.slug)
    }
    expect(await slugsFor(world.person)).toEqual(['demo'])
    expect(await slugsFor(owner)).toContain('other')
    expect(await slugsFor(owner, `${issuer}/mcp/other`)).toEqual(['other'])
    const foreign = await ask(world, { resource: `${issuer}/mcp/${other.slug}` })
    const unknown = await ask(world, { resource: `${issuer}/mcp/nowhere` })
    const answers = [foreign, unknown].map(async (authorization) => {
      const found = findOpenings(world.oauth, authorization, world.person)
      return toldOf(await refusalOf(found)).toString()
    })
    const [first, second] = await Promise.all(answers)
    expect(first).toContain('error=access_denied')
    // Nobody learns from the answer which projects there are.
    expect(first).toBe(second)
  })

  test('one that refuses is shown, and not to be chosen, beside one that does not', async () => {
    const strict = await addProject(world.store, 'strict')
    await world.setPolicy({ allowedClientIds: ['somebody'] }, strict.id)
    const person = await world.addPerson('both@example.com', strict.id)
    await world.sql(
      `INSERT INTO memberships (user_id, project_id, role, created_at_ms)
          VALUES ($1, $2, 'member', 1)`,
      person.user.id,
      world.project.id,
    )
    const both = {
      ...person,
      memberships: [
        ...person.memberships,
        { userId: person.user.id, projectId: world.project.id, role: 'member' as const },
      ],
    }
    const openings = await findOpenings(world.oauth, await ask(world), both)
    expect(openings.map(({ refusal }) => (refusal as AppError | null)?.code ?? null)).toEqual([
      'client_not_allowed',
      null,
    ])
    const alone = findOpenings(world.oauth, await ask(world), person)
    expect(pageOf(await refusalOf(alone))[0]).toBe('client_not_allowed')
  })

  test('none at all is told to the client', async () => {
    const { oauth } = world
    const nobody = { ...world.person, memberships: [] }
    const authorization = await readAuthorization(
      oauth,
      readAuthorizationForm(requestText(world.client)),
    )
    const told = toldOf(await refusalOf(findOpenings(oauth, authorization, nobody)))
    expect(told.get('error')).toBe('access_denied')
  })
})
