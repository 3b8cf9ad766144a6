import type { TextStream } from '../surroundings.ts'
import type { SampleApi, SeenRequest } from './sample_api.ts'

/** Whom the demo calls, as what, and what it watches. */
export interface DemoTarget {
  readonly mcpUrl: string
  readonly apiKey: string
  readonly sampleApi: SampleApi
  /** Calls a tool as the administrator's test console does; gives the answer's first text. */
  readonly tryAsMember: (name: string, args: object, member: object) => Promise<string>
}

interface DemoCall {
  readonly title: string
  readonly era: 'legacy' | 'modern'
  readonly name: string
  readonly arguments: object
}

const calls: readonly DemoCall[] = [
  {
    title: 'A read, by a client of revision 2026-07-28',
    era: 'modern',
    name: 'posts-get',
    arguments: { id: 2 },
  },
  {
    title: 'A signed write, by a client of the initialize era (2025-11-25)',
    era: 'legacy',
    name: 'orders-create',
    arguments: { item: 'gate hinge', quantity: 2 },
  },
  {
    title: 'Arguments that do not fit: refused here, nothing is sent',
    era: 'modern',
    name: 'orders-create',
    arguments: { item: 'gate hinge', quantity: 1000 },
  },
]

/** Makes real MCP calls over HTTP and prints what went in, what the API received, what came back. */
export async function showCalls(target: DemoTarget, stdout: TextStream): Promise<void> {
  const tools = await send(target, { era: 'modern', method: 'tools/list', params: {} })
  const names = (tools.result?.tools ?? []).map((tool) => tool.name)
  stdout.write(`\nTools a client sees: ${names.join(', ')}\n`)
  for (const call of calls) await showCall(target, call, stdout)
  await showMemberCall(target, stdout)
}

/** Identity headers need a member; the administrator's console may act for one. */
async function showMemberCall(target: DemoTarget, stdout: TextStream): Promise<void> {
  const before = target.sampleApi.seen.length
  const member = { external_id: 'user_42', email: 'ada@example.com', roles: ['editor'] }
  const text = await target.tryAsMember('users-get', { id: 1 }, member)
  stdout.write(
    block('A read tried out by the administrator, for the member user_42', [
      ['execute', `users-get {"id":1} as ${JSON.stringify(member)}`],
      ['API received', received(target, before)],
      ['result', text],
    ]),
  )
}

async function showCall(target: DemoTarget, call: DemoCall, stdout: TextStream): Promise<void> {
  const before = target.sampleApi.seen.length
  const params = { name: call.name, arguments: call.arguments }
  const answer = await send(target, { era: call.era, method: 'tools/call', params })
  const text = answer.result?.content?.[0]?.text ?? JSON.stringify(answer.error)
  const outcome = `${answer.result?.isError ? '(isError) ' : ''}${text}`
  stdout.write(
    block(call.title, [
      ['client sent', `tools/call ${JSON.stringify(params)}`],
      ['API received', received(target, before)],
      ['client got', outcome],
    ]),
  )
}

function block(title: string, rows: readonly (readonly [string, string])[]): string {
  const lines = rows.map(
    ([name, text]) => name.padEnd(16) + text.replaceAll('\n', `\n${' '.repeat(16)}`),
  )
  return `\n── ${title}\n${lines.join('\n')}\n`
}

function received({ sampleApi }: DemoTarget, index: number): string {
  const request = sampleApi.seen[index]
  return request === undefined ? 'nothing' : receivedText(request)
}

const shownHeaders = /^(x-tengine-|idempotency-key|traceparent|content-type$)/

function receivedText(request: SeenRequest): string {
  const lines = [`${request.method} ${request.path}`]
  for (const [name, value] of Object.entries(request.headers)) {
    if (shownHeaders.test(name)) lines.push(`${name}: ${value}`)
  }
  if (request.body !== '') lines.push(request.body)
  if (request.isSignatureValid !== null) {
    lines.push(`(the API checked the signature: ${request.isSignatureValid ? 'valid' : 'WRONG'})`)
  }
  return lines.join('\n')
}

interface RpcAnswer {
  readonly result?: {
    readonly tools?: readonly { readonly name: string }[]
    readonly content?: readonly { readonly text?: string }[]
    readonly isError?: boolean
  }
  readonly error?: object
}

const modernVersion = '2026-07-28'

interface RpcCall {
  readonly era: DemoCall['era']
  readonly method: string
  readonly params: { readonly name?: string }
}

async function send({ mcpUrl, apiKey }: DemoTarget, call: RpcCall): Promise<RpcAnswer> {
  const { method, params } = call
  const isModern = call.era === 'modern'
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': modernVersion,
    'io.modelcontextprotocol/clientInfo': { name: 'gatehouse-demo', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const response = await fetch(mcpUrl, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': isModern ? modernVersion : '2025-11-25',
      ...(isModern ? { 'mcp-method': method } : {}),
      ...(isModern && params.name !== undefined ? { 'mcp-name': params.name } : {}),
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method,
      params: isModern ? { ...params, _meta } : params,
    }),
  })
  return (await response.json()) as RpcAnswer
}
