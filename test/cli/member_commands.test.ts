import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { assertionClaims, mintToken, newAssertionKey, registerKey } from '../helpers/assertions.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import { failed, type HouseCli, type HouseOutcome, startHouseCli } from './house_cli.ts'

const pair = newAssertionKey('ES256', 'backend')
const noonMs = Date.UTC(2026, 0, 31, 12)
const dayMs = 86_400_000

let cli: HouseCli
beforeAll(async () => {
  cli = await startHouseCli({})
  await registerKey(cli.house, pair)
  await cli.house.addTool({ name: 'things-list' })
  await cli.house.addTool({ name: 'things-add', http_method: 'POST' })
})
afterAll(() => cli.house.stop())
beforeEach(() => {
  cli.time.nowMs = noonMs
  cli.house.reset()
})

/** A session token for a member. */
const tokenOf = (sub: string, changes: object = {}) =>
  mintToken(
    cli.house,
    pair.sign(assertionClaims(cli.house.projectId, cli.time.nowMs / 1000, { sub, ...changes })),
  )

/** The HTTP status of a tool call over MCP. */
const call = async (token: string, name = 'things-list') =>
  (await callLegacy(`${cli.house.url}/mcp`, token, 'tools/call', { name })).status

const written = ({ sent }: HouseOutcome) => sent.filter(({ method }) => method !== 'GET')

describe('member', () => {
  test('list, show and usage tell who called what and how it went', async () => {
    cli.time.nowMs = noonMs - 10 * dayMs
    const early = await tokenOf('ann', { email: 'ann@example.com', roles: ['editor', 'viewer'] })
    await call(early, 'things-add')
    cli.time.nowMs = noonMs
    const token = await tokenOf('ann', { email: 'ann@example.com', roles: ['editor', 'viewer'] })
    await call(token)
    cli.house.upstream.answer = () => new Response('{}', { status: 500 })
    await call(token)
    await tokenOf('bob')
    const { id } = await cli.json('member show bob')
    expect((await cli.on('member list')).stdout).toBe(
      [
        'ID  EXTERNAL ID  STATE   CALLS  ERRORS  LAST CALL',
        '1   ann          active  3      1       2026-01-31 12:00:00Z',
        `${id}   bob          active  0      0       -`,
        '',
      ].join('\n'),
    )
    expect((await cli.on('member show ann')).stdout).toBe(
      [
        'ID                1',
        'Project ID        1',
        'External ID       ann',
        'Email             ann@example.com',
        'Roles             editor, viewer',
        'Is blocked        no',
        'Calls per minute  -',
        'First seen at     2026-01-21 12:00:00Z',
        'Last seen at      2026-01-31 12:00:00Z',
        'First call at     2026-01-21 12:00:00Z',
        'Last call at      2026-01-31 12:00:00Z',
        'Calls             3',
        'Errors            1',
        'Limits            -',
        '',
      ].join('\n'),
    )
    expect((await cli.on('member usage ann')).stdout).toBe(
      [
        'Member  ann',
        'Since   the beginning',
        'Until   now',
        'Calls   3',
        'Errors  1',
        '',
        'TOOL         CALLS  ERRORS  LAST CALL',
        'things-list  2      1       2026-01-31 12:00:00Z',
        'things-add   1      0       2026-01-21 12:00:00Z',
        '',
      ].join('\n'),
    )
    const week = await cli.json('member usage ann --since 7d --until 2026-02-01')
    expect(week).toMatchObject({ calls: 2, errors: 1, since: '2026-01-24T12:00:00.000Z' })
    expect(week.tools.map(({ name }: { name: string }) => name)).toEqual(['things-list'])
    expect((await cli.on('member usage bob')).stdout).toEndWith('Calls   0\nErrors  0\n')
  })

  test('a member is named by external id, else by id', async () => {
    await tokenOf('carl')
    const { id } = await cli.json('member show carl')
    expect((await cli.json(`member show ${id}`)).external_id).toBe('carl')
    await tokenOf(String(id))
    expect((await cli.json(`member show ${id}`)).external_id).toBe(String(id))
  })

  test('an external id of any characters is found as it stands', async () => {
    for (const id of ['a b&c=d', 'é/ü?#%41', 'user@example.com', '-dash']) {
      await tokenOf(id)
      expect((await cli.json('member show', ['--', id])).external_id).toBe(id)
      expect((await cli.json('member list', [`--external-id=${id}`])).items).toHaveLength(1)
    }
  })

  test('an unknown one ends with 1 and nothing is changed', async () => {
    await cli.json('project create Elsewhere')
    await tokenOf('dora')
    const { id } = await cli.json('member show dora --project demo')
    for (const words of [
      'member block nobody --project demo',
      'member block 99999 --project demo',
      'member block 99999999999999999999 --project demo',
      'member block Dora --project demo',
      'member limit dora 5 --project elsewhere',
      `member unblock ${id} --project elsewhere`,
    ]) {
      const outcome = await cli.on(words)
      expect(failed(outcome)).toEqual([
        1,
        `error: There is no member "${words.split(' ')[2]}"`,
        '  A member is known from the first session token on.',
      ])
      expect(written(outcome)).toEqual([])
    }
  })
})

