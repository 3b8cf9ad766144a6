import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { TestAuthority } from '../helpers/test_certificates.ts'
import { goodPassword, setUpOwner, Visitor } from '../http/visitor.ts'
import { admin, type FlowWorld, minuteMs, startFlowWorld } from './flow_world.ts'
import { Keychain } from './keychain.ts'
import { approveByHttp } from './script_browser.ts'

const email = 'ada@example.com'

/** One of the two SDKs, connected to an MCP URL or on its way there. */
interface Sdk {
  connect(): Promise<unknown>
  finish(callback: URL): Promise<void>
  toolNames(): Promise<readonly string[]>
  call(name: string): Promise<unknown>
  close(): Promise<void>
}

function sdkV2(mcpUrl: string, authProvider: Keychain): Sdk {
  const client = new Client({ name: 'v2', version: '1' })
  const transport = new StreamableHTTPClientTransport(new URL(mcpUrl), { authProvider })
  return {
    connect: () => client.connect(transport),
    finish: (callback) => transport.finishAuth(callback.searchParams),
    toolNames: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: (name) => client.callTool({ name, arguments: {} }),
    close: () => client.close(),
  }
}

function sdkV1(mcpUrl: string, authProvider: Keychain): Sdk {
  const client = new LegacyClient({ name: 'v1', version: '1' })
  const transport = new LegacyTransport(new URL(mcpUrl), { authProvider })
  return {
    connect: () => client.connect(transport),
    finish: ({ searchParams }) => transport.finishAuth(searchParams.get('code') ?? ''),
    toolNames: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: (name) => client.callTool({ name, arguments: {} }),
    close: () => client.close(),
  }
}

let world: FlowWorld
let documents: Bun.Server<undefined>

const documentOrigin = () => `https://localhost:${documents.port}`

/** A vendor's site, which says of itself as a client what RFC 7591 would have it register. */
function serveDocuments(authority: TestAuthority): Bun.Server<undefined> {
  return Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    tls: authority.issue({ dns: ['localhost'] }),
    fetch: ({ url }) => {
      const client_id = documentOrigin() + new URL(url).pathname
      return Response.json({ client_id, ...new Keychain().clientMetadata })
    },
  })
}

beforeAll(async () => {
  const authority = new TestAuthority()
  documents = serveDocuments(authority)
  world = await startFlowWorld({ egressAllow: [documentOrigin()], authority: authority.pem })
  authority.remove()
  await setUpOwner(world.app)
  const { id } = await admin(world, 'POST', '/api/v1/projects', { name: 'Sales' })
  await world.addTool(id, 'list_deals', { require_member: true })
  await world.addPerson(id, email)
  const { id: desk } = await admin(world, 'POST', '/api/v1/projects', { name: 'Desk' })
  for (const [tool, name] of [
    ['read_desk', 'DESK_READ'],
    ['write_desk', 'DESK_WRITE'],
  ] as const) {
    await admin(world, 'POST', `/api/v1/projects/${desk}/scopes`, { name })
    await world.addTool(desk, tool, { required_scopes: [name] })
  }
  await world.addPerson(desk, 'grace@example.com')
})
afterAll(async () => {
  await world.stop()
  await documents.stop(true)
})

const table = [
  ['v2', '/mcp', sdkV2],
  ['v2', '/mcp/sales', sdkV2],
  ['v1', '/mcp', sdkV1],
  ['v1', '/mcp/sales', sdkV1],
] as const

