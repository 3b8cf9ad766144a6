import { expect } from 'bun:test'
import type { ApiAnswer } from '../helpers/running_app.ts'
import type { House } from './house.ts'

// biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
type Body = any

/** One operation of a document under test. */
export interface Op {
  readonly path: string
  readonly method?: string
  readonly summary?: string
  readonly tags?: readonly string[]
  readonly description?: string
  readonly parameters?: readonly object[]
  readonly requestBody?: object
  readonly security?: readonly object[]
}

/** An OpenAPI 3.0 document on the house's upstream. */
export function documentOf(house: House, ops: readonly Op[], changes: object = {}): string {
  const paths: Record<string, Record<string, object>> = {}
  for (const { path, method = 'get', ...rest } of ops) {
    const item = paths[path] ?? {}
    paths[path] = item
    item[method] = { responses: { 200: { description: 'ok' } }, ...rest }
  }
  return JSON.stringify({
    openapi: '3.0.3',
    info: { title: 'Things', version: '1' },
    servers: [{ url: house.upstream.url }],
    paths,
    ...changes,
  })
}

/** What tests do with one source. */
export class SourceDesk {
  readonly house: House
  readonly id: number

  constructor(house: House, id: number) {
    this.house = house
    this.id = id
  }

  /** Makes a source of the house's project. */
  static async open(house: House, fields: object = {}): Promise<SourceDesk> {
    const body = { project_id: house.projectId, name: 'things', ...fields }
    const made = await house.api('POST', '/api/v1/openapi-sources', body)
    expect(made).toMatchObject({ status: 201 })
    return new SourceDesk(house, made.body.id)
  }

  /** Calls the API below the source. */
  call(method: string, path: string, body?: unknown): Promise<ApiAnswer> {
    return this.house.api(method, `/api/v1/openapi-sources/${this.id}${path}`, body)
  }

  /** Uploads a document; yields the answer's status and body. */
  async upload(
    text: string | FormData | Uint8Array<ArrayBuffer>,
    type = 'application/yaml',
  ): Promise<{ status: number; body: Body }> {
    const response = await fetch(`${this.house.url}/api/v1/openapi-sources/${this.id}/imports`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${this.house.adminToken}`,
        ...(type === '' ? {} : { 'content-type': type }),
      },
      body: text,
    })
    return { status: response.status, body: await response.json() }
  }

  /** Waits until an import is no longer being read. */
  async settled(importId: number): Promise<Body> {
    for (let round = 0; round < 1_000; round++) {
      const { body } = await this.call('GET', `/imports/${importId}`)
      if (body.state !== 'reading') return body
      await Bun.sleep(10)
    }
    throw new Error('the import does not end')
  }

  /** Imports a document and waits for its plan. */
  async import(text: string): Promise<Body> {
    const { status, body } = await this.upload(text)
    expect({ status, body }).toMatchObject({ status: 202 })
    return this.settled(body.id)
  }

  /** Fetches the document from the URL and waits for what comes of it. */
  async fetch(): Promise<Body> {
    const { status, body } = await this.call('POST', '/imports', {})
    expect(status).toBe(202)
    return this.settled(body.id)
  }

  /** Applies an import. */
  apply(importId: number, body: object = {}): Promise<ApiAnswer> {
    return this.call('POST', `/imports/${importId}/apply`, body)
  }

  /** Imports and applies. */
  async become(text: string, terms: object = {}): Promise<Body> {
    const { id, state, error } = await this.import(text)
    expect({ state, error }).toEqual({ state: 'ready', error: null })
    const applied = await this.apply(id, terms)
    expect(applied).toMatchObject({ status: 200 })
    return applied.body
  }

  /** Every operation of an import. */
  async operations(importId: number, query = ''): Promise<Body[]> {
    return (await this.call('GET', `/imports/${importId}/operations?limit=200${query}`)).body.items
  }

  /** Every tool of the project, by name. */
  async tools(): Promise<Record<string, Body>> {
    const found: Record<string, Body> = {}
    let cursor = ''
    do {
      const path = `/api/v1/custom-tools?project_id=${this.house.projectId}&limit=200${cursor}`
      const { body } = await this.house.api('GET', path)
      for (const tool of body.items) found[tool.name] = tool
      cursor = body.next_cursor === null ? '' : `&cursor=${encodeURIComponent(body.next_cursor)}`
    } while (cursor !== '')
    return found
  }

  /** The newest import. */
  async newest(): Promise<Body> {
    const { body } = await this.call('GET', '/imports?limit=1')
    return this.settled(body.items[0].id)
  }
}
