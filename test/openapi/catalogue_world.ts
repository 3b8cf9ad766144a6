import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js'
import { type Bootstrapped, type RunningApp, startApp } from '../helpers/running_app.ts'
import { type EchoUpstream, startEchoUpstream } from './echo_upstream.ts'
import { adminTokens } from './imported_document.ts'
import type { Raw } from './reference/document_graph.ts'

/** The whole product before an upstream that notes what it gets. */
export interface CatalogueWorld {
  readonly app: RunningApp
  readonly echo: EchoUpstream
  /** Makes a project of its own that lists every tool, however many. */
  openProject(name: string): Promise<Bootstrapped>
  stop(): Promise<void>
}

/** Starts it; call `stop` in afterAll. */
export async function startCatalogueWorld(): Promise<CatalogueWorld> {
  const echo = startEchoUpstream()
  const app = await startApp({ settings: { egress_allow: [echo.url], log_level: 'error' } })
  return {
    app,
    echo,
    openProject: async (name) => {
      const made = await app.bootstrap(name)
      adminTokens.set(app, made.admin_token)
      const path = `/api/v1/projects/${made.project_id}`
      const { status, body } = await app.api('PATCH', path, { tool_mode: 'list' })
      if (status !== 200) throw new Error(`project: ${status} ${JSON.stringify(body)}`)
      return made
    },
    stop: async () => {
      await app.stop()
      echo.stop()
    },
  }
}

/** What the tests ask of a client, whichever it is. */
export interface CatalogueClient {
  /** Every page of the list. */
  list(): Promise<Raw[]>
  call(name: string, args: Raw, key: string): Promise<Raw>
  close(): Promise<void>
}

const requestInit = (key: string) => ({ headers: { authorization: `Bearer ${key}` } })

async function allTools(
  page: (cursor: string | undefined) => Promise<{ tools: Raw[]; nextCursor?: string | undefined }>,
): Promise<Raw[]> {
  const tools: Raw[] = []
  let cursor: string | undefined
  do {
    const given = await page(cursor)
    tools.push(...given.tools)
    cursor = given.nextCursor
  } while (cursor !== undefined)
  return tools
}

const callParams = (name: string, args: Raw, key: string) => ({
  name,
  arguments: args,
  // Else a call that is like an earlier one would be answered from its result.
  _meta: { 'tengine/idempotency_key': key },
})

/** The SDK's v2 client, revision 2026-07-28. */
export async function connectModern({ mcp_url, api_key }: Bootstrapped): Promise<CatalogueClient> {
  const client = new ModernClient(
    { name: 'test', version: '1' },
    { versionNegotiation: { mode: { pin: '2026-07-28' } } },
  )
  const transport = new ModernTransport(new URL(mcp_url), { requestInit: requestInit(api_key) })
  await client.connect(transport)
  return {
    list: () =>
      allTools((cursor) =>
        client.request({ method: 'tools/list', params: cursor === undefined ? {} : { cursor } }),
      ),
    call: (name, args, key) =>
      client.request({ method: 'tools/call', params: callParams(name, args, key) }),
    close: () => client.close(),
  }
}

/** The SDK's v1 client, revision 2025-11-25. */
export async function connectLegacy({ mcp_url, api_key }: Bootstrapped): Promise<CatalogueClient> {
  const client = new LegacyClient({ name: 'test', version: '1' })
  await client.connect(new LegacyTransport(new URL(mcp_url), { requestInit: requestInit(api_key) }))
  return {
    list: () => allTools((cursor) => client.listTools(cursor === undefined ? {} : { cursor })),
    call: (name, args, key) =>
      client.request(
        { method: 'tools/call', params: callParams(name, args, key) },
        CallToolResultSchema,
      ),
    close: () => client.close(),
  }
}
