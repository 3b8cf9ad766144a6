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

/** Text with its media type. */
export interface UploadedText {
  readonly text: string
  readonly contentType: string
}

const requestTimeoutMs = 60_000
/** These end by the server's own deadlines; this one is for a server that never answers. */
const longTimeoutMs = 15 * 60_000
const isLong = (path: string) =>
  path.endsWith('/execute') || path.startsWith('/api/v1/openapi-sources/')

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

  /** What is not JSON, as it stands. */
  async text(path: string, query: Query = {}): Promise<string> {
    const response = await this.transport.send({
      method: 'GET',
      path: path + queryText(query),
      headers: {},
      timeoutMs: requestTimeoutMs,
    })
    if (response.ok) return response.text()
    throw await this.failure(response)
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

  /** Puts an object in place of what was there. */
  put(path: string, body: JsonObject): Promise<JsonObject> {
    return this.object('PUT', path, body)
  }

  /** Sends a document as it stands, or files as a form. */
  async upload(path: string, content: UploadedText | FormData): Promise<JsonObject> {
    const isForm = content instanceof FormData
    const headers = isForm ? {} : { 'content-type': content.contentType }
    const answer = await this.exchange(
      { method: 'POST', path, body: isForm ? content : content.text },
      headers,
    )
    if (!isJsonObject(answer)) throw this.notOurs()
    return answer
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

  private send(method: ApiRequest['method'], path: string, body?: JsonObject): Promise<JsonValue> {
    if (body === undefined) return this.exchange({ method, path }, {})
    const json = { 'content-type': 'application/json' }
    return this.exchange({ method, path, body: JSON.stringify(body) }, json)
  }

  private async exchange(
    request: Pick<ApiRequest, 'method' | 'path' | 'body'>,
    headers: Readonly<Record<string, string>>,
  ): Promise<JsonValue> {
    const response = await this.transport.send({
      ...request,
      headers: { accept: 'application/json', ...headers },
      timeoutMs: isLong(request.path) ? longTimeoutMs : requestTimeoutMs,
    })
    if (response.ok) return this.read(response)
    throw await this.failure(response)
  }

  private async failure(response: Response): Promise<ApiFailure> {
    const answer = await this.read(response)
    return new ApiFailure(problemIn(answer, response.status) ?? this.unexplained(response.status))
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
