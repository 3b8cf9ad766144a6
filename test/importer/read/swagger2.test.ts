import { describe, expect, test } from 'bun:test'
import { first, readText } from './read_text.ts'

function swagger(operation: object, document: object = {}) {
  const paths = { '/x': { post: operation } }
  return readText({ swagger: '2.0', info: { title: 'T', version: '1' }, paths, ...document })
}

describe('Swagger 2.0', () => {
  test.each([
    ['csv', 'form', false],
    ['multi', 'form', true],
    ['ssv', 'spaceDelimited', false],
    ['tsv', 'tabDelimited', false],
    ['pipes', 'pipeDelimited', false],
    [undefined, 'form', false],
  ] as const)(
    'collectionFormat %s in the query is %s, explode %p',
    (collectionFormat, style, explode) => {
      const parameter = {
        name: 'a',
        in: 'query',
        type: 'array',
        items: { type: 'string' },
        collectionFormat,
      }
      expect(first(swagger({ parameters: [parameter] })).parameters[0]).toMatchObject({
        style,
        explode,
        schema: { type: 'array', items: { type: 'string' } },
      })
    },
  )

  test('keeps the rules that stand on a parameter', () => {
    const parameter = {
      name: 'a',
      in: 'query',
      type: 'integer',
      minimum: 1,
      exclusiveMinimum: true,
      enum: [2, 3],
      default: 2,
      format: 'int32',
    }
    expect(first(swagger({ parameters: [parameter] })).parameters[0]?.schema).toEqual({
      type: 'integer',
      exclusiveMinimum: 1,
      enum: [2, 3],
      default: 2,
      format: 'int32',
    })
  })

  test('lets a parameter be sent empty that says so, whatever else it must be', () => {
    const one = (given: object) =>
      first(swagger({ parameters: [{ name: 'a', in: 'query', allowEmptyValue: true, ...given }] }))
        .parameters[0]?.schema
    const empty = { type: 'string', maxLength: 0 }
    expect(one({ type: 'integer' })).toEqual({ anyOf: [{ type: 'integer' }, empty] })
    expect(one({ type: 'string', minLength: 1 })).toEqual({
      anyOf: [{ type: 'string', minLength: 1 }, empty],
    })
    expect(one({ type: 'string' })).toEqual({ type: 'string' })
    expect(one({ type: 'integer', in: 'header' })).toEqual({ type: 'integer' })
  })

  test('makes a body of the body parameter, for every type consumed', () => {
    const parameter = {
      name: 'b',
      in: 'body',
      required: true,
      description: 'D',
      schema: { $ref: '#/definitions/A' },
    }
    const document = swagger(
      { parameters: [parameter], consumes: ['application/xml', 'application/json'] },
      { definitions: { A: { type: 'object' } }, consumes: ['text/plain'] },
    )
    expect(first(document).body).toMatchObject({ required: true, description: 'D' })
    expect(first(document).body?.contents.map((one) => [one.mediaType, one.schema])).toEqual([
      ['application/xml', { $ref: '#/$defs/A' }],
      ['application/json', { $ref: '#/$defs/A' }],
    ])
  })

  test('makes one object of formData, multipart where there is a file', () => {
    const file = { name: 'f', in: 'formData', type: 'file', required: true, description: 'F' }
    const list = {
      name: 'l',
      in: 'formData',
      type: 'array',
      items: { type: 'string' },
      collectionFormat: 'multi',
    }
    const { body } = first(swagger({ parameters: [file, list] }))
    expect(body).toEqual({
      description: null,
      required: true,
      contents: [
        {
          mediaType: 'multipart/form-data',
          schema: {
            type: 'object',
            properties: {
              f: { type: 'string', format: 'binary', description: 'F' },
              l: { type: 'array', items: { type: 'string' } },
            },
            required: ['f'],
          },
          encoding: {
            l: {
              contentType: null,
              style: 'form',
              explode: true,
              allowReserved: null,
              headers: {},
            },
          },
          example: undefined,
        },
      ],
    })
    const plain = first(swagger({ parameters: [list], consumes: ['application/json'] })).body
    expect(plain?.contents.map((one) => one.mediaType)).toEqual([
      'application/x-www-form-urlencoded',
    ])
  })

  test('has its answers in what it produces, a file as binary', () => {
    const document = swagger({
      produces: ['image/png'],
      responses: { 200: { description: 'ok', schema: { type: 'file' } } },
    })
    expect(first(document).responses).toMatchObject([
      {
        status: '200',
        contents: [{ mediaType: 'image/png', schema: { type: 'string', format: 'binary' } }],
      },
    ])
  })

  test.each([
    [
      { host: 'x.test', basePath: '/v1', schemes: ['http', 'https'] },
      null,
      ['https://x.test/v1', 'http://x.test/v1'],
    ],
    [{ host: 'x.test' }, null, ['https://x.test']],
    [{ basePath: '/v1/' }, null, ['/v1/']],
    [{ basePath: 'v1' }, 'http://y.test:8080/swagger.json', ['http://y.test:8080/v1']],
    [{}, null, ['/']],
  ])('makes servers of %p, read from %p', (parts, url, expected) => {
    const document = readText({ swagger: '2.0', paths: {}, ...parts }, url === null ? {} : { url })
    expect(document.servers.map((one) => one.url)).toEqual(expected)
  })

  test('knows its security schemes', () => {
    const { securitySchemes } = swagger(
      {},
      {
        securityDefinitions: {
          b: { type: 'basic' },
          k: { type: 'apiKey', in: 'query', name: 'key' },
          o: {
            type: 'oauth2',
            flow: 'application',
            tokenUrl: 'https://x.test/t',
            scopes: { r: 'Read' },
          },
          i: { type: 'oauth2', flow: 'implicit', authorizationUrl: 'https://x.test/a', scopes: {} },
        },
      },
    )
    expect(securitySchemes).toEqual({
      b: { kind: 'basic', description: null },
      k: { kind: 'api_key', in: 'query', name: 'key', description: null },
      o: {
        kind: 'oauth2',
        clientCredentialsUrl: 'https://x.test/t',
        scopes: { r: 'Read' },
        description: null,
      },
      i: { kind: 'oauth2', clientCredentialsUrl: null, scopes: {}, description: null },
    })
  })
})
