import { expect } from 'bun:test'
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020.js'
import type { ApiAnswer, RunningApp } from '../helpers/running_app.ts'

/** An operation of the served description. */
export interface Operation {
  readonly method: string
  /** With `{name}` where a parameter stands. */
  readonly path: string
  readonly operationId: string
  // biome-ignore lint/suspicious/noExplicitAny: as it is described
  readonly described: any
}

/** The API as the running server describes it. */
export interface ServedApi {
  // biome-ignore lint/suspicious/noExplicitAny: as it is served
  readonly document: any
  readonly operations: readonly Operation[]
  /** As `RunningApp.api`, but an answer that the description does not allow fails the test. */
  readonly api: RunningApp['api']
}

/** Reads `/openapi.json` of a running app. */
export async function readServedApi(app: RunningApp): Promise<ServedApi> {
  const document = (await app.api('GET', '/openapi.json')).body
  const operations = operationsOf(document)
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
  ajv.addSchema(document, 'served')
  const compiled = new Map<string, ValidateFunction>()
  const validatorAt = (pointer: string) => {
    const validator = compiled.get(pointer) ?? ajv.compile({ $ref: `served#${pointer}` })
    compiled.set(pointer, validator)
    return validator
  }
  return {
    document,
    operations,
    api: async (method, path, body, token) => {
      const answer = await (token === undefined
        ? app.api(method, path, body)
        : app.api(method, path, body, token))
      checkAnswer(validatorAt, operations, { method, path: path.split('?')[0] ?? path }, answer)
      return answer
    },
  }
}

const methods = ['get', 'post', 'put', 'patch', 'delete']

// biome-ignore lint/suspicious/noExplicitAny: as it is served
function operationsOf(document: any): Operation[] {
  return Object.entries<Record<string, { operationId: string }>>(document.paths).flatMap(
    ([path, item]) =>
      methods.flatMap((method) => {
        const described = item[method]
        if (described === undefined) return []
        const { operationId } = described
        return [{ method: method.toUpperCase(), path, operationId, described }]
      }),
  )
}

interface Asked {
  readonly method: string
  readonly path: string
}

function checkAnswer(
  validatorAt: (pointer: string) => ValidateFunction,
  operations: readonly Operation[],
  asked: Asked,
  answer: ApiAnswer,
): void {
  const { status, headers, body } = answer
  const operation = operations.find((one) => matches(one, asked))
  expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  if (status >= 400) expectProblem(answer)
  if (operation === undefined) return expect([401, 403, 404, 405]).toContain(status)
  const place = `${asked.method} ${operation.path} ${status}`
  const response = operation.described.responses[status]
  expect(response, `${place} is described`).toBeDefined()
  const [type = ''] = (headers.get('content-type') ?? '').split(';')
  if (response.content === undefined) return expect(body, place).toBe('')
  expect(Object.keys(response.content), place).toContain(type)
  const keys = ['paths', operation.path, asked.method.toLowerCase(), 'responses', status, 'content']
  const validate = validatorAt([...keys, type, 'schema'].map(pointerStep).join(''))
  const isValid = validate(body)
  expect({ place, isValid, errors: validate.errors }).toEqual({
    place,
    isValid: true,
    errors: null,
  })
}

const pointerStep = (key: unknown) =>
  `/${encodeURIComponent(String(key).replaceAll('~', '~0').replaceAll('/', '~1'))}`

function matches({ method, path }: Operation, asked: Asked): boolean {
  const pattern = path.replace(/\{[^}]+\}/g, '[^/]+')
  return method === asked.method && new RegExp(`^${pattern}$`).test(asked.path)
}

function expectProblem({ status, headers, body }: ApiAnswer): void {
  expect(headers.get('content-type')).toStartWith('application/problem+json')
  expect(body).toMatchObject({ status, type: `/docs/errors#${body.code}` })
  expect(body.request_id).toBe(headers.get('x-request-id'))
  expect(headers.get('www-authenticate') !== null).toBe(status === 401)
}
