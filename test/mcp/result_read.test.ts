import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { systemClock } from '../../src/lib/clock.ts'
import { openStoreBeside, type StoreBeside } from '../helpers/connections.ts'
import { callLegacy, callModern } from '../helpers/mcp_client.ts'
import { startApp } from '../helpers/running_app.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'
import { type McpFixture, startMcpFixture } from './mcp_fixture.ts'

let fixture: McpFixture
let store: StoreBeside
let key: string
let laterByMs = 0
let wideId = 0
const dataDir = temporaryDir()
const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + laterByMs }
const settings = { allow_unverified_member_session_minting: 'true' }

const items = Array.from(
  { length: 300 },
  (_, id) => `{"id":${10n ** 17n + BigInt(id)},"name":"row ${id}"}`,
)
const whole = `{"items":[${items.join(',')}],"note":"${'é😀'.repeat(1_000)}","count":300}`

beforeAll(async () => {
  fixture = await startMcpFixture({ clock, dataDir, settings })
  store = openStoreBeside(dataDir)
  key = fixture.project.api_key
  fixture.upstream.answer = () =>
    new Response(whole, { headers: { 'content-type': 'application/json' } })
  wideId = await fixture.addTool('wide', { response: { max_result_bytes: 1024 } })
  await fixture.addTool('scoped', { response: { max_result_bytes: 1024 }, required_scopes: ['S'] })
})
afterAll(async () => {
  await store.close()
  await fixture.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

const callTool = async (token: string, name: string, args: object = {}) => {
  const params = { name, arguments: args }
  return (await callModern(fixture.url, token, 'tools/call', params)).body.result
}
const handleOf = async (token: string, name = 'wide'): Promise<string> => {
  const { content } = await callTool(token, name)
  return /"handle":"([\w-]{24})"/.exec(content[1].text)?.[1] ?? ''
}
const readWith = (token: string, args: object) => callTool(token, 'result_read', args)
const sessionOf = async (member: string) => {
  const asked = { member_external_id: member }
  const { body } = await fixture.app.api('POST', '/api/v1/mcp/session-token', asked, key)
  return String(body.token)
}
const connect = (person: string) => {
  const { project_id: projectId } = fixture.project
  return store.connect({
    projectId,
    email: `${person}@example.com`,
    clientId: person,
    granted: ['S'],
  })
}

const nothing =
  'No such result, or no longer. Call the tool again, more narrowly where its arguments allow that.'

/** A handle that answers nothing, as if there had never been one; nothing is sent to find out. */
async function expectNothing(token: string, handle: string) {
  const sent = await fixture.hitsDuring(async () => {
    const { isError, content } = await readWith(token, { handle })
    expect({ isError, text: content[0].text }).toEqual({ isError: true, text: nothing })
  })
  expect(sent).toBe(0)
}

describe('result_read', () => {
  test('reads the whole answer again, page by page, without asking the upstream', async () => {
    const handle = await handleOf(key)
    const sent = await fixture.hitsDuring(async () => {
      const read: string[] = []
      for (let offset: number | null = 0; offset !== null; ) {
        const path = '/items'
        const { content } = await readWith(key, { handle, path, offset })
        const { text } = content[0]
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024)
        read.push(text.slice(text.indexOf('"value":[') + 9, -2))
        offset = JSON.parse(text).next_offset
      }
      expect(read.join(',')).toBe(items.join(','))
    })
    expect(sent).toBe(0)
  })

  test('reads a long string and a single value by their paths', async () => {
    const handle = await handleOf(key)
    let note = ''
    for (let offset: number | null = 0; offset !== null; ) {
      const { structuredContent } = await readWith(key, { handle, path: 'note', offset })
      note += structuredContent.value
      offset = structuredContent.next_offset
    }
    expect(note).toBe('é😀'.repeat(1_000))
    const one = await readWith(key, { handle, path: 'items[7].id' })
    expect(one.content[0].text).toContain('"value":100000000000000007}')
  })

  test('gives a text back to the letter', async () => {
    const answer = fixture.upstream.answer
    const text = 'one line, äöü "quoted"\r\n\ttwo 😀\n'.repeat(200)
    fixture.upstream.answer = () => new Response(text)
    const handle = await handleOf(key)
    fixture.upstream.answer = answer
    let read = ''
    for (let offset: number | null = 0; offset !== null; ) {
      const { structuredContent } = await readWith(key, { handle, offset, limit: 333 })
      expect(structuredContent).toMatchObject({ kind: 'text', total: text.length })
      read += structuredContent.value
      offset = structuredContent.next_offset
    }
    expect(read).toBe(text)
  })

  test('a path that leads nowhere, or arguments that do not fit, say so', async () => {
    const handle = await handleOf(key)
    const textOf = async (args: object) => {
      const { isError, content } = await readWith(key, args)
      expect(isError).toBe(true)
      return content[0].text
    }
    expect(await textOf({ handle, path: '/nope' })).toStartWith('The path leads nowhere')
    expect(await textOf({ handle, path: 'a..b' })).toStartWith('The path leads nowhere')
    expect(await textOf({})).toContain('handle must be a string')
    expect(await textOf({ handle, offset: -1 })).toContain('offset must be an integer')
    expect(await textOf({ handle, limit: 0 })).toContain('limit must be an integer')
    expect(await textOf({ handle, member_id: 1 })).toContain('no argument "member_id"')
  })

  test('is listed where a tool cuts its answers, and nowhere else', async () => {
    const names = async (token: string, url = fixture.url) => {
      const { body } = await callLegacy(url, token, 'tools/list')
      return body.result.tools.map(({ name }: { name: string }) => name)
    }
    expect(await names(key)).toContain('result_read')
    const path = `/api/v1/custom-tools/${wideId}`
    const scoped = (
      await fixture.app.api('GET', `/api/v1/custom-tools?project_id=${fixture.project.project_id}`)
    ).body.items
    for (const { id } of scoped)
      await fixture.app.api('PATCH', `/api/v1/custom-tools/${id}`, { is_enabled: false })
    expect(await names(key)).not.toContain('result_read')
    for (const { id } of scoped)
      await fixture.app.api('PATCH', `/api/v1/custom-tools/${id}`, { is_enabled: true })
    await fixture.app.api('PATCH', path, { response: { fields: ['items'] } })
    expect(await names(key)).toContain('result_read')
    await fixture.app.api('PATCH', path, { response: { max_result_bytes: 1024 } })
  })
})

describe('a handle', () => {
  test('is its caller alone: not another integration, member or connection', async () => {
    const other = await fixture.addIntegration()
    const [ada, bob] = [await sessionOf('ada'), await sessionOf('bob')]
    const [eve, kim] = [await connect('eve'), await connect('kim')]
    const callers = [key, other.key, ada, bob, eve.token, kim.token]
    for (const owner of callers) {
      const handle = await handleOf(owner)
      expect(handle).toHaveLength(24)
      for (const caller of callers) {
        if (caller === owner) expect((await readWith(caller, { handle })).isError).toBeUndefined()
        else await expectNothing(caller, handle)
      }
    }
  })

  test('belongs to the member, not to the token', async () => {
    const handle = await handleOf(await sessionOf('ada'))
    const again = await readWith(await sessionOf('ada'), { handle, path: '/count' })
    expect(again.structuredContent.value).toBe(300)
  })

  test('that nobody got is answered alike', async () => {
    await expectNothing(key, 'A'.repeat(24))
    await expectNothing(key, '')
    await expectNothing(key, 'x'.repeat(5_000))
  })

  test('ends with the tool, with its being disabled, and with the scopes it requires', async () => {
    const eve = await connect('scoped')
    const handle = await handleOf(eve.token, 'scoped')
    expect((await readWith(eve.token, { handle })).isError).toBeUndefined()
    const less = await store.issue(eve.grantId, { scopes: [] })
    await expectNothing(less, handle)
    const mine = await handleOf(key)
    const path = `/api/v1/custom-tools/${wideId}`
    await fixture.app.api('PATCH', path, { is_enabled: false })
    await expectNothing(key, mine)
    await fixture.app.api('PATCH', path, { is_enabled: true })
    expect((await readWith(key, { handle: mine })).isError).toBeUndefined()
  })

  test('ends with its credential: a revoked key reads nothing', async () => {
    const made = await fixture.addIntegration({ name: 'revoked' })
    const handle = await handleOf(made.key)
    await fixture.app.api('PATCH', `/api/v1/integrations/${made.id}`, { is_active: false })
    const params = { name: 'result_read', arguments: { handle } }
    const { status } = await callModern(fixture.url, made.key, 'tools/call', params)
    expect(status).toBe(401)
  })

  test('ends after an hour', async () => {
    const handle = await handleOf(key)
    laterByMs += 3_599_000
    expect((await readWith(key, { handle })).isError).toBeUndefined()
    laterByMs += 2_000
    await expectNothing(key, handle)
  })

  test('counts against the rate limit of its caller, as a call does', async () => {
    const made = await fixture.addIntegration({ name: 'slow', calls_per_minute: 2 })
    const handle = await handleOf(made.key)
    expect((await readWith(made.key, { handle })).isError).toBeUndefined()
    const params = { name: 'result_read', arguments: { handle } }
    expect((await callModern(fixture.url, made.key, 'tools/call', params)).status).toBe(429)
  })

  test('survives a restart, and what it names lies sealed until then', async () => {
    const handle = await handleOf(key)
    const { url, stop } = await restarted()
    try {
      const params = { name: 'result_read', arguments: { handle, path: '/count' } }
      const { body } = await callModern(`${url}/mcp`, key, 'tools/call', params)
      expect(body.result.structuredContent).toMatchObject({ kind: 'value', value: 300 })
    } finally {
      await stop()
    }
  })
})

/** The product again, over the same directory; the first is stopped for good. */
async function restarted() {
  await store.close()
  await fixture.app.stop()
  const files = new Bun.Glob('gatehouse.db*').scan(dataDir)
  for await (const file of files) {
    expect(await Bun.file(`${dataDir}/${file}`).bytes().then(hasPlainText)).toBe(false)
  }
  return startApp({ clock, dataDir, settings })
}

const hasPlainText = (bytes: Uint8Array) => Buffer.from(bytes).includes('"row 299"')
