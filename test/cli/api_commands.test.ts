import { describe, expect, test } from 'bun:test'
import { type Routes, runCli } from './fake_surroundings.ts'

const shop = {
  id: 1,
  slug: 'shop',
  name: 'The Shop',
  description: '',
  is_suspended: false,
  created_at: '2026-01-30T08:00:00.000Z',
  mcp_url: 'https://gw.test/mcp/shop',
}
const crm = { ...shop, id: 2, slug: 'crm', name: 'CRM', is_suspended: true }
const page = (...items: unknown[]) => [200, { items, next_cursor: null }] as const
const oneProject: Routes = { 'GET /api/v1/projects': page(shop) }
const twoProjects: Routes = { 'GET /api/v1/projects': page(shop, crm) }
const web = {
  id: 5,
  project_id: 1,
  name: 'web',
  kind: 'api_key',
  is_active: true,
  api_key: { last4: 'wxyz', permissions: ['tools.call', 'sessions.mint'], expires_at: null },
  created_at: '2026-01-30T08:00:00.000Z',
}

describe('project', () => {
  test('list is a table whose columns are aligned and fit 80 columns', async () => {
    const long = { ...shop, id: 1234, name: 'n'.repeat(200) }
    const { code, stdout, requests } = await runCli(['project', 'list'], {
      'GET /api/v1/projects': page(shop, crm, long),
    })
    expect(code).toBe(0)
    expect(stdout).toMatchSnapshot()
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
    expect(requests[0]).toMatchObject({
      method: 'GET',
      path: '/api/v1/projects',
      headers: { authorization: 'Bearer gha_test' },
    })
  })

  test('list --json is the answer of the API', async () => {
    const { stdout } = await runCli(['project', 'list', '--json'], twoProjects)
    expect(JSON.parse(stdout)).toEqual({ items: [shop, crm], next_cursor: null })
  })

  test('list passes the limit and the cursor on, and says how to go on', async () => {
    const { stdout, requests } = await runCli(
      ['project', 'list', '--limit', '1', '--cursor', 'a+b'],
      {
        'GET /api/v1/projects': [200, { items: [shop], next_cursor: 'next' }],
      },
    )
    expect(requests[0]?.path).toBe('/api/v1/projects?limit=1&cursor=a%2Bb')
    expect(stdout).toEndWith('\nMore: --cursor next\n')
  })

  test('an empty list says so', async () => {
    expect((await runCli(['project', 'list'], { 'GET /api/v1/projects': page() })).stdout).toBe(
      'None.\n',
    )
  })

  test('create sends only what was given', async () => {
    const routes: Routes = { 'POST /api/v1/projects': [201, shop] }
    const bare = await runCli(['project', 'create', 'The Shop'], routes)
    expect(bare.requests[0]?.body).toEqual({ name: 'The Shop' })
    expect(bare.stdout).toMatchSnapshot()
    const full = ['project', 'create', 'The Shop', '--slug', 'shop', '--description', '']
    const { requests } = await runCli(full, routes)
    expect(requests[0]?.body).toEqual({ name: 'The Shop', slug: 'shop', description: '' })
  })

  test('suspend, resume and update find the project by id or slug', async () => {
    const routes: Routes = { ...twoProjects, 'PATCH /api/v1/projects/2': [200, crm] }
    for (const [words, body] of [
      [['suspend', 'crm'], { is_suspended: true }],
      [['resume', '2'], { is_suspended: false }],
      [['update', 'CRM', '--name', 'New'], { name: 'New' }],
    ] as const) {
      const { code, requests } = await runCli(['project', ...words], routes)
      expect([code, requests.at(-1)?.method, requests.at(-1)?.body]).toEqual([0, 'PATCH', body])
    }
  })
})

describe('which project', () => {
  test('the only one is taken where none is named', async () => {
    const { requests } = await runCli(['tool', 'list'], {
      ...oneProject,
      'GET /api/v1/custom-tools': page(),
    })
    expect(requests.at(-1)?.path).toBe('/api/v1/custom-tools?project_id=1')
  })

  test('with several, the command is refused and names them; nothing else is asked', async () => {
    const { code, stderr, requests } = await runCli(['tool', 'list'], twoProjects)
    expect(code).toBe(2)
    expect(stderr).toBe('error: Which project?\n  Give --project: shop, crm\n')
    expect(requests).toHaveLength(1)
  })

  test('an unknown one is refused with those there are', async () => {
    const { code, stderr } = await runCli(['tool', 'list', '--project', 'nope'], twoProjects)
    expect([code, stderr]).toEqual([
      1,
      'error: There is no project "nope"\n  There are: shop, crm\n',
    ])
  })

  test('without any, the way to the first is shown', async () => {
    const { code, stderr } = await runCli(['tool', 'list'], { 'GET /api/v1/projects': page() })
    expect(code).toBe(1)
    expect(stderr).toContain('gatehouse bootstrap --project NAME')
  })

  test('every page is looked through', async () => {
    const { requests } = await runCli(['tool', 'list', '--project', 'crm'], {
      'GET /api/v1/projects': ({ path }) =>
        path.includes('cursor=c1') ? page(crm) : [200, { items: [shop], next_cursor: 'c1' }],
      'GET /api/v1/custom-tools': page(),
    })
    expect(requests.at(-1)?.path).toBe('/api/v1/custom-tools?project_id=2')
  })
})

