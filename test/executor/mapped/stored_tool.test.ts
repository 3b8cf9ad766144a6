import { afterAll, beforeAll, expect, test } from 'bun:test'
import { MasterKey } from '../../../src/crypto/master_key.ts'
import { checkDefinition } from '../../../src/executor/check_definition.ts'
import { Connector } from '../../../src/executor/connector/connector.ts'
import { createGuard } from '../../../src/executor/guard_target.ts'
import { ToolCache } from '../../../src/executor/resolve_tool.ts'
import { sendRequest } from '../../../src/executor/send_request.ts'
import { signRequest } from '../../../src/executor/sign_request.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import type { JsonObject } from '../../../src/lib/json.ts'
import { parseEgressEntry } from '../../../src/model/egress_entry.ts'
import type { RequestMap } from '../../../src/model/request_map.ts'
import type { ToolDefinition } from '../../../src/model/tool.ts'
import { insertProject } from '../../../src/store/project_store.ts'
import { putRequestMap } from '../../../src/store/request_map_store.ts'
import { insertTool } from '../../../src/store/tool_store.ts'
import { answer, type RawUpstream, startRawUpstream } from '../../helpers/raw_upstream.ts'
import { openTestStore, type TestStore } from '../../helpers/test_store.ts'
import { alice, definition, refusal } from '../request_fixture.ts'
import { stamp } from '../sign_fixture.ts'
import { body, encoding, parameter, requestMap } from './mapped_fixture.ts'

const nowMs = 1_760_000_000_000
const map: RequestMap = requestMap({
  path: '/files/{id}',
  parameters: [
    parameter({ in: 'path', name: 'id', style: 'simple', explode: false }),
    parameter({ in: 'cookie', name: 'theme' }),
  ],
  body: body({
    kind: 'multipart',
    contentType: 'multipart/form-data',
    encoding: { file: encoding({ isFile: true }) },
  }),
})

let store: TestStore
let upstream: RawUpstream
let projectId: number
const connector = new Connector()

beforeAll(async () => {
  store = openTestStore()
  upstream = startRawUpstream((connection) => connection.end(answer('{}')))
  const project = { slug: 'p', name: 'p', description: '', nowMs }
  projectId = (await store.database.write(() => insertProject(project)))?.id ?? 0
})
afterAll(async () => {
  connector.close()
  upstream.stop()
  await store.close()
})

const origin = () => `http://127.0.0.1:${upstream.port}`
const entries = () => [parseEgressEntry(origin())]

async function storeTool(name: string, parts: Partial<ToolDefinition>): Promise<ToolCache> {
  const whole = definition({
    name,
    baseUrl: origin(),
    httpMethod: 'POST',
    endpointPath: map.path,
    ...parts,
  })
  const content = { definition: whole, contentHash: name, createdBy: 'test', nowMs }
  await store.database.write(() => insertTool({ ...content, projectId, isEnabled: true }))
  const { database } = store
  const masterKey = new MasterKey(new Uint8Array(32))
  return new ToolCache({ database, clock: systemClock, masterKey, egressEntries: entries() })
}

test('a stored map comes with its tool, and its bytes arrive as they were rendered', async () => {
  await store.database.write(() => putRequestMap('a'.repeat(64), map))
  const cache = await storeTool('upload', { requestMap: 'a'.repeat(64) })
  const compiled = await cache.resolve(projectId, 1, 'upload')
  if (compiled === null || compiled.auth === null) throw new Error('no tool')
  const args: JsonObject = {
    pathParams: { id: 'a/b' },
    cookies: { theme: 'dark; admin=1' },
    body: { note: 'x', file: { base64: '/wD/', filename: 'ü.bin' } },
  }
  const rendered = compiled.plan.render(compiled.plan.accept(args), alice)
  const resolver = { resolve: async () => [] }
  const guard = createGuard({ resolver, entries: entries(), ownAddresses: () => [] })
  const signed = signRequest(rendered, compiled.auth, stamp({ member: null }))
  const limits = { deadlineAtMs: performance.now() + 5_000, maxResponseBytes: 1_000, signal: null }
  await sendRequest(connector, await guard.check(compiled.baseUrl), signed, limits)
  const [request] = upstream.requests
  const head = request?.head ?? ''
  expect(head).toStartWith('POST /files/a%2Fb HTTP/1.1\r\n')
  expect(head.match(/^cookie: .*$/gim)).toEqual(['Cookie: theme=dark%3B%20admin%3D1'])
  const boundary = /boundary=(gatehouse-[0-9a-f]{40})\r/.exec(head)?.[1] ?? ''
  expect(request?.body).toEqual(
    Buffer.concat([
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="note"\r\n\r\nx\r\n`),
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="file"; `),
      Buffer.from('filename="ü.bin"\r\nContent-Type: application/octet-stream\r\n\r\n'),
      Buffer.from([0xff, 0, 0xff]),
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]),
  )
})

test('a tool whose map is lost says so', async () => {
  const cache = await storeTool('lost', { requestMap: 'b'.repeat(64) })
  const failure = await cache.resolve(projectId, 1, 'lost').then(
    () => null,
    (error) => error,
  )
  expect(failure?.code).toBe('tool_execution_failed')
  expect(failure?.reason).toContain('request map')
})

test('an imported tool has no templates and the path of its document', () => {
  const imported = definition({ requestMap: 'a'.repeat(64), endpointPath: map.path })
  const check = (parts: Partial<ToolDefinition>) =>
    checkDefinition({ ...imported, ...parts }, { secret: null, map }, [])
  check({ description: 'Another.' })
  const parts = { headersTemplate: {}, queryTemplate: {}, bodyTemplate: {}, endpointPath: '/x' }
  const error = refusal('validation_failed', () => check(parts))
  expect(error.errors.map(({ pointer }) => pointer)).toEqual([
    '/headers_template',
    '/query_template',
    '/body_template',
    '/endpoint_path',
  ])
})
