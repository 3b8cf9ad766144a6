import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { runCli } from './fake_surroundings.ts'
import { failed, type HouseCli, startHouseCli } from './house_cli.ts'
import { museum } from './openapi_documents.ts'

let cli: HouseCli
beforeAll(async () => {
  cli = await startHouseCli({})
  const stdin = museum(cli.house.upstream.url)
  const made = await cli.on('openapi import - --yes --source museum', [], { stdin })
  expect(made.code).toBe(0)
})
afterAll(() => cli.house.stop())

const definition = (name: string) => cli.json(`tool show ${name}`)

describe('openapi operations', () => {
  test('lists name, operation, cost and state, and narrows', async () => {
    const { stdout } = await cli.on('openapi operations museum')
    const rows = stdout.trim().split('\n')
    expect(rows[0]).toBe('NAME                OPERATION             TOKENS  STATE')
    expect(rows[1]).toMatch(/^list_opening_hours {2}GET \/hours {12}\d+ +on$/)
    expect(rows).toHaveLength(5)
    for (const [flag, keys] of [
      ['--tag Visits', ['GET /hours']],
      ['--method delete', ['DELETE /tickets/{id}']],
      ['--path /tickets/', ['GET /tickets/{id}', 'DELETE /tickets/{id}']],
      ['--q BUY', ['POST /tickets']],
      ['--change removed', []],
    ] as const) {
      const { items } = await cli.json(`openapi operations museum ${flag}`)
      expect(items.map(({ key }: { key: string }) => key)).toEqual([...keys])
    }
  })

  test('an unknown source or method is told and ends with 1 or 2', async () => {
    expect(failed(await cli.on('openapi operations nothing'))).toEqual([
      1,
      'error: There is no OpenAPI source "nothing"',
      '  There are: museum',
    ])
    const odd = await cli.on('openapi operations museum --method FETCH')
    expect([odd.code, odd.sent]).toEqual([2, []])
  })
})

describe('openapi enable and disable', () => {
  test('switch the tools that are selected, and no others', async () => {
    const all = await cli.on('openapi enable museum --select method=post --select method=delete')
    expect(all.stdout).toBe('Switched 2 tools on.\n')
    expect((await definition('buy_tickets')).is_enabled).toBe(true)
    const one = await cli.json('openapi disable museum', ['--select', 'path=/tickets/*'])
    expect(one.tools).toEqual(['show_ticket', 'return_ticket'])
    const { items } = await cli.json('openapi operations museum')
    expect(items.map((each: Record<string, unknown>) => each['is_enabled'])).toEqual([
      ...[true, true, false, false],
    ])
    expect((await definition('buy_tickets')).is_enabled).toBe(true)
    await cli.on('openapi enable museum --select all')
  })

  test('without --select nothing is switched', async () => {
    const outcome = await cli.on('openapi disable museum')
    expect([outcome.code, outcome.sent]).toEqual([2, []])
  })
})

describe('openapi override', () => {
  const words = 'openapi override museum'

  test('changes a tool at once, adds to what was changed, and outlives an import', async () => {
    const named = await cli.on(words, ['GET /hours', '--name', 'hours', '--scope', 'VISIT_READ'])
    expect(named.stdout).toBe('GET /hours is changed: name, required_scopes.\n')
    await cli.on(words, ['hours', '--description', 'When it is open.'])
    expect(await definition('hours')).toMatchObject({
      description: 'When it is open.',
      required_scopes: ['VISIT_READ'],
    })
    const stdin = museum(cli.house.upstream.url)
    await cli.on('openapi import - --yes --source museum', [], { stdin })
    expect((await definition('hours')).description).toBe('When it is open.')
  })

  test('--bind fills a parameter from the member or with a value, and hides it from models', async () => {
    await cli.on(words, [
      'GET /hours',
      '--bind',
      'query.tenant=json:"acme"',
      '--hide',
      'query.from',
    ])
    const { input_schema: schema } = await definition('hours')
    expect(JSON.stringify(schema)).not.toMatch(/tenant|from/)
    cli.house.reset()
    await cli.on('tool call hours --args {}')
    expect(cli.house.upstream.hits.map(({ target }) => target)).toEqual([
      '/museum/hours?tenant=acme',
    ])
    await cli.on(words, ['getHours', '--bind', 'query.tenant=caller:member_id'])
    expect((await definition('hours')).require_member).toBe(true)
  })

  test('--clear takes everything back', async () => {
    const { stdout } = await cli.on(words, ['GET /hours', '--clear'])
    expect(stdout).toBe('GET /hours is as the document says.\n')
    const { items } = await cli.json('tool list')
    const tool = items.find(
      ({ endpoint_path: path }: Record<string, string>) => path === '/museum/hours',
    )
    expect(JSON.stringify(tool.input_schema)).toContain('tenant')
    const { overrides } = await cli.json('openapi show museum')
    expect(overrides.map(({ key }: { key: string }) => key)).not.toContain('GET /hours')
  })

  test.each([
    [['GET /hours'], 'error: Nothing to change'],
    [['GET /hours', '--bind', 'query.tenant'], 'error: --bind "query.tenant" binds nothing'],
    [['GET /hours', '--bind', 'query.t=caller:email'], 'error: "email" is nothing a caller has'],
    [
      ['GET /hours', '--bind', 'query.t=json:acme'],
      'error: What --bind query.t gives is not JSON: acme',
    ],
    [['GET /hours', '--enable', '--disable'], 'error: Both --enable and --disable are given'],
  ])('%j ends with 2 and nothing is sent', async (more, line) => {
    const outcome = await cli.on(words, more)
    expect([...failed(outcome).slice(0, 2), outcome.sent]).toEqual([2, line, []])
  })

  test('an unknown operation ends with 1 and says how to find one', async () => {
    const outcome = await cli.on(words, ['GET /nothing', '--disable'])
    expect(failed(outcome).slice(0, 2)).toEqual([1, 'error: There is no operation "GET /nothing"'])
  })
})