describe('integration', () => {
  test('create shows the key once and says so', async () => {
    const { stdout, requests } = await runCli(
      ['integration', 'create', 'web', '--permission', 'tools.call', '--expires-in', '90d'],
      {
        ...oneProject,
        'POST /api/v1/integrations': [201, { integration: web, api_key: 'tengine_key' }],
      },
    )
    expect(requests.at(-1)?.body).toEqual({
      name: 'web',
      project_id: 1,
      permissions: ['tools.call'],
      expires_at: '2026-05-01T12:00:00.000Z',
    })
    expect(stdout).toMatchSnapshot()
  })

  test('rotate, deactivate, activate and delete act on the one that is named', async () => {
    const routes: Routes = {
      ...oneProject,
      'GET /api/v1/integrations': page(web),
      'POST /api/v1/integrations/5/rotate': [200, { integration: web, api_key: 'tengine_new' }],
      'PATCH /api/v1/integrations/5': [200, web],
      'DELETE /api/v1/integrations/5': [204],
    }
    const rotated = await runCli(['integration', 'rotate', 'web'], routes)
    expect(rotated.stdout).toContain('tengine_new')
    const off = await runCli(['integration', 'deactivate', 'web'], routes)
    expect(off.requests.at(-1)?.body).toEqual({ is_active: false })
    const on = await runCli(['integration', 'activate', '5'], routes)
    expect(on.requests.at(-1)?.body).toEqual({ is_active: true })
    const gone = await runCli(['integration', 'delete', 'web'], routes)
    expect([gone.code, gone.stdout, gone.requests.at(-1)?.method]).toEqual([
      0,
      'Deleted web.\n',
      'DELETE',
    ])
  })

  test('list and show read well', async () => {
    const routes: Routes = {
      ...oneProject,
      'GET /api/v1/integrations': page(web),
      'GET /api/v1/integrations/5': [200, web],
    }
    expect((await runCli(['integration', 'list'], routes)).stdout).toMatchSnapshot()
    expect((await runCli(['integration', 'show', 'web'], routes)).stdout).toMatchSnapshot()
  })
})

describe('token', () => {
  const token = {
    id: 3,
    project_id: 1,
    name: 'ci',
    last4: 'abcd',
    created_at: '2026-01-30T08:00:00.000Z',
    expires_at: null,
  }
  test('create may confine it to a project', async () => {
    const { stdout, requests } = await runCli(['token', 'create', 'ci', '--project', 'shop'], {
      ...oneProject,
      'POST /api/v1/admin-tokens': [201, { admin_token: token, token: 'gha_new' }],
    })
    expect(requests.at(-1)?.body).toEqual({ name: 'ci', project_id: 1 })
    expect(stdout).toMatchSnapshot()
  })

  test('a token for the whole server asks for no project', async () => {
    const { requests } = await runCli(['token', 'create', 'ci'], {
      'POST /api/v1/admin-tokens': [201, { admin_token: token, token: 'gha_new' }],
    })
    expect(requests.map(({ body }) => body)).toEqual([{ name: 'ci' }])
  })

  test('list and revoke', async () => {
    const listed = await runCli(['token', 'list'], { 'GET /api/v1/admin-tokens': page(token) })
    expect(listed.stdout).toMatchSnapshot()
    const revoked = await runCli(['token', 'revoke', '3'], {
      'DELETE /api/v1/admin-tokens/3': [204],
    })
    expect([revoked.code, revoked.stdout]).toEqual([0, 'Revoked admin token 3.\n'])
  })
})

