import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import type { StopSignal } from '../../src/cli/surroundings.ts'
import type { Fakes } from './fake_surroundings.ts'
import { failed, type HouseCli, type HouseOutcome, startHouseCli } from './house_cli.ts'
import { museum, museumNext, trains } from './openapi_documents.ts'

let cli: HouseCli
let files: Record<string, string>
beforeAll(async () => {
  cli = await startHouseCli({})
  const { url } = cli.house.upstream
  files = {
    '/srv/museum.yaml': museum(url),
    '/srv/next.yaml': museumNext(url),
    '/srv/broken.yaml': 'openapi: [3.1',
    '/srv/key': 's3cret\n',
    '/srv/overlay.yaml': `overlay: 1.0.0
info: {title: Shorter, version: '1'}
actions:
  - target: $.paths['/hours'].get
    update: {summary: List hours of today}
`,
    ...trains(url),
  }
})
afterAll(() => cli.house.stop())
afterEach(async () => {
  for (const { id } of await sources()) await cli.on(`openapi delete ${id}`)
  cli.house.reset()
})

const on = (words: string, fakes: Fakes = {}) => cli.on(words, [], { files, ...fakes })
const sources = async () => (await cli.json('openapi list')).items
const tools = async (): Promise<string[]> =>
  (await cli.json('tool list')).items.map(
    (tool: Record<string, unknown>) => `${tool['name']} ${tool['is_enabled'] ? 'on' : 'off'}`,
  )
const written = ({ sent }: HouseOutcome) => sent.filter(({ method }) => method !== 'GET')

/** Somebody at a terminal who answers so. */
const person = (answer: string, asked: string[] = []): Fakes => ({
  isTerminal: true,
  ask: async (question) => {
    asked.push(question)
    return answer
  },
})