describe('member block', () => {
  test('case 52: ends the tokens of that member at once, and only those', async () => {
    const [eve, finn] = [await tokenOf('eve'), await tokenOf('finn')]
    const blocked = await cli.on('member block eve --project demo')
    expect([blocked.code, blocked.stdout]).toEqual([0, expect.stringContaining('Is blocked')])
    expect([await call(eve), await call(finn)]).toEqual([401, 200])
    expect(cli.house.upstream.hits).toHaveLength(1)
    const { items } = await cli.json('member list --blocked --project demo')
    expect(items.map((each: { external_id: string }) => each.external_id)).toEqual(['eve'])
    const table = await cli.on('member list --external-id eve --project demo')
    expect(table.stdout).toContain('eve          blocked')
    expect((await cli.json('member unblock eve --project demo')).is_blocked).toBe(false)
    expect(await call(await tokenOf('eve'))).toBe(200)
  })
})

describe('rate limits', () => {
  test('member limit holds for that member; none gives it up again', async () => {
    const [gus, hal] = [await tokenOf('gus'), await tokenOf('hal')]
    expect((await cli.json('member limit gus 1 --project demo')).calls_per_minute).toBe(1)
    expect([await call(gus), await call(gus), await call(hal)]).toEqual([200, 429, 200])
    expect(cli.house.upstream.hits).toHaveLength(2)
    expect((await cli.json('member limit gus none --project demo')).calls_per_minute).toBeNull()
    expect(await call(gus)).toBe(200)
  })

  test('project update --member-limit holds for each member', async () => {
    const [ida, jon] = [await tokenOf('ida'), await tokenOf('jon')]
    const limited = await cli.json('project update demo --member-limit 1')
    expect(limited.member_calls_per_minute).toBe(1)
    expect([await call(ida), await call(ida), await call(jon)]).toEqual([200, 429, 200])
    const free = await cli.json('project update demo --member-limit none')
    expect(free.member_calls_per_minute).toBeNull()
    expect(await call(ida)).toBe(200)
  })

  test('integration create and update --limit hold for the key', async () => {
    const made = await cli.json('integration create limited --limit 2 --project demo')
    expect(made.integration.api_key.calls_per_minute).toBe(2)
    const statuses = [await call(made.api_key), await call(made.api_key), await call(made.api_key)]
    expect(statuses).toEqual([200, 200, 429])
    const update = 'integration update limited --project demo'
    const free = await cli.json(`${update} --limit none --name free`)
    expect([free.name, free.api_key.calls_per_minute]).toEqual(['free', null])
    expect(await call(made.api_key)).toBe(200)
    const renamed = await cli.json('integration update free --project demo --name again')
    expect([renamed.name, renamed.api_key.calls_per_minute]).toEqual(['again', null])
  })

  test.each(['0', '-1', '1.5', '1e3', '', 'all', '12345678'])(
    'a limit of "%s" ends with 2 and nothing is changed',
    async (limit) => {
      await tokenOf('kim')
      for (const [words, more] of [
        ['member limit --project demo --', ['kim', limit]],
        ['project update demo', [`--member-limit=${limit}`]],
        ['integration create new --project demo', [`--limit=${limit}`]],
      ] as const) {
        const outcome = await cli.on(words, more)
        expect(failed(outcome)).toEqual([
          2,
          `error: "${limit}" is not a limit`,
          '  Write how many calls per minute, or none.',
        ])
        expect(written(outcome)).toEqual([])
      }
    },
  )

  test('one the server does not take is told by the server', async () => {
    const outcome = await cli.on('project update demo --member-limit 1000001')
    expect(failed(outcome).slice(0, 2)).toEqual([1, 'error: Validation error'])
  })
})

