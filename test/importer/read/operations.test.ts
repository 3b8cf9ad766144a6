import { describe, expect, test } from 'bun:test'
import { codesOf, first, idParameter, oneOperation, readText } from './read_text.ts'

const query = (parameter: object) => {
  const document = readText(
    oneOperation({ parameters: [idParameter, { name: 'a', in: 'query', ...parameter }] }),
  )
  return first(document).parameters[1]
}

describe('parameters', () => {
  test.each([
    ['path', 'simple', false],
    ['query', 'form', true],
    ['header', 'simple', false],
    ['cookie', 'form', true],
  ])('in %s are written %s unless told', (place, style, explode) => {
    const parameter = { name: 'a', in: place, schema: { type: 'string' } }
    const paths = { '/x/{a}': { get: { parameters: [parameter] } } }
    const document = readText({ openapi: '3.1.0', paths })
    expect(first(document).parameters[0]).toMatchObject({
      in: place,
      style,
      explode,
      allowReserved: false,
    })
  })

  test.each(['deepObject', 'pipeDelimited', 'spaceDelimited'])(
    '%s does not explode unless told',
    (style) => {
      expect(query({ style })).toMatchObject({ style, explode: false })
      expect(query({ style, explode: true })).toMatchObject({ style, explode: true })
    },
  )

  test('of the operation replace those of the path, by name and place', () => {
    const shared = [
      { name: 'a', in: 'query', schema: { type: 'string' } },
      { name: 'b', in: 'query', schema: { type: 'string' } },
    ]
    const own = [
      { name: 'a', in: 'query', schema: { type: 'integer' } },
      { name: 'a', in: 'header', schema: {} },
    ]
    const document = readText({
      openapi: '3.0.0',
      paths: { '/x': { parameters: shared, get: { parameters: own } } },
    })
    const got = first(document).parameters.map((one) => [one.in, one.name, one.schema])
    expect(got).toEqual([
      ['query', 'a', { type: 'integer' }],
      ['header', 'a', {}],
      ['query', 'b', { type: 'string' }],
    ])
  })

  test('with content carry its media type, schema and example', () => {
    const content = { 'application/json': { schema: { type: 'object' }, example: { x: 1 } } }
    expect(query({ content })).toMatchObject({
      contentType: 'application/json',
      schema: { type: 'object' },
      example: { x: 1 },
    })
  })

  test('Accept, Content-Type and Authorization are told of once', () => {
    const list = ['Accept', 'content-type', 'AUTHORIZATION'].map((name) => ({ name, in: 'header' }))
    const document = readText(oneOperation({ parameters: [idParameter, ...list] }))
    expect(first(document).parameters).toHaveLength(1)
    expect(document.findings).toHaveLength(1)
    expect(document.findings[0]?.reason).toMatch(/^Header parameters .*: 3\.$/)
  })

  test('of 3.2 may be the whole query, or a cookie that is not escaped', () => {
    const list = [
      { name: 'q', in: 'querystring', content: { 'application/json': { schema: {} } } },
      { name: 'c', in: 'cookie', style: 'cookie', schema: {} },
    ]
    const document = readText(
      oneOperation({ parameters: [idParameter, ...list] }, { openapi: '3.2.0' }),
    )
    expect(document.findings).toEqual([])
    expect(first(document).parameters.slice(1)).toMatchObject([
      { in: 'querystring', contentType: 'application/json' },
      { in: 'cookie', style: 'cookie', explode: true },
    ])
  })

  test('of the path are always required, and made where only the path has them', () => {
    const document = readText({
      openapi: '3.0.0',
      paths: { '/a/{b}/{c}': { get: { parameters: [{ name: 'b', in: 'path' }] } } },
    })
    expect(first(document).parameters).toMatchObject([
      { name: 'b', required: true, schema: true },
      { name: 'c', required: true, schema: { type: 'string' } },
    ])
  })
})