describe('openapi import', () => {
  test('makes tools of a file: reads are on, writes off, and says what to type next', async () => {
    const { code, stdout, stderr } = await on('openapi import museum.yaml --yes')
    expect(code).toBe(0)
    expect(stderr).toMatch(
      /^((Waiting for other imports|Reading the document|Planning tools) …\n)*$/,
    )
    expect(stdout.replace(/\b\d{3,}\b/g, 'N')).toMatchSnapshot()
    expect(await tools()).toEqual([
      'list_opening_hours on',
      'buy_tickets off',
      'show_ticket on',
      'return_ticket off',
    ])
  })

  test('its tools call the API that the document names, with the secret given', async () => {
    const auth = '--secret-file key --enable all'
    expect((await on(`openapi import museum.yaml --yes ${auth}`)).code).toBe(0)
    const called = await cli.on('tool call buy_tickets --args', [
      '{"body": {"day": "2026-02-01", "guests": 2}}',
    ])
    expect([called.code, called.stderr]).toEqual([0, expect.any(String)])
    const [hit] = cli.house.upstream.hits
    expect([hit?.method, hit?.target, hit?.body]).toEqual([
      'POST',
      '/museum/tickets',
      '{"day":"2026-02-01","guests":2}',
    ])
    expect(hit?.headers.get('x-museum-key')).toBe('s3cret')
  })

  test('--dry-run shows the same and leaves nothing behind', async () => {
    const { code, stdout } = await on('openapi import museum.yaml --dry-run --diff')
    expect(code).toBe(0)
    expect(stdout).toContain('4 operations in it, 4 tools: 2 reads (on), 2 writes (off).')
    expect(stdout).toContain('+ buy_tickets  POST /tickets\n')
    expect(stdout).toEndWith('\nNothing was changed.\n')
    expect([await sources(), await tools()]).toEqual([[], []])
  })

  test('the report names what is left out, where and why', async () => {
    const { stdout } = await on('openapi import museum.yaml --dry-run')
    const place = '  HEAD operations do not become tools.\n    #/paths/~1hours/head\n    Fix: '
    expect(stdout).toContain(place)
    await on('openapi import museum.yaml --yes')
    expect((await on('openapi findings Clockwork --json')).code).toBe(1)
    const all = await cli.on('openapi findings', ['Clockwork Museum'])
    expect(all.stdout).toContain('#/paths/~1hours/head')
  })

  test('on a terminal it asks; only yes applies', async () => {
    const asked: string[] = []
    const no = await on('openapi import museum.yaml', person('', asked))
    expect(failed(no).slice(0, 1)).toEqual([1])
    expect(no.stderr).toEndWith('error: Not applied; no tool was changed\n')
    expect([await sources(), await tools()]).toEqual([[], []])
    const yes = await on('openapi import museum.yaml', person('y', asked))
    expect([yes.code, asked]).toEqual([0, ['\nApply this? [y/N] ', '\nApply this? [y/N] ']])
    expect(await tools()).toHaveLength(4)
  })

  test('on a terminal one line tells how far it is, and is gone at the end', async () => {
    const { stderr } = await on('openapi import museum.yaml', person('y'))
    expect(stderr).toMatch(/^(\r(Waiting|Reading|Planning) [^\r\n]+)*(\r)?[^\r\n]*$/)
    expect(stderr).toEndWith('\u001b[K')
  })

  test.each(['', ' --json', ' --diff'])(
    'where nobody can be asked it ends with 2 before anything is sent (%p)',
    async (flag) => {
      const outcome = await on(`openapi import museum.yaml${flag}`)
      expect([outcome.code, outcome.stdout, outcome.sent]).toEqual([2, '', []])
      expect(outcome.stderr).toContain('--yes')
    },
  )

  test('--json is one object with everything, and no progress beside it', async () => {
    const { code, stdout, stderr } = await on('openapi import museum.yaml --yes --json --diff')
    expect([code, stderr]).toEqual([0, ''])
    expect(JSON.parse(stdout)).toMatchObject({
      source: { name: 'Clockwork Museum', tools: 4 },
      import: { counts: { operations: 4, tools: 4, added: 4 } },
      quarantined: [],
      operations: [{ key: 'GET /hours', change: 'added' }, {}, {}, {}],
      applied: { added: 4, changed: 0, removed: 0 },
    })
  })

  test('standard input is a document too, and --source its name', async () => {
    const stdin = files['/srv/museum.yaml'] ?? ''
    expect((await on('openapi import - --yes --source visits', { stdin })).code).toBe(0)
    expect(await sources()).toMatchObject([{ name: 'visits', url: null, tools: 4 }])
  })

  test('--select, --name-prefix and --overlay are kept with the source', async () => {
    const flags = '--select path=/hours --select path=/tickets --name-prefix m_'
    const words = `openapi import museum.yaml --yes ${flags} --overlay overlay.yaml`
    const { stdout } = await on(words)
    expect(stdout).toContain('2 are not selected.')
    expect(await tools()).toEqual(['m_list_hours_of_today on', 'm_buy_tickets off'])
    expect((await on('openapi import museum.yaml --yes')).stdout).toEndWith('Nothing changes.\n')
    await on('openapi import museum.yaml --yes --select all --overlay none')
    expect(await tools()).toHaveLength(4)
    expect((await sources())[0].settings).toMatchObject({ overlays: [], name_prefix: 'm_' })
  })

  test.each(['colour=red', 'method=FETCH', 'tag', 'tag='])(
    '--select %s ends with 2 and nothing is written',
    async (what) => {
      const outcome = await on(`openapi import museum.yaml --yes --select ${what}`)
      expect([outcome.code, written(outcome)]).toEqual([2, []])
    },
  )

  test('a directory is sent as the files that its root refers to, and none from elsewhere', async () => {
    const { code, stdout } = await on('openapi import trains --yes')
    expect(code).toBe(0)
    expect(stdout).toContain('Night Trains 2 (OpenAPI 3.0')
    expect(await tools()).toEqual(['list_trips on', 'list_stations on'])
    const trips = await cli.json('tool show list_trips')
    expect(trips.base_url).toBe(cli.house.upstream.url)
  })

  test('files named after the document go along with it, wherever they are', async () => {
    const { code } = await on('openapi import trains/openapi.yaml /etc/depots.yaml --yes')
    expect([code, (await tools()).length]).toEqual([0, 3])
    const odd = await on('openapi import - /etc/depots.yaml --yes', { stdin: 'x' })
    expect([odd.code, odd.sent]).toEqual([2, []])
  })

  test('a broken document is reported by the server, and no source is left', async () => {
    const outcome = await on('openapi import broken.yaml --yes')
    const [code, , first] = failed(outcome)
    expect([code, first]).toEqual([1, 'error: The API description cannot be read'])
    expect(await sources()).toEqual([])
  })

  test('a document whose operations have no server makes no source, and says which flag is missing', async () => {
    const stdin = (files['/srv/museum.yaml'] ?? '').replace(/servers:\n.*\n/, '')
    const outcome = await on('openapi import - --yes', { stdin })
    expect(outcome.code).toBe(1)
    expect(outcome.stdout).toContain(
      'names no server for it: give --base-url.\n    GET /hours\n    POST /tickets\n',
    )
    expect(outcome.stderr).toContain('error: No operation becomes a tool; nothing was imported\n')
    expect(await sources()).toEqual([])
    const { url } = cli.house.upstream
    expect((await on(`openapi import - --yes --base-url ${url}`, { stdin })).code).toBe(0)
    expect(await tools()).toHaveLength(4)
  })

  test.each(['nowhere.yaml', 'paths', '-'])('%s is no document: 2, nothing sent', async (word) => {
    const { code, sent, stderr } = await on(`openapi import ${word} --yes`)
    expect([code, sent]).toEqual([2, []])
    expect(stderr).toStartWith('error: ')
  })

  test('a URL that the egress policy refuses is not fetched, and no source is left', async () => {
    const outcome = await on('openapi import http://127.0.0.1:9/openapi.yaml --yes')
    expect(outcome.code).toBe(1)
    expect(outcome.stderr).toContain('error: The URL of the document must use HTTPS\n')
    expect(outcome.stderr).toContain('--egress-allow http://127.0.0.1:9')
    expect(await sources()).toEqual([])
  })

  test('Ctrl-C cancels the import on the server and leaves nothing', async () => {
    let stop: (signal: StopSignal) => void = () => {}
    const outcome = await on('openapi import museum.yaml', {
      ...person(''),
      onStopSignal: (callback) => {
        stop = callback
        return () => {}
      },
      ask: () => {
        stop('SIGINT')
        return new Promise(() => {})
      },
    })
    expect(outcome.code).toBe(1)
    expect(outcome.stderr).toEndWith('error: Cancelled; no tool was changed\n')
    expect(written(outcome).map(({ path }) => path.replace(/\d+/g, 'N'))).toEqual([
      '/api/vN/openapi-sources',
      '/api/vN/openapi-sources/N/imports',
      '/api/vN/openapi-sources/N/imports/N/cancel',
      '/api/vN/openapi-sources/N',
    ])
    expect([await sources(), await tools()]).toEqual([[], []])
  })
})