describe('project update', () => {
  test('--require-jti and --no-require-jti change that rule and nothing else', async () => {
    const before = await cli.json('project show demo')
    const strict = await cli.json('project update demo --require-jti')
    expect(strict).toEqual({ ...before, require_assertion_jti: true })
    await expect(tokenOf('lee')).rejects.toThrow('assertion_malformed')
    expect(await cli.json('project update demo --name demo')).toEqual(strict)
    expect(await cli.json('project update demo --no-require-jti')).toEqual(before)
    expect(await tokenOf('lee')).toStartWith('tng_mst_')
  })
})

describe('runs list', () => {
  test('--member shows the calls of one, by external id', async () => {
    const [mia, ned] = [await tokenOf('mia'), await tokenOf('ned&x')]
    await call(mia)
    await call(ned, 'things-add')
    const named = async (id: string) =>
      (await cli.json('runs list --project demo', ['--member', id])).items.map(
        (run: Record<string, string>) => [run.member_external_id, run.tool_name, run.member_source],
      )
    expect(await named('mia')).toEqual([['mia', 'things-list', 'assertion']])
    expect(await named('ned&x')).toEqual([['ned&x', 'things-add', 'assertion']])
    expect(await named('nobody')).toEqual([])
  })

  test('a time that is none ends with 2 before usage is asked for', async () => {
    await tokenOf('olga')
    const outcome = await cli.on('member usage olga --since soon --project demo')
    expect(failed(outcome)[0]).toBe(2)
    expect(outcome.sent.filter(({ path }) => path.includes('/usage'))).toEqual([])
  })
})

describe('signing-key', () => {
  const kids = (answer: { items: { kid: string }[] }) => answer.items.map(({ kid }) => kid)

  test('case 54: rotate signs with a new key, and older tokens count for the overlap', async () => {
    const [first] = kids(await cli.json('signing-key rotate --overlap 0'))
    const old = await tokenOf('pia')
    const { stdout } = await cli.on('signing-key rotate --overlap 10m')
    const [second = ''] = kids(await cli.json('signing-key list'))
    expect(second).not.toBe(first)
    expect(stdout).toBe(
      [
        `KID${' '.repeat(40)}  CREATED     STATE`,
        `${second}  2026-01-31  current`,
        `${first}  2026-01-31  until 01-31 12:10:00Z`,
        '',
      ].join('\n'),
    )
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
    const young = await tokenOf('pia')
    expect([await call(old), await call(young)]).toEqual([200, 200])
    cli.time.nowMs = noonMs + 601_000
    expect([await call(old), await call(young)]).toEqual([401, 200])
    expect((await cli.on('signing-key list')).stdout).not.toContain(first)
  })

  test('rotate without --overlap leaves older tokens their whole life', async () => {
    const [first] = kids(await cli.json('signing-key rotate --overlap 0'))
    const { items } = await cli.json('signing-key rotate')
    expect(items).toMatchObject([
      { is_current: true, not_after: null },
      { kid: first, is_current: false, not_after: '2026-01-31T12:15:00.000Z' },
    ])
  })

  test('rotate --overlap 0 ends every session token now', async () => {
    const token = await tokenOf('quin')
    expect(await call(token)).toBe(200)
    expect(kids(await cli.json('signing-key rotate --overlap 0'))).toHaveLength(1)
    expect(await call(token)).toBe(401)
    expect(await call(await tokenOf('quin'))).toBe(200)
  })

  test.each(['soon', '', '15', '-1m', '0m0'])(
    'an overlap of "%s" ends with 2 and nothing is sent',
    async (span) => {
      const outcome = await cli.on('signing-key rotate', [`--overlap=${span}`])
      expect(failed(outcome)).toEqual([
        2,
        `error: "${span}" is not a span of time`,
        '  Write 90s, 15m, 12h or 0.',
      ])
      expect(outcome.sent).toEqual([])
    },
  )

  test('it takes an administrator of the whole server', async () => {
    const { token } = await cli.json('token create confined --project demo')
    const env = { GATEHOUSE_URL: cli.house.url, GATEHOUSE_ADMIN_TOKEN: token }
    const before = await cli.json('signing-key list')
    for (const words of ['signing-key list', 'signing-key rotate']) {
      const outcome = await cli.on(words, [], { env })
      expect([outcome.code, outcome.stdout]).toEqual([1, ''])
    }
    expect(await cli.json('signing-key list')).toEqual(before)
  })
})