describe('operations', () => {
  test('whose paths differ in fragment or query alone stay apart', () => {
    const paths = { '/x#a': { get: {} }, '/x#b': { get: {} }, '/x?a=1': { get: {} } }
    const document = readText({ openapi: '3.0.0', paths, 'x-ms-paths': { '/y?b': { get: {} } } })
    expect(document.operations.map((one) => one.key)).toEqual([
      'GET /x#a',
      'GET /x#b',
      'GET /x?a=1',
      'GET /y?b',
    ])
    expect(document.findings).toEqual([])
  })

  test('point to where they are listed, also through a $ref', () => {
    const document = readText({
      openapi: '3.1.0',
      paths: { '/a': { $ref: '#/components/pathItems/P' } },
      components: {
        pathItems: { P: { delete: { operationId: 'd', 'x-a': 1, tags: ['t'], deprecated: true } } },
      },
    })
    expect(first(document)).toMatchObject({
      key: 'DELETE /a',
      pointer: '#/paths/~1a/delete',
      operationId: 'd',
      tags: ['t'],
      isDeprecated: true,
      extensions: { 'x-a': 1 },
    })
  })

  test('that are broken leave the others alone and say where, why and what to do', () => {
    const document = readText({
      openapi: '3.0.0',
      paths: { '/a': { get: { parameters: [{ $ref: '#/no' }] }, put: {} } },
    })
    expect(document.operations.map((one) => one.key)).toEqual(['PUT /a'])
    expect(document.findings).toEqual([
      {
        severity: 'error',
        code: 'dangling_reference',
        operation: 'GET /a',
        pointer: '#/paths/~1a/get/parameters/0',
        reason: 'The $ref #/no of a parameter cannot be followed: there is no no.',
        fix: 'Mend the $ref, or import the file it names along with this one.',
      },
    ])
  })

  test('may take a body on GET and DELETE', () => {
    const requestBody = {
      content: { 'Application/JSON; Charset=UTF-8': { schema: {} } },
      required: true,
    }
    const document = readText({
      openapi: '3.0.0',
      paths: { '/a': { get: { requestBody }, delete: { requestBody } } },
    })
    expect(document.operations.map((one) => one.body?.contents[0]?.mediaType)).toEqual([
      'application/json; Charset=UTF-8',
      'application/json; Charset=UTF-8',
    ])
    expect(codesOf(document)).toEqual(['get_with_body'])
  })

  test('keep encodings, and a stream of items (3.2) as a list', () => {
    const content = {
      'multipart/form-data': {
        schema: {},
        encoding: {
          a: { contentType: 'image/png', headers: { 'X-B': { schema: { type: 'string' } } } },
        },
      },
      'application/jsonl': { itemSchema: { type: 'object' } },
    }
    const document = readText(oneOperation({ requestBody: { content } }, { openapi: '3.2.0' }))
    expect(first(document).body?.contents).toMatchObject([
      {
        encoding: {
          a: {
            contentType: 'image/png',
            style: null,
            explode: null,
            headers: { 'X-B': { type: 'string' } },
          },
        },
      },
      { schema: { type: 'array', items: { type: 'object' } } },
    ])
  })

  test('keep their answers, with ranges in capitals', () => {
    const content = { 'application/json': { schema: { type: 'object' } } }
    const document = readText(
      oneOperation({ responses: { 200: { description: 'ok', content }, '4xx': {}, default: {} } }),
    )
    expect(first(document).responses).toEqual([
      {
        status: '200',
        description: 'ok',
        contents: [
          {
            mediaType: 'application/json',
            schema: { type: 'object' },
            encoding: {},
            example: undefined,
          },
        ],
      },
      { status: '4XX', description: null, contents: [] },
      { status: 'default', description: null, contents: [] },
    ])
  })

  test('have the security of the document unless they have their own, be it none', () => {
    const paths = {
      '/a': { get: {}, put: { security: [] }, post: { security: [{}, { k: ['r'] }] } },
    }
    const components = { securitySchemes: { k: { type: 'http', scheme: 'Bearer' } } }
    const document = readText({ openapi: '3.0.0', security: [{ k: [] }], paths, components })
    expect(document.operations.map((one) => one.security)).toEqual([
      [{ k: [] }],
      [],
      [{}, { k: ['r'] }],
    ])
    expect(document.securitySchemes).toEqual({ k: { kind: 'bearer', description: null } })
  })
})

describe('servers', () => {
  const servers = (list: unknown, settings = {}) =>
    readText({ openapi: '3.0.0', servers: list, paths: {} }, settings).servers.map((one) => one.url)
  const variables = { env: { default: 'eu', enum: ['eu', 'us'] } }

  test('have their variables filled by default or setting', () => {
    const list = [{ url: 'https://{env}.x.test/v1', variables }]
    expect(servers(list)).toEqual(['https://eu.x.test/v1'])
    expect(servers(list, { serverVariables: { env: 'us' } })).toEqual(['https://us.x.test/v1'])
  })

  test('a setting that the enum lacks is taken and told', () => {
    const settings = { serverVariables: { env: 'moon' } }
    const document = readText(
      { openapi: '3.0.0', servers: [{ url: 'https://{env}.x.test', variables }], paths: {} },
      settings,
    )
    expect(document.servers[0]?.url).toBe('https://moon.x.test')
    expect(codesOf(document)).toEqual(['server_invalid'])
  })

  test('relative ones are resolved where the document came from', () => {
    const url = 'https://x.test/docs/api.json'
    expect(servers([{ url: '/v1' }, { url: '../v2' }, { url: '//y.test' }], { url })).toEqual([
      'https://x.test/v1',
      'https://x.test/v2',
      'https://y.test',
    ])
    expect(servers(undefined, { url })).toEqual(['https://x.test'])
    expect(servers([{ url: '/v1' }])).toEqual(['/v1'])
    expect(servers(undefined)).toEqual(['/'])
  })

  test('the nearest count: operation, path, document', () => {
    const at = (url: string) => ({ servers: [{ url }] })
    const paths = { '/a': { ...at('https://p'), get: {}, put: at('https://o') }, '/b': { get: {} } }
    const document = readText({ openapi: '3.0.0', ...at('https://d'), paths })
    expect(document.operations.map((one) => one.servers[0]?.url)).toEqual([
      'https://p',
      'https://o',
      'https://d',
    ])
  })
})

describe('what a document says of itself', () => {
  test('title, version, tags with parents (3.2)', () => {
    const document = readText({
      openapi: '3.2.0',
      info: { title: 'T', version: 1.1, description: 'D' },
      tags: [
        { name: 'a', description: 'x' },
        { name: 'b', parent: 'a' },
      ],
      paths: {},
    })
    expect(document).toMatchObject({
      title: 'T',
      version: '1.1',
      description: 'D',
      specVersion: '3.2',
    })
    expect(document.tags).toEqual([
      { name: 'a', description: 'x', parent: null },
      { name: 'b', description: null, parent: 'a' },
    ])
  })
})