describe('openapi import again', () => {
  test('shows what changes per field, applies it at once, and rollback takes one step back', async () => {
    await on('openapi import museum.yaml --yes')
    const before = await tools()
    const next = await on('openapi import next.yaml --yes --diff')
    expect(next.stdout).toContain(
      'Against what is there: 1 added, 1 changed, 1 removed, 2 unchanged.',
    )
    expect(next.stdout).toContain('+ list_exhibits  GET /exhibits\n')
    expect(next.stdout).toContain('- return_ticket  DELETE /tickets/{id}\n')
    expect(next.stdout).toContain(
      '~ show_ticket  GET /tickets/{id}\n    description\n      - Show a ticket.\n      + Show one ticket.\n',
    )
    expect(next.stdout).toContain('Applied: 1 added, 1 changed, 1 removed. 3 tools on, 1 off.')
    const back = await cli.on('openapi rollback', ['Clockwork Museum'])
    expect(back.stdout).toBe('Back to what was applied before: 1 added, 1 changed, 1 removed.\n')
    expect((await tools()).toSorted()).toEqual(before.toSorted())
    // What it went back to can be looked at and changed as before.
    const { sent, stdout } = await cli.on('openapi operations', ['Clockwork Museum'])
    expect(stdout).toContain('return_ticket')
    expect(sent.filter(({ method }) => method !== 'GET')).toEqual([])
    await cli.on('openapi override', ['Clockwork Museum', 'GET /hours', '--name', 'hours'])
    expect((await tools()).join()).toContain('hours on')
  })

  test('case 282: a dangerous change needs --accept-dangerous, else nothing changes', async () => {
    await on('openapi import museum.yaml --yes')
    const before = await cli.json('tool list')
    const words = 'openapi import museum.yaml --yes --base-url https://elsewhere.example.com'
    const refused = await on(words)
    expect(refused.code).toBe(1)
    expect(refused.stdout).toContain('  ! host\n')
    expect(refused.stderr).toContain('error: 4 changes are dangerous; no tool was changed\n')
    expect(refused.stderr).toContain('--accept-dangerous')
    expect(await cli.json('tool list')).toEqual(before)
    expect((await sources())[0].settings.base_url).toBeNull()
    expect((await on(`${words} --accept-dangerous`)).code).toBe(0)
    const { base_url } = await cli.json('tool show show_ticket')
    expect(base_url).toBe('https://elsewhere.example.com')
  })

  test('on a terminal dangerous changes are applied for the word accept alone', async () => {
    await on('openapi import museum.yaml --yes')
    const words = 'openapi import museum.yaml --base-url https://elsewhere.example.com'
    const asked: string[] = []
    expect((await on(words, person('y', asked))).code).toBe(1)
    expect(asked[0]).toContain('4 changes marked !')
    expect((await on(words, person('accept'))).code).toBe(0)
    const { base_url } = await cli.json('tool show show_ticket')
    expect(base_url).toBe('https://elsewhere.example.com')
  })

  test('a dry run puts the settings of the source back', async () => {
    await on('openapi import museum.yaml --yes')
    const [before] = await sources()
    const dry = '--dry-run --diff --accept-dangerous --base-url https://elsewhere.example.com'
    expect((await on(`openapi import museum.yaml ${dry} --select tag=Visits`)).code).toBe(0)
    const [{ settings, filter, tools: count }] = await sources()
    expect([settings, filter, count]).toEqual([before.settings, before.filter, 4])
  })
})

