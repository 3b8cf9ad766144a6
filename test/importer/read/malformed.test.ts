import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { AppError } from '../../../src/errors.ts'
import type { ApiDocument } from '../../../src/importer/api_document.ts'
import type { JsonObject } from '../../../src/lib/json.ts'
import { compileSchema } from '../../../src/lib/json_schema/compile_schema.ts'
import { brokenInputs } from './broken_inputs.ts'
import { brokenSchemas } from './broken_schemas.ts'
import { codesOf, oneOperation, readText } from './read_text.ts'
import { unreadableInputs } from './unreadable_inputs.ts'

/** Longest any of these inputs may take, generous for a busy machine. */
const maxMs = 15_000

function refusal(input: unknown): AppError {
  try {
    readText(input)
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('It was read.')
}

/** Every finding says where, why and what to do, and every schema can be compiled. */
function expectSound(document: ApiDocument): void {
  for (const { pointer, reason, fix, code } of document.findings) {
    expect(pointer).toMatch(/#(?:$|\/)/)
    expect(reason).toMatch(/\.$|…$/)
    expect(fix).toMatch(/\.$|…$/)
    expect(code).toMatch(/^[a-z_]+$/)
  }
  const $defs = document.defs as JsonObject
  for (const { parameters, body, responses } of document.operations) {
    const contents = [...(body?.contents ?? []), ...responses.flatMap((one) => one.contents)]
    for (const { schema } of [...parameters, ...contents]) compileSchema({ $defs, allOf: [schema] })
  }
}

describe('what is no API description', () => {
  test.each(unreadableInputs)('is refused with the reason: %s', (_name, input, outcome) => {
    const startedAt = performance.now()
    const error = refusal(input)
    expect(error.code).toBe('document_unreadable')
    expect(error.status).toBe(422)
    expect(error.reason).toMatch(outcome)
    expect(performance.now() - startedAt).toBeLessThan(maxMs)
  })

  test('is refused where it is larger than 32 MiB', () => {
    const text = `openapi: 3.1.0\n${'#'.repeat(32 * 1024 * 1024)}`
    expect(refusal(text).reason).toMatch(/32 MiB/)
  })
})

describe('a document that is broken in one place', () => {
  const rows = [...brokenInputs, ...brokenSchemas].map(([name, input, codes, left = 1]) => ({
    name,
    input,
    codes,
    left,
  }))
  test.each(rows)('is read as far as it can be: $name', ({ input, codes, left }) => {
    const document = readText(input)
    expect(codesOf(document)).toEqual([...codes])
    expect(document.operations).toHaveLength(left)
    expectSound(document)
  })

  test('never lists more than 2,000 findings and counts the rest', () => {
    const list = Array.from({ length: 3_000 }, (_, index) => ({ in: 'query', x: index }))
    const { findings } = readText(oneOperation({ parameters: list }))
    expect(findings).toHaveLength(2_001)
    expect(findings.at(-1)?.code).toBe('more_findings')
    expect(findings.at(-1)?.reason).toMatch(/^1001 /)
  })
})

describe('a document made to take long', () => {
  const spaces = { content: { [`${' '.repeat(200_000)}a/b`]: {} } }
  const chain = Object.fromEntries(
    Array.from({ length: 20_000 }, (_, index) => [
      `A${index}`,
      { $ref: `#/components/schemas/A${(index + 1) % 20_000}` },
    ]),
  )
  const line = (link: (next: object) => object) =>
    Object.fromEntries(
      Array.from({ length: 30_000 }, (_, index) => [
        `A${index}`,
        index === 29_999 ? {} : link({ $ref: `#/components/schemas/A${index + 1}` }),
      ]),
    )
  const crowd = Object.fromEntries(
    Array.from({ length: 100 }, (_, index) => [
      `A${index}`,
      {
        oneOf: Object.keys(chain)
          .slice(0, 100)
          .map((name) => ({ $ref: `#/components/schemas/${name}` })),
      },
    ]),
  )
  const usesA0 = {
    responses: { 200: { content: { 'a/b': { schema: { $ref: '#/components/schemas/A0' } } } } },
  }

  test.each([
    ['white space in a media type', oneOperation({ requestBody: spaces })],
    ['a ring of 20,000 references', oneOperation(usesA0, { components: { schemas: chain } })],
    ['100 schemas that each list all', oneOperation(usesA0, { components: { schemas: crowd } })],
    [
      'braces without end',
      { openapi: '3.1.0', servers: [{ url: '{'.repeat(300_000) }], paths: {} },
    ],
    ['two million values', { openapi: '3.1.0', paths: {}, x: new Array(2_000_000).fill(1) }],
    [
      'a long list of numbers where operations belong',
      { openapi: '3.1.0', paths: new Array(200_000).fill(1) },
    ],
  ])('takes no longer than another: %s', (_name, document) => {
    const startedAt = performance.now()
    expect(readText(document).specVersion).toBe('3.1')
    expect(performance.now() - startedAt).toBeLessThan(maxMs)
  })

  test.each([
    ['$ref', (next: object) => next],
    ['property', (next: object) => ({ properties: { next } })],
  ])('is read no further than 1,000 references from an operation: %s', (name, link) => {
    const read = readText(oneOperation(usesA0, { components: { schemas: line(link) } }))
    expect(Object.keys(read.defs)).toHaveLength(1_000)
    expect(read.defs['A999']).toEqual(name === '$ref' ? true : { properties: { next: true } })
    expect(codesOf(read)).toEqual(['reference_chain'])
  })

  test('is refused where it has more than three million values', () => {
    const document = { openapi: '3.1.0', paths: {}, x: new Array(3_100_000).fill(1) }
    expect(refusal(document).reason).toMatch(/more than 3000000 values/)
  })
})

const rich = oneOperation(
  {
    operationId: 'x',
    tags: ['a'],
    security: [{ key: [] }],
    servers: [{ url: 'https://{a}.example.com', variables: { a: { default: 'b', enum: ['b'] } } }],
    requestBody: {
      content: {
        'multipart/form-data': {
          schema: { $ref: '#/components/schemas/A' },
          encoding: { a: { style: 'form', headers: { h: { schema: { type: 'string' } } } } },
        },
      },
    },
    responses: {
      200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/B' } } } },
    },
  },
  {
    components: {
      securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'k' } },
      schemas: {
        A: {
          type: 'object',
          required: ['a'],
          properties: { a: { type: 'string', pattern: '^a$' } },
        },
        B: {
          allOf: [{ $ref: '#/components/schemas/A' }],
          oneOf: [{ $ref: '#/components/schemas/C' }],
        },
        C: { type: ['array', 'null'], items: { $ref: '#/components/schemas/B' }, minItems: 1 },
      },
    },
  },
)

