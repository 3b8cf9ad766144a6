import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import {
  type AssertionKeyPair,
  assertionClaims,
  mintToken,
  newAssertionKey,
  registerKey,
} from '../helpers/assertions.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import type { House } from './house.ts'

/** Where errors are provoked: a house with one registered assertion key and a tool named `ping`. */
export interface World {
  readonly house: House
  readonly key: AssertionKeyPair
  /** Origins the operator opened, where nothing listens any more; each stands few failures in a row. */
  readonly closedUrls: Readonly<Record<'read' | 'write', string>>
  nowSeconds(): number
  /** Moves the frozen clock on. */
  later(seconds: number): void
}

/** What a door of the house answered. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  readonly body: any
}

/** Brings everything about first, then yields the one request that is refused as it arrives. */
export type Refusal = (world: World) => Promise<() => Promise<Answer>>

/** A tool call that fails in the same words through every door. */
export interface FailingCall {
  readonly tool: { readonly id: number; readonly name: string }
  readonly args: object
  /** How often one call reaches the upstream. */
  readonly hits: number
}

/** Brings everything about that makes a call fail. */
export type Failure = (world: World) => Promise<FailingCall>

type Fields = Readonly<Record<string, unknown>>

/** A key as good as any, of nobody. */
export const unknownKey = `tengine_${'x'.repeat(43)}`

let count = 0
/** A name that was not used before. */
export const fresh = (what: string) => `${what}-${++count}`

/** A good assertion of now, with these claims changed. */
export function assertionOf(world: World, changes: object = {}, key = world.key): string {
  return key.sign(assertionClaims(world.house.projectId, world.nowSeconds(), changes))
}

/** Registers one more assertion key; `path` is its own in the management API. */
export async function anotherKey({ house }: World) {
  const key = newAssertionKey('ES256', fresh('key'))
  return { key, path: `/api/v1/assertion-keys/${await registerKey(house, key)}` }
}

/** Makes one more integration; `path` is its own in the management API. */
export async function anotherIntegration({ house }: World, project_id = house.projectId) {
  const body = { project_id, name: fresh('integration') }
  const { integration, api_key } = (await house.api('POST', '/api/v1/integrations', body)).body
  return { path: `/api/v1/integrations/${integration.id}`, apiKey: String(api_key) }
}

/** Calls a tool that works, with another credential: were that let in, the upstream would see it. */
export function pinging(tokenOf: (world: World) => Promise<string>, path = '/mcp'): Refusal {
  return async (world) => {
    const token = await tokenOf(world)
    const params = { name: 'ping', arguments: {} }
    return () => callLegacy(world.house.url + path, token, 'tools/call', params)
  }
}

/** Asks for a session token with a body of these fields, and the API key unless told otherwise. */
export function exchanging(
  bodyOf: (world: World) => unknown,
  tokenOf: (world: World) => Promise<string> = async ({ house }) => house.apiKey,
): Refusal {
  return async (world) => {
    const [body, token] = [bodyOf(world), await tokenOf(world)]
    return () => world.house.api('POST', '/api/v1/mcp/session-token', body, token)
  }
}

/** Asks for a session token with an assertion that is good but for these claims. */
export const asserting = (changesOf: (world: World) => object): Refusal =>
  exchanging((world) => ({ member_assertion: assertionOf(world, changesOf(world)) }))

/** Registers a tool that is good but for these fields. */
export function registering(fields: Fields): Refusal {
  return async ({ house }) => {
    const good = { base_url: house.upstream.url, http_method: 'GET', endpoint_path: '/things' }
    const body = { project_id: house.projectId, name: fresh('refused'), ...good, ...fields }
    return () => house.api('POST', '/api/v1/custom-tools', body)
  }
}

/** Changes these fields of a tool that is good. */
export function changing(fields: Fields): Refusal {
  return async ({ house }) => {
    const { id } = await house.addTool({ name: fresh('changed') })
    return () => house.api('PATCH', `/api/v1/custom-tools/${id}`, fields)
  }
}

/** Registers an assertion key that is good but for these fields. */
export function offering(fieldsOf: (world: World) => Fields): Refusal {
  return async (world) => {
    const { house, key } = world
    const good = { kid: fresh('refused'), public_key: key.publicPem }
    const body = { project_id: house.projectId, ...good, ...fieldsOf(world) }
    return () => house.api('POST', '/api/v1/assertion-keys', body)
  }
}

/** Calls a tool of these fields with these arguments. */
export function calling(fields: Fields = {}, args: object = {}): Failure {
  return async ({ house }) => {
    const retry = { max_attempts: 1 }
    const tool = await house.addTool({ name: fresh('failing'), retry, ...fields })
    return { tool, args, hits: 0 }
  }
}

/** Calls a tool whose API, once asked, answers so. */
export function answered(
  answer: House['upstream']['answer'],
  fields: Fields = {},
  args: object = {},
): Failure {
  return async (world) => {
    world.house.upstream.answer = answer
    return { ...(await calling(fields, args)(world)), hits: 1 }
  }
}

/** Calls a tool that was changed on disk, behind the back of the running house. */
export function damaged(sql: string, fields: Fields = {}): Failure {
  return async (world) => {
    const call = await calling(fields)(world)
    const database = new Database(join(world.house.dataDir, 'gatehouse.db'))
    const { changes } = database.query(sql).run(call.tool.id)
    database.close()
    if (changes !== 1) throw new Error(`this damages nothing: ${sql}`)
    return call
  }
}

/** A session token of a member, minted the way they are. */
export const sessionOf = (world: World, key = world.key): Promise<string> =>
  mintToken(world.house, assertionOf(world, {}, key))