describe('openapi auth', () => {
  test('takes strategy and header from the document where none is given', async () => {
    const { stdout } = await cli.on('openapi auth museum --secret-stdin', [], { stdin: 'k3y\n' })
    expect(stdout).toBe('4 tools of museum now use static_header.\n')
    cli.house.reset()
    await cli.on('tool call', ['show_ticket', '--args', '{"pathParams": {"id": "7"}}'])
    const [hit] = cli.house.upstream.hits
    expect([hit?.target, hit?.headers.get('x-museum-key')]).toEqual(['/museum/tickets/7', 'k3y'])
  })

  test('takes what is given, and never shows the secret', async () => {
    const words = 'openapi auth museum --strategy static_bearer --secret-stdin --json'
    const { stdout } = await cli.on(words, [], { stdin: 't0ken' })
    expect(JSON.parse(stdout).auth).toMatchObject({ strategy: 'static_bearer', has_secret: true })
    expect(stdout).not.toContain('t0ken')
    const lost = await cli.on('openapi auth museum --strategy oauth_client_credentials', [
      ...['--audience', 'museum'],
    ])
    expect(failed(lost).slice(0, 2)).toEqual([
      2,
      'error: --oauth-scope and --audience go with --token-url',
    ])
  })
})

describe('openapi auth of what no document names', () => {
  test.each([
    ['static_query', '--auth-header'],
    ['oauth_client_credentials', '--token-url'],
  ])('%s ends with 2 and names the flag', async (strategy, flag) => {
    const words = `openapi auth museum --strategy ${strategy} --secret-stdin`
    const before = await cli.json('openapi show museum')
    const outcome = await cli.on(words, [], { stdin: 'id:secret' })
    expect(failed(outcome)).toEqual([
      2,
      `error: The document does not say the rest of ${strategy}`,
      expect.stringContaining(flag),
    ])
    expect(await cli.json('openapi show museum')).toEqual(before)
  })
})

describe('openapi list, show, update, delete', () => {
  test('show what there is, and change it', async () => {
    expect((await cli.on('openapi list')).stdout).toContain(
      'museum  4      upload  static_bearer  -',
    )
    const { stdout } = await cli.on(
      'openapi update museum --max-name-length 40 --select tag=Visits',
    )
    expect(stdout).toStartWith('Changed museum.\nThe tools stay as they are until: ')
    const shown = (await cli.on('openapi show museum')).stdout
    expect(shown).toContain('max name length: 40')
    expect(shown).toContain('tags: Visits')
    expect(shown).toContain('strategy: static_bearer')
    const nothing = await cli.on('openapi update museum')
    expect([nothing.code, nothing.sent]).toEqual([2, []])
  })

  test('recheck of an upload ends with 2', async () => {
    expect((await cli.on('openapi recheck museum')).code).toBe(2)
  })

  test('rollback goes one step back, and then ends with 1', async () => {
    const { stdout } = await cli.on('openapi rollback museum')
    expect(stdout).toBe('Back to what was applied before: 0 added, 0 changed, 4 removed.\n')
    const again = await cli.on('openapi rollback museum')
    expect(failed(again).slice(0, 2)).toEqual([1, 'error: There is nothing to roll back to'])
  })

  test('delete takes the tools along', async () => {
    const stdin = museum(cli.house.upstream.url)
    await cli.on('openapi import - --yes --select all --source museum', [], { stdin })
    expect((await cli.on('openapi delete museum')).stdout).toBe('Deleted museum with 4 tools.\n')
    expect((await cli.json('tool list')).items).toEqual([])
  })
})

describe('help', () => {
  for (const words of [
    ['openapi', '--help'],
    ['openapi', 'import', '--help'],
    ['openapi', 'override', '--help'],
  ]) {
    test(`gatehouse ${words.join(' ')} is 80 columns wide`, async () => {
      const { code, stdout } = await runCli(words)
      expect(code).toBe(0)
      expect(stdout).toMatchSnapshot()
      expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
    })
  }
})
