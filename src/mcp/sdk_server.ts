import {
  createMcpHandler,
  type LoggingLevel,
  type McpHttpHandler,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import type { JsonValue } from '../lib/json.ts'
import type { PrincipalNames } from '../model/principal.ts'
import { version } from '../version.ts'
import type { McpExchange } from './mcp_exchange.ts'
import type { Serving } from './served_modes.ts'

/** What the SDK's server asks of the door. */
export interface SdkServerDeps {
  /** Remembers from which level on the caller wants log messages. */
  setLogLevel(exchange: McpExchange, level: LoggingLevel): void
  /** The project's name, and its description for the server's instructions. */
  names(exchange: McpExchange): Promise<PrincipalNames>
  /** What the caller is served, for a line in the instructions. */
  serving(exchange: McpExchange): Promise<Serving>
}

/**
 * The SDK's server for every method but the hot two, and for every request that is malformed in some
 * way: it holds the reference answers of both eras. One per project, because a change of tools is
 * told to every open subscription of a handler.
 */
export class SdkServer {
  private readonly deps: SdkServerDeps
  private readonly exchanges = new WeakMap<Request, McpExchange>()
  private readonly handlers = new Map<number, McpHttpHandler>()

  constructor(deps: SdkServerDeps) {
    this.deps = deps
  }

  /** Answers a request of the stateless revision, or says why it is none. */
  answerModern(request: Request, body: JsonValue, exchange: McpExchange): Promise<Response> {
    this.exchanges.set(request, exchange)
    return this.handlerOf(exchange.principal.projectId).fetch(request, { parsedBody: body })
  }

  /** Answers a request of the `initialize` era, without a session and in JSON. */
  async answerLegacy(request: Request, body: JsonValue, exchange: McpExchange): Promise<Response> {
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true })
    const server = await this.build(exchange)
    await server.connect(transport)
    const response = await transport.handleRequest(request, { parsedBody: body })
    if (exchange.note.method === 'initialize') {
      response.headers.set('mcp-session-id', crypto.randomUUID())
    }
    // The answer is JSON and whole; nothing of the per-request server is needed any more.
    queueMicrotask(() => void server.close().catch(() => {}))
    return response
  }

  /** Tells the project's open subscriptions that its tools changed. */
  toolsChanged(projectId: number): void {
    this.handlers.get(projectId)?.notify.toolsChanged()
  }

  /** Ends every open stream. */
  async close(): Promise<void> {
    await Promise.all([...this.handlers.values()].map((handler) => handler.close()))
    this.handlers.clear()
  }

  private handlerOf(projectId: number): McpHttpHandler {
    let handler = this.handlers.get(projectId)
    if (handler === undefined) {
      handler = createMcpHandler(({ requestInfo }) => this.buildFor(requestInfo), {
        legacy: 'reject',
      })
      this.handlers.set(projectId, handler)
    }
    return handler
  }

  private buildFor(request: Request | undefined): Promise<Server> {
    const exchange = request === undefined ? undefined : this.exchanges.get(request)
    if (exchange === undefined) throw new Error('a request without its exchange')
    return this.build(exchange)
  }

  private async build(exchange: McpExchange): Promise<Server> {
    const [names, serving] = await Promise.all([
      this.deps.names(exchange),
      this.deps.serving(exchange),
    ])
    const instructions = instructionsOf(names, serving)
    const server = new Server(
      { name: 'gatehouse', title: names.projectName, version },
      {
        // Prompts and resources are declared, with empty lists, for clients that ask regardless.
        capabilities: { tools: { listChanged: true }, prompts: {}, resources: {}, logging: {} },
        ...(instructions === '' ? {} : { instructions }),
      },
    )
    server.setRequestHandler('tools/list', refuseMalformed)
    server.setRequestHandler('tools/call', refuseMalformed)
    server.setRequestHandler('logging/setLevel', (request) => {
      this.deps.setLogLevel(exchange, request.params.level)
      return {}
    })
    answerEmptyLists(server)
    return server
  }
}

/** The project's description, and how to go about a catalogue that is not listed. */
function instructionsOf({ instructions }: PrincipalNames, { mode, tools }: Serving): string {
  if (mode === 'list') return instructions
  const line = `${tools} tools are available here, too many to list: find them with search_tools, read one with describe_tool, run it with call_tool.`
  return instructions === '' ? line : `${instructions}\n\n${line}`
}

/** Well-formed requests for the methods of our own never come here; the SDK says what is malformed. */
function refuseMalformed(): never {
  throw new ProtocolError(ProtocolErrorCode.InvalidRequest, 'Invalid Request')
}

/** Prompts and resources, of which there are none. */
function answerEmptyLists(server: Server): void {
  server.setRequestHandler('prompts/list', () => ({ prompts: [] }))
  server.setRequestHandler('prompts/get', ({ params: { name } }) => {
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown prompt: ${name.slice(0, 64)}`)
  })
  server.setRequestHandler('resources/list', () => ({ resources: [] }))
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: [] }))
  server.setRequestHandler('resources/read', ({ params: { uri } }) => {
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Resource not found', { uri })
  })
}