describe('runs', () => {
  const run = {
    id: '0198f0aa-7c1e-7000-8000-123456789abc',
    tool_name: 'posts-get',
    state: 'done',
    upstream_status: 200,
    error_code: null,
    started_at: '2026-01-31T11:59:58.123Z',
    duration_ms: 12.5,
  }
  const failed = { ...run, state: 'unknown', error_code: 'outcome_unknown', upstream_status: null }

  test('list shows one line per run, the id in full', async () => {
    const { stdout } = await runCli(['runs', 'list'], {
      ...oneProject,
      'GET /api/v1/runs': page(run, failed, { ...run, state: 'sending', duration_ms: null }),
    })
    expect(stdout).toMatchSnapshot()
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  })

  test('filters are handed on, spans as moments before now', async () => {
    const words = [
      'runs',
      'list',
      '--tool',
      'posts-get',
      '--state',
      'unknown',
      '--since',
      '24h',
      '--until',
      '2026-01-31',
    ]
    const { requests } = await runCli([...words, '--error-code', 'outcome_unknown'], {
      ...oneProject,
      'GET /api/v1/custom-tools': page({ id: 9, name: 'Posts-Get' }),
      'GET /api/v1/runs': page(),
    })
    const query = new URL(`http://x${requests.at(-1)?.path}`).searchParams
    expect(Object.fromEntries(query)).toEqual({
      project_id: '1',
      tool_id: '9',
      state: 'unknown',
      error_code: 'outcome_unknown',
      since: '2026-01-30T12:00:00.000Z',
      until: '2026-01-31T00:00:00.000Z',
    })
  })

  test('a time that is none is refused before the list is asked for', async () => {
    const { code, stderr, requests } = await runCli(['runs', 'list', '--since', 'soon'], oneProject)
    expect(code).toBe(2)
    expect(stderr).toStartWith('error: "soon" is not a time\n')
    expect(requests.some(({ path }) => path.startsWith('/api/v1/runs'))).toBe(false)
  })

  test('show prints every member', async () => {
    const { stdout } = await runCli(['runs', 'show', run.id], {
      [`GET /api/v1/runs/${run.id}`]: [200, run],
    })
    expect(stdout).toMatchSnapshot()
  })
})

describe('answers that are failures', () => {
  const refused: Routes = {
    'POST /api/v1/projects': [
      422,
      {
        type: 'about:blank',
        title: 'Validation error',
        status: 422,
        detail: 'Validation error',
        code: 'validation_failed',
        reason: 'One more sentence.',
        request_id: 'r-7',
        errors: [{ pointer: '/slug', message: 'must be lower case' }],
      },
    ],
  }

  test('are told on standard error in words, and end with 1', async () => {
    const { code, stdout, stderr } = await runCli(['project', 'create', 'x'], refused)
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toBe(
      'error: Validation error\n  One more sentence.\n  /slug: must be lower case\n  request id: r-7\n',
    )
  })

  test('are told as an object with --json', async () => {
    const { code, stdout, stderr } = await runCli(['project', 'create', 'x', '--json'], refused)
    expect([code, stdout]).toEqual([1, ''])
    expect(JSON.parse(stderr)).toEqual({
      error: {
        detail: 'Validation error',
        status: 422,
        code: 'validation_failed',
        reason: 'One more sentence.',
        errors: [{ pointer: '/slug', message: 'must be lower case' }],
        request_id: 'r-7',
      },
    })
  })

  test('of something that is not Gatehouse are called that', async () => {
    const html = async () => new Response('<html>', { status: 200 })
    const page = await runCli(['project', 'list'], {}, { fetch: html })
    expect([page.code, page.stderr]).toEqual([
      1,
      'error: https://gw.test does not answer like Gatehouse\n  Check the address.\n',
    ])
    const redirect = async () => new Response('', { status: 302, headers: { location: '/login' } })
    const moved = await runCli(['project', 'list'], {}, { fetch: redirect })
    expect([moved.code, moved.stderr]).toEqual([1, 'error: https://gw.test answered HTTP 302\n'])
  })

  test('control characters in an answer never reach the terminal', async () => {
    const evil = { ...shop, name: '\u001b[2Jgone\u202e', description: 'a\r\nb' }
    for (const words of [
      ['project', 'list'],
      ['project', 'list', '--json'],
      ['project', 'show', '1'],
    ]) {
      const { stdout } = await runCli(words, {
        'GET /api/v1/projects': page(evil),
        'GET /api/v1/projects/1': [200, evil],
      })
      expect(stdout).toContain('\\u001b[2Jgone\\u202e')
      expect(['\u001b', '\u202e', '\r'].filter((each) => stdout.includes(each))).toEqual([])
    }
  })

  test('numbers no double can hold are printed digit for digit', async () => {
    const exact =
      '{"items":[{"id":1,"slug":"shop","big":12345678901234567890123}],"next_cursor":null}'
    const { stdout } = await runCli(
      ['project', 'list', '--json'],
      {},
      { fetch: async () => new Response(exact) },
    )
    expect(stdout).toContain('"big": 12345678901234567890123')
  })
})
