import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { callLegacy } from '../helpers/mcp_client.ts'
import { type House, startHouse } from './house.ts'

let house: House
let count = 0

beforeAll(async () => {
  house = await startHouse()
})
afterAll(() => house.stop())

const whole = (fields: Record<string, unknown>): Record<string, unknown> => ({
  project_id: house.projectId,
  name: `tool-${++count}`,
  base_url: house.upstream.url,
  http_method: 'GET',
  endpoint_path: '/things',
  ...fields,
})

describe('the body itself', () => {
  const post = (body: string, headers: Record<string, string>) =>
    fetch(`${house.url}/api/v1/custom-tools`, {
      method: 'POST',
      headers: { authorization: `Bearer ${house.adminToken}`, ...headers },
      body,
    })
  const codeOf = async (response: Response) => {
    const { code } = (await response.json()) as { code: string }
    return [response.status, code]
  }

  test('of another media type is 415', async () => {
    const text = JSON.stringify(whole({}))
    for (const type of ['text/plain', 'application/xml', 'multipart/form-data; boundary=x']) {
      const response = await post(text, { 'content-type': type })
      expect(await codeOf(response)).toEqual([415, 'unsupported_media_type'])
    }
    expect((await post(text, { 'content-type': 'application/json; charset=utf-8' })).status).toBe(
      201,
    )
  })

  test.each([
    ['cut off', '{"name":', 'malformed_json'],
    ['no JSON', 'name=x', 'malformed_json'],
    ['followed by more', '{} {}', 'malformed_json'],
    ['with a comment', '{/* */}', 'malformed_json'],
    ['with a trailing comma', '{"a":1,}', 'malformed_json'],
    ['empty', '', 'malformed_json'],
    ['with a key twice', '{"name":"a","name":"b"}', 'duplicate_key'],
    [
      'with a key twice, deep down',
      '{"input_schema":{"type":"object","type":"array"}}',
      'duplicate_key',
    ],
  ])('%s is 400', async (_what, text, code) => {
    expect(await codeOf(await post(text, { 'content-type': 'application/json' }))).toEqual([
      400,
      code,
    ])
  })

  test('that is JSON but no object is 422', async () => {
    for (const text of ['[]', '1', '"x"', 'null', 'true']) {
      const response = await post(text, { 'content-type': 'application/json' })
      expect(await codeOf(response)).toEqual([422, 'validation_failed'])
    }
  })

  test('that is missing is no fault of ours: every field required is named', async () => {
    const path = '/api/v1/custom-tools'
    expect((await house.api('POST', path)).body.errors).toHaveLength(4)
    const tool = await house.addTool({ name: 'there' })
    expect((await house.api('PATCH', `${path}/${tool.id}`)).status).toBe(200)
    expect((await house.api('POST', `${path}/${tool.id}/execute`)).status).toBe(200)
  })
})

describe('numbers', () => {
  const numbers = {
    maximum: '9007199254740993',
    const: '123456789012345678901234567890',
    multipleOf: '0.12345678901234567891',
    default: '1e400',
  }
  const schema = `{"type":"object","properties":{"n":{"type":"number",${Object.entries(numbers)
    .map(([key, digits]) => `"${key}":${digits}`)
    .join(',')}}}}`
  const body = () =>
    JSON.stringify(whole({ name: 'exact' })).replace('}', `,"input_schema":${schema}}`)

  test('of input_schema are kept digit by digit, at the API, in versions and in tools/list', async () => {
    const answer = await house.api('POST', '/api/v1/custom-tools', body())
    expect(answer.status).toBe(201)
    const headers = { authorization: `Bearer ${house.adminToken}` }
    const path = `${house.url}/api/v1/custom-tools/${answer.body.id}`
    const shown = await Promise.all(
      [path, `${path}/versions`].map(async (url) => (await fetch(url, { headers })).text()),
    )
    const listed = await callLegacy(`${house.url}/mcp`, house.apiKey, 'tools/list')
    for (const text of [...shown, listed.text]) {
      for (const [key, digits] of Object.entries(numbers))
        expect(text).toContain(`"${key}":${digits}`)
    }
  })
})