describe('openapi import of a URL', () => {
  const serve = (text: () => string) => {
    cli.house.upstream.answer = () =>
      new Response(text(), { headers: { etag: `"${Bun.hash(text())}"` } })
  }
  const url = () => `${cli.house.upstream.url}/openapi.yaml`

  test('is fetched by the server; recheck proposes, apply applies', async () => {
    let text = files['/srv/museum.yaml'] ?? ''
    serve(() => text)
    const { code } = await on(`openapi import ${url()} --yes --recheck-hours 6`)
    expect(code).toBe(0)
    const name = new URL(url()).host
    expect(await sources()).toMatchObject([{ name, url: url(), recheck_hours: 6 }])
    expect((await on(`openapi recheck ${name}`)).stdout).toBe('Nothing has changed.\n')
    text = files['/srv/next.yaml'] ?? ''
    const proposed = await on(`openapi recheck ${name}`)
    expect(proposed.stdout).toContain('+ list_exhibits')
    expect(proposed.stdout).toEndWith(`To apply it: gatehouse openapi apply ${name}\n`)
    expect(await tools()).toHaveLength(4)
    expect((await on(`openapi show ${name}`)).stdout).toContain('1 added, 1 changed, 1 removed')
    expect((await on(`openapi apply ${name}`)).code).toBe(2)
    expect((await on(`openapi apply ${name} --yes`)).code).toBe(0)
    expect((await tools()).join()).toContain('list_exhibits')
    const again = await on(`openapi apply ${name} --yes`)
    expect(failed(again).slice(0, 2)).toEqual([2, 'error: Nothing waits to be applied'])
  })

  test('again with another filter plans the kept document anew', async () => {
    serve(() => files['/srv/museum.yaml'] ?? '')
    await on(`openapi import ${url()} --yes`)
    const { code, stdout } = await on(`openapi import ${url()} --yes --select tag=Visits`)
    expect([code, await tools()]).toEqual([0, ['list_opening_hours on']])
    expect(stdout).toContain('Applied: 0 added, 0 changed, 3 removed.')
  })

  test('another URL of the same host does not take the place of the first unasked', async () => {
    serve(() => files['/srv/museum.yaml'] ?? '')
    await on(`openapi import ${url()} --yes`)
    const other = await on(`openapi import ${url()}?v=2 --yes`)
    expect([other.code, written(other)]).toEqual([2, []])
    expect(other.stderr).toContain('--source')
  })
})
