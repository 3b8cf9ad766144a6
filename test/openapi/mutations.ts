import type { Raw } from './reference/document_graph.ts'
import { seeded } from './reference/seeded.ts'

/** A broken document and what was done to it. */
export interface BrokenDocument {
  readonly what: string
  readonly text: string
  /** An operation that has nothing to do with it, and has to be imported all the same. */
  readonly keeps?: string
}

type Path = readonly (string | number)[]

/** A small document with something of everything, on which the mutations work. */
export const goodDocument: Raw = {
  openapi: '3.1.0',
  info: { title: 'Good', version: '1' },
  servers: [{ url: 'https://{host}.example.com/v1', variables: { host: { default: 'api' } } }],
  tags: [{ name: 'things', description: 'Things' }],
  security: [{ key: [] }],
  paths: {
    '/things/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }],
      get: {
        operationId: 'getThing',
        summary: 'Get a thing',
        tags: ['things'],
        parameters: [
          { $ref: '#/components/parameters/Page' },
          {
            name: 'tags',
            in: 'query',
            explode: false,
            schema: { type: 'array', items: { type: 'string' } },
          },
        ],
        responses: {
          '200': {
            description: 'OK',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } },
          },
        },
      },
      put: {
        operationId: 'putThing',
        requestBody: {
          required: true,
          content: {
            'application/json': { schema: { $ref: '#/components/schemas/Thing' } },
            'multipart/form-data': {
              schema: {
                type: 'object',
                properties: { file: { type: 'string', format: 'binary' } },
              },
              encoding: { file: { contentType: 'image/png' } },
            },
          },
        },
        responses: { default: { description: 'Any' } },
      },
    },
    '/untouched': {
      get: { operationId: 'untouched', responses: { '200': { description: 'OK' } } },
    },
  },
  components: {
    parameters: { Page: { name: 'page', in: 'query', schema: { type: 'integer', minimum: 1 } } },
    schemas: {
      Thing: {
        type: 'object',
        required: ['name'],
        properties: {
          name: { type: 'string', pattern: '^[a-z]+$', maxLength: 9 },
          parent: { $ref: '#/components/schemas/Thing' },
          kind: { enum: ['a', 'b'] },
          either: { oneOf: [{ type: 'string' }, { type: 'integer' }] },
        },
      },
    },
    securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Key' } },
  },
}

/** Every place of a value but the root, parents first. */
function placesOf(value: Raw, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return []
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value)
  return keys.flatMap((key) => [[...path, key], ...placesOf(value[key], [...path, key])])
}

const parentOf = (document: Raw, path: Path): Raw =>
  path.slice(0, -1).reduce((at: Raw, key) => at[key], document)

function changed(path: Path, change: (parent: Raw, key: string | number) => void): string {
  const document = structuredClone(goodDocument)
  change(parentOf(document, path), path.at(-1) ?? '')
  return JSON.stringify(document)
}

const deepNest = (): Raw => {
  let nest: Raw = 'bottom'
  for (let depth = 0; depth < 90; depth++) nest = { properties: { nested: nest } }
  return nest
}

const replacements: readonly (readonly [string, () => Raw])[] = [
  ['null', () => null],
  ['a number', () => 4.5],
  ['a text', () => 'just text'],
  ['a list', () => [[], null, {}]],
  ['an empty object', () => ({})],
  ['true', () => true],
  ['a deep nest', deepNest],
  ['a reference to itself', () => ({ $ref: '#/components/schemas/Thing/properties/parent' })],
  ['a dangling reference', () => ({ $ref: '#/components/schemas/Nowhere' })],
  ['a foreign reference', () => ({ $ref: 'https://example.com/else.json#/x' })],
  ['a reference that is a number', () => ({ $ref: 7 })],
]

/** Whether a change there leaves `/untouched` alone. */
const isApart = ([first, second]: Path): boolean =>
  first === 'paths' ? second !== undefined && second !== '/untouched' : first !== 'openapi'

/** Every place of the good document in turn: removed, renamed or replaced by one of the above. */
export function mutations(): BrokenDocument[] {
  const random = seeded('mutations')
  return placesOf(goodDocument).flatMap((path) => {
    const at = `/${path.join('/')}`
    const keeps = isApart(path) ? { keeps: 'GET /untouched' } : {}
    const pick = random.below(replacements.length)
    const chosen = [replacements[pick]]
    return [
      {
        what: `${at} removed`,
        ...keeps,
        text: changed(path, (parent, key) => {
          if (Array.isArray(parent)) parent.splice(Number(key), 1)
          else delete parent[key]
        }),
      },
      ...chosen.map(([name, make] = ['null', () => null]) => ({
        what: `${at} is ${name}`,
        ...keeps,
        text: changed(path, (parent, key) => {
          parent[key] = make()
        }),
      })),
    ]
  })
}

/** The text of the good document with bytes changed, cut and doubled. */
export function scrambled(count: number): BrokenDocument[] {
  const random = seeded('scrambled')
  const text = JSON.stringify(goodDocument)
  return Array.from({ length: count }, (_, index) => {
    const at = random.below(text.length)
    const length = 1 + random.below(40)
    const kind = random.below(4)
    const odd = '{}[]":,\u0000\u202e%#&*!|>-'[random.below(17)] ?? '{'
    if (kind === 0) return { what: `${index} cut at ${at}`, text: text.slice(0, at) }
    const head = text.slice(0, at)
    if (kind === 1)
      return { what: `${index} lacks ${length} at ${at}`, text: head + text.slice(at + length) }
    if (kind === 2)
      return {
        what: `${index} has ${JSON.stringify(odd)} at ${at}`,
        text: head + odd + text.slice(at + 1),
      }
    return {
      what: `${index} doubled ${length} at ${at}`,
      text: head + text.slice(at, at + length) + text.slice(at),
    }
  })
}
