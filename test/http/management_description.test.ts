import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import Ajv2020 from 'ajv/dist/2020.js'
import { catalogue } from '../../src/errors.ts'
import { type House, startHouse } from './house.ts'
import { readServedApi, type ServedApi } from './served_api.ts'

let house: House
let served: ServedApi

beforeAll(async () => {
  house = await startHouse()
  served = await readServedApi(house)
})
afterAll(() => house.stop())

/** Every object within a value that has the key, with its place. */
function* having(value: unknown, key: string, place = '#'): Generator<[string, unknown]> {
  if (typeof value !== 'object' || value === null) return
  if (Object.hasOwn(value, key)) yield [place, (value as Record<string, unknown>)[key]]
  for (const [name, member] of Object.entries(value)) yield* having(member, key, `${place}/${name}`)
}

describe('/openapi.json', () => {
  test('is OpenAPI 3.1 with all that the specification requires', () => {
    const { openapi, info, paths, components } = served.document
    expect(openapi).toMatch(/^3\.1\.\d$/)
    expect(info).toMatchObject({ title: expect.any(String), version: expect.any(String) })
    expect(Object.keys(paths).every((path) => path.startsWith('/api/v1/'))).toBe(true)
    for (const kind of Object.values<object>(components)) {
      for (const name of Object.keys(kind)) expect(name).toMatch(/^[a-zA-Z0-9._-]+$/)
    }
  })

  test('gives every operation a name of its own, a summary, a tag, a way in and its answers', () => {
    const ids = served.operations.map(({ operationId }) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
    const schemes = Object.keys(served.document.components.securitySchemes)
    for (const { operationId, described } of served.operations) {
      expect(operationId).toMatch(/^[a-z][A-Za-z]+$/)
      expect(described.summary).toBeString()
      expect(described.tags).toHaveLength(1)
      expect(described.security.flatMap(Object.keys)).toEqual(schemes)
      const statuses = Object.keys(described.responses)
      expect(statuses.some((status) => status.startsWith('2'))).toBe(true)
      for (const status of ['400', '401', '403', '404', '422', '429', '500', '503']) {
        expect(statuses).toContain(status)
      }
      for (const response of Object.values<{ description: string }>(described.responses)) {
        expect(response.description).toBeString()
      }
    }
  })

  test('declares every parameter that a path holds, and no other', () => {
    for (const { path, described } of served.operations) {
      const inPath = (described.parameters ?? []).filter((one: { in: string }) => one.in === 'path')
      const held = [...path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1])
      expect(inPath.map((one: { name: string }) => one.name)).toEqual(held)
      for (const one of inPath) expect(one.required).toBe(true)
    }
  })

  test('refers to nothing that is not there, and its schemas are JSON Schema 2020-12', () => {
    for (const [place, ref] of having(served.document, '$ref')) {
      const name = /^#\/components\/schemas\/(.+)$/.exec(String(ref))?.[1] ?? ''
      expect(Object.keys(served.document.components.schemas), place).toContain(name)
    }
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    const schemas = [...having(served.document, 'schema')].map(([, schema]) => schema)
    for (const schema of [...schemas, ...Object.values(served.document.components.schemas)]) {
      expect(ajv.validateSchema(schema as object)).toBe(true)
    }
    // Words of OpenAPI 3.0 that 3.1 took out.
    expect([...having(served.document, 'nullable')]).toEqual([])
  })

  test('says of every body that it takes no other fields', () => {
    for (const { operationId, described } of served.operations) {
      const schema = described.requestBody?.content['application/json'].schema
      if (schema === undefined) continue
      const name = /^#\/components\/schemas\/(.+)$/.exec(schema.$ref)?.[1] ?? ''
      const { additionalProperties } = served.document.components.schemas[name]
      expect({ operationId, additionalProperties }).toEqual({
        operationId,
        additionalProperties: false,
      })
    }
  })

  test('documents every error code', () => {
    const { description } = served.document.components.schemas.Problem.properties.code
    for (const code of Object.keys(catalogue)) expect(description).toContain(`\`${code}\``)
  })

  test('is public and the same for everyone; it names no id, host or secret of this instance', async () => {
    const anonymous = await house.api('GET', '/openapi.json', undefined, null)
    expect(anonymous.body).toEqual(served.document)
    const text = JSON.stringify(anonymous.body)
    for (const own of [house.host, house.apiKey, house.adminToken, house.dataDir]) {
      expect(text).not.toContain(own)
    }
  })
})

describe('/openapi.yaml', () => {
  test('is the same description', async () => {
    const response = await fetch(`${house.url}/openapi.yaml`)
    expect(response.headers.get('content-type')).toStartWith('application/yaml')
    expect(Bun.YAML.parse(await response.text())).toEqual(served.document)
  })
})

describe('what every answer has', () => {
  test('a request id of its own, no sniffing, and no caching below /api', async () => {
    const ids = new Set<string | null>()
    for (const path of [
      '/api/v1/projects',
      '/api/v1/projects/999',
      '/api/v1/nowhere',
      '/nowhere',
    ]) {
      const { headers } = await served.api('GET', path)
      ids.add(headers.get('x-request-id'))
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('cache-control')).toBe('no-store')
    }
    expect(ids.size).toBe(4)
  })

  test('a caller cannot choose the request id', async () => {
    const response = await fetch(`${house.url}/api/v1/projects`, {
      headers: { authorization: `Bearer ${house.adminToken}`, 'x-request-id': 'chosen' },
    })
    expect(response.headers.get('x-request-id')).not.toBe('chosen')
  })

  test('case 269: the probes say how it is and nothing else', async () => {
    for (const [path, status] of [
      ['/healthz', 'ok'],
      ['/livez', 'ok'],
      ['/readyz', 'ready'],
    ]) {
      const { body, headers } = await house.api('GET', String(path), undefined, null)
      expect(body).toEqual({ status })
      expect(headers.get('cache-control')).toBe('no-store')
    }
  })
})
