import { callLegacy, callModern } from '../helpers/mcp_client.ts'
import type { RunningAppOptions } from '../helpers/running_app.ts'
import { type McpFixture, startMcpFixture } from './mcp_fixture.ts'

/** What a caller sees of a call. */
export interface Seen {
  readonly runId: string
  readonly isReplayed: boolean
  readonly status: number | null
  /** Code of the failure; null for a success. */
  readonly code: string | null
  /** HTTP status of the failure. */
  readonly errorStatus: number | null
  /** All text of the content, joined. */
  readonly text: string
  readonly structured: unknown
}

/** A fixture whose clocks a test moves, each by itself. */
export interface RepeatWorld extends McpFixture {
  /** Lets time go by: both clocks move. */
  pass(ms: number): void
  /** Sets the time of day; no time goes by. */
  setClock(byMs: number): void
  /** Sets both clocks right again: the connector's deadlines are on the real one. */
  rightClocks(): void
  call(name: string, args?: object, options?: CallOptions): Promise<Seen>
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  run(id: string): Promise<any>
}

/** How a call differs from a plain one with the project's key. */
export interface CallOptions {
  readonly key?: unknown
  /** Sends the key as a header. */
  readonly header?: string
  readonly token?: string
  readonly era?: 'modern' | 'legacy'
}

/** Starts one. */
export async function startRepeatWorld(options: RunningAppOptions = {}): Promise<RepeatWorld> {
  let wallSkewMs = 0
  let steadySkewMs = 0
  const clock = {
    nowMs: () => Date.now() + wallSkewMs,
    monotonicMs: () => performance.now() + steadySkewMs,
  }
  const fixture = await startMcpFixture({ clock, ...options })
  return {
    ...fixture,
    pass: (ms) => {
      wallSkewMs += ms
      steadySkewMs += ms
    },
    setClock: (byMs) => {
      wallSkewMs += byMs
    },
    rightClocks: () => {
      wallSkewMs = 0
      steadySkewMs = 0
    },
    call: (name, args = {}, call = {}) => callTool(fixture, { name, arguments: args }, call),
    run: async (id) => (await fixture.app.api('GET', `/api/v1/runs/${id}`)).body,
  }
}

async function callTool(
  { url, project }: McpFixture,
  params: { readonly name: string; readonly arguments: object },
  { key, header, token = project.api_key, era = 'legacy' }: CallOptions,
): Promise<Seen> {
  const _meta = key === undefined ? {} : { 'tengine/idempotency_key': key }
  const whole = { ...params, _meta }
  if (header !== undefined) {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: whole })
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'idempotency-key': header,
      },
      body,
    })
    return seen(await response.json())
  }
  const send = era === 'modern' ? callModern : callLegacy
  return seen((await send(url, token, 'tools/call', whole)).body)
}

// biome-ignore lint/suspicious/noExplicitAny: the answer is what is looked at
function seen(body: any): Seen {
  const { result } = body
  if (result === undefined) throw new Error(JSON.stringify(body))
  const meta = result._meta
  return {
    runId: meta['tengine/request_id'],
    isReplayed: meta['tengine/replayed'] === true,
    status: meta['tengine/status'],
    code: meta['tengine/error']?.code ?? null,
    errorStatus: meta['tengine/error']?.status ?? null,
    text: result.content.map((block: { text?: string }) => block.text ?? '').join('\n'),
    structured: result.structuredContent,
  }
}