describe("the SDK's client with its own OAuth provider", () => {
  test.each(table)('%s finds its way in at %p by the URL alone', async (_, path, sdk) => {
    const mcpUrl = world.app.url + path
    const keychain = new Keychain()
    const first = sdk(mcpUrl, keychain)

    // The challenge leads to the metadata, that to registration, and on to the browser.
    await expect(first.connect()).rejects.toThrow()
    expect(keychain.client?.client_id).toBeString()
    expect(keychain.client?.client_secret).toBeUndefined()
    const [asked, ...more] = keychain.opened
    expect(more).toEqual([])
    expect(asked?.origin + (asked?.pathname ?? '')).toBe(
      `${world.app.url}/api/v1/mcp-oauth/authorize`,
    )
    expect(asked?.searchParams.get('resource')).toBe(mcpUrl)
    expect(asked?.searchParams.get('code_challenge_method')).toBe('S256')
    expect(asked?.searchParams.get('scope')).toBeNull()

    // A person approves; the client redeems the code and gets in.
    const visitor = new Visitor(world.app)
    await visitor.signIn(email, goodPassword)
    const callback = await approveByHttp(visitor, asked?.href ?? '')
    expect(callback.searchParams.get('state')).toBe('state-of-the-sdk-client')
    await first.finish(callback)
    await first.close()
    const second = sdk(mcpUrl, keychain)
    await second.connect()
    expect(await second.toolNames()).toEqual(['mcp_whoami', 'list_deals'])
    const before = world.hits.length
    expect(JSON.stringify(await second.call('list_deals'))).toContain('from /list_deals')
    expect(world.hits.length).toBe(before + 1)
    expect(world.hits.at(-1)?.headers.get('x-tengine-member-id')).toMatch(/^user_\d+$/)

    // Past the life of the access token the client refreshes by itself, without a browser.
    const old = keychain.kept
    world.pass(16 * minuteMs)
    expect(await second.toolNames()).toEqual(['mcp_whoami', 'list_deals'])
    expect(keychain.kept?.access_token).not.toBe(old?.access_token)
    expect(keychain.kept?.refresh_token).not.toBe(old?.refresh_token)
    expect(keychain.opened).toHaveLength(1)
    await second.close()
  })

  test('steps up: asked for one scope more, it has the person approve both and calls the tool', async () => {
    const mcpUrl = `${world.app.url}/mcp/desk`
    const keychain = new Keychain()
    const modern = { versionNegotiation: { mode: { pin: '2026-07-28' } } } as const
    const start = () => {
      const client = new Client({ name: 'v2', version: '1' }, modern)
      const url = new URL(mcpUrl)
      const transport = new StreamableHTTPClientTransport(url, { authProvider: keychain })
      return { client, transport, connect: () => client.connect(transport) }
    }
    const visitor = new Visitor(world.app)
    await visitor.signIn('grace@example.com', goodPassword)
    const approve = async (without?: string) =>
      approveByHttp(visitor, keychain.opened.at(-1)?.href ?? '', without)

    const first = start()
    await expect(first.connect()).rejects.toThrow()
    await first.transport.finishAuth((await approve('DESK_WRITE')).searchParams)
    const second = start()
    await second.connect()
    expect(keychain.kept?.scope).toBe('DESK_READ')
    const readOnly = await second.client.listTools()
    expect(readOnly.tools.map(({ name }) => name)).toEqual(['mcp_whoami', 'read_desk'])

    const before = world.hits.length
    const write = () => second.client.callTool({ name: 'write_desk', arguments: {} })
    await expect(write()).rejects.toThrow()
    expect([keychain.opened.length, world.hits.length]).toEqual([2, before])
    const asked = keychain.opened[1]?.searchParams.get('scope')?.split(' ')
    expect(asked?.sort()).toEqual(['DESK_READ', 'DESK_WRITE'])
    await second.transport.finishAuth((await approve()).searchParams)
    expect(JSON.stringify(await write())).toContain('from /write_desk')
    expect(world.hits.length).toBe(before + 1)
    await second.client.close()
  })

  test('comes with a metadata document for a name: nothing is registered', async () => {
    const keychain = new Keychain(`${documentOrigin()}/client.json`)
    const registered = async () => {
      const { items } = await admin(world, 'GET', '/api/v1/oauth-clients')
      return items.filter(({ kind }: { kind: string }) => kind === 'registered')
    }
    const before = await registered()
    const first = sdkV2(`${world.app.url}/mcp/sales`, keychain)
    await expect(first.connect()).rejects.toThrow()
    expect(keychain.client?.client_id).toBe(`${documentOrigin()}/client.json`)
    const visitor = new Visitor(world.app)
    await visitor.signIn(email, goodPassword)
    await first.finish(await approveByHttp(visitor, keychain.opened[0]?.href ?? ''))
    const second = sdkV2(`${world.app.url}/mcp/sales`, keychain)
    await second.connect()
    expect(await second.toolNames()).toEqual(['mcp_whoami', 'list_deals'])
    world.pass(16 * minuteMs)
    expect(await second.toolNames()).toEqual(['mcp_whoami', 'list_deals'])
    expect(await registered()).toEqual(before)
    await second.close()
  })
})
