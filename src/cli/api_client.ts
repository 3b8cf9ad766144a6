import type { FieldError } from '../errors.ts'
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../lib/json.ts'
import { ApiFailure, CliFailure, exitCodes, type Problem } from './failure.ts'
import type { ApiRequest, Transport } from './transport.ts'

/** Query parameters; undefined and null ones are left out. */
export type Query = Readonly<Record<string, string | number | null | undefined>>

/** One page of a list. */
export interface ApiPage {
  readonly items: readonly JsonObject[]
  readonly next_cursor: string | null
}

const requestTimeoutMs = 60_000
/** A tool call ends by the server's own deadline; this one is for a server that never answers. */
const executeTimeoutMs = 15 * 60_000

/** The management API as commands use it. Every method throws ApiFailure for a reported failure. */
export class ApiClient {
  private readonly transport: Transport

  constructor(transport: Transport) {
    this.transport = transport
  }

  /** One object. */
  get(path: string, query: Query = {}): Promise<JsonObject> {
    return this.object('GET', path + queryText(query))
  }

  /** One page of a list. */
  async page(path: string, query: Query = {}): Promise<ApiPage> {
    const { items, next_cursor: cursor } = await this.get(path, query)
    if (!Array.isArray(items)) throw this.notOurs()
    return {
      items: items.filter(isJsonObject),
      next_cursor: typeof cursor === 'string' ? cursor : null,
    }
  }

  /** Every item of a list, page after page. */
  async *items(path: string, query: Query = {}): AsyncGenerator<JsonObject> {
    let cursor: string | null = null
    do {
      const page: ApiPage = await this.page(path, { ...query, limit: 200, cursor })
      yield* page.items
      cursor = page.next_cursor
    } while (cursor !== null)
  }

  /** Creates or does something. */
  post(path: string, body: JsonObject = {}): Promise<JsonObject> {
    return this.object('POST', path, body)
  }

  /** Changes an object. */
  patch(path: string, body: JsonObject): Promise<JsonObject> {
    return this.object('PATCH', path, body)
  }

  /** Deletes an object; there is no answer. */
  async delete(path: string): Promise<void> {
    await this.send('DELETE', path)
  }

  private async object(
    method: ApiRequest['method'],
    path: string,
    body?: JsonObject,
  ): Promise<JsonObject> {
    const answer = await this.send(method, path, body)
    if (answer === null) return {}
    if (!isJsonObject(answer)) throw this.notOurs()
    return answer
  }

  private async send(
    method: ApiRequest['method'],
    path: string,
    body?: JsonObject,
  ): Promise<JsonValue> {
    const json = body === undefined ? {} : { 'content-type': 'application/json' }
    const response = await this.transport.send({
      method,
      path,
      headers: { accept: 'application/json', ...json },
      timeoutMs: path.endsWith('/execute') ? executeTimeoutMs : requestTimeoutMs,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const answer = await this.read(response)
    if (response.ok) return answer
    throw new ApiFailure(problemIn(answer, response.status) ?? this.unexplained(response.status))
  }

  private async read(response: Response): Promise<JsonValue> {
    const text = await response.text()
    if (text === '') return null
    const value = parseAnswer(text)
    if (value !== undefined) return value
    if (response.ok) throw this.notOurs()
    return null
  }

  private unexplained(status: number): Problem {
    return { detail: `${this.transport.target} answered HTTP ${status}`, status }
  }

  private notOurs(): CliFailure {
    return new CliFailure(
      exitCodes.failed,
      `${this.transport.target} does not answer like Gatehouse`,
      {
        reason: 'Check the address.',
      },
    )
  }
}

function queryText(query: Query): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null) parameters.set(name, String(value))
  }
  return parameters.size === 0 ? '' : `?${parameters}`
}

/** Parsed without rounding a number; what an upstream sent may break our own rules for JSON. */
function parseAnswer(text: string): JsonValue | undefined {
  try {
    return parseJson(text, { maxDepth: 512 })
  } catch {
    try {
      return JSON.parse(text)
    } catch {
      return undefined
    }
  }
}

function problemIn(answer: JsonValue, status: number): Problem | null {
  if (!isJsonObject(answer) || typeof answer.detail !== 'string') return null
  const text = (name: string) => (typeof answer[name] === 'string' ? { [name]: answer[name] } : {})
  const errors = fieldErrors(answer.errors)
  return {
    detail: answer.detail,
    status,
    ...text('code'),
    ...text('reason'),
    ...(errors.length > 0 && { errors }),
    ...text('request_id'),
  }
}

function fieldErrors(errors: JsonValue | undefined): FieldError[] {
  if (!Array.isArray(errors)) return []
  return errors.filter(isJsonObject).map(({ pointer, message }) => ({
    pointer: typeof pointer === 'string' ? pointer : '',
    message: typeof message === 'string' ? message : '',
  }))
}