const junk = fc.oneof(
  fc.constantFrom(null, true, 0, -1, '', 'x', '#', '#/', 'string', [], {}, [null], [[]]),
  fc.constantFrom(
    { $ref: '#' },
    { $ref: '#/components/schemas/B' },
    { $ref: '#/paths/~1x~1{id}/post' },
    { type: 'array', items: { $ref: '#' } },
    { allOf: [{ $ref: '#/components/schemas/B' }] },
  ),
  fc.jsonValue({ maxDepth: 2 }),
)

function placesOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, inner]) => placesOf(inner, [...path, key]))]
}

function replaced(value: unknown, path: readonly string[], by: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined || typeof value !== 'object' || value === null) return by
  const copy = Array.isArray(value) ? [...value] : { ...value }
  Reflect.set(copy, key, replaced(Reflect.get(value, key), rest, by))
  return copy
}

function readsOrRefuses(input: unknown): void {
  const startedAt = performance.now()
  try {
    expectSound(readText(input))
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'document_unreadable') throw error
    expect(error.reason).toMatch(/\.$/)
    expect(error.reason).not.toMatch(/built in a way/)
  }
  expect(performance.now() - startedAt).toBeLessThan(maxMs)
}

describe('whatever happens to a document', () => {
  const places = placesOf(rich).slice(1)

  test('anything in place of any of its parts is read or refused', () => {
    const change = fc.tuple(fc.constantFrom(...places), junk)
    const property = fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      readsOrRefuses(
        changes.reduce<unknown>((document, [path, by]) => replaced(document, path, by), rich),
      )
    })
    fc.assert(property, { numRuns: 1_500, interruptAfterTimeLimit: 8_000 })
  })

  test('any cut or overwritten text is read or refused', () => {
    const texts = [JSON.stringify(rich, null, 1), Bun.YAML.stringify(rich, null, 2)]
    const piece = fc.oneof(
      fc.string({ maxLength: 6 }),
      fc.constantFrom('{', '[', '- ', ': ', '\n', '&a ', '*a', '"'),
    )
    const cut = fc.tuple(fc.nat(2_000), fc.nat(40), piece)
    const property = fc.property(
      fc.constantFrom(...texts),
      fc.array(cut, { maxLength: 3 }),
      (text, cuts) => {
        readsOrRefuses(
          cuts.reduce(
            (left, [at, length, put]) => left.slice(0, at) + put + left.slice(at + length),
            text,
          ),
        )
      },
    )
    fc.assert(property, { numRuns: 800, interruptAfterTimeLimit: 8_000 })
  })
})
