import { sha256 } from '../../src/crypto/digest.ts'
import { MasterKey, newMasterKeyBytes } from '../../src/crypto/master_key.ts'
import { clientSecretPrefix, newToken } from '../../src/crypto/opaque_token.ts'
import type { AuditEvent } from '../../src/model/audit_event.ts'
import type { Grant } from '../../src/model/grant.ts'
import type { OauthClient, StoredOauthClient } from '../../src/model/oauth_client.ts'
import { defaultPolicy, type Policy } from '../../src/model/policy.ts'
import type { Project } from '../../src/model/project.ts'
import type { Role } from '../../src/model/user.ts'
import type { Person } from '../../src/oauth/authorize/authorization.ts'
import { readAuthorization, readAuthorizationForm } from '../../src/oauth/authorize.ts'
import { approve } from '../../src/oauth/decide.ts'
import type { OauthDeps } from '../../src/oauth/oauth_deps.ts'
import type { TokenAnswer } from '../../src/oauth/token/token_answer.ts'
import { answerToken } from '../../src/oauth/token.ts'
import { listAuditEvents } from '../../src/store/audit_store.ts'
import type { Operation, Row, SqlValue } from '../../src/store/database.ts'
import { listGrants } from '../../src/store/grant_store.ts'
import { insertOauthClient, type NewOauthClient } from '../../src/store/oauth_client_store.ts'
import { putPolicy } from '../../src/store/policy_store.ts'
import { putScope } from '../../src/store/scope_store.ts'
import { findUser, insertUser, listMemberships, setMembership } from '../../src/store/user_store.ts'
import { type ClientWorld, formOf, openClientWorld } from './client_world.ts'

/** The public URL of the worlds. */
export const issuer = 'https://gate.example.com'
/** What the stranger of the worlds has registered. */
export const callback = 'https://client.example/callback'
/** A verifier of PKCE, and its challenge. */
export const verifier = 'v'.repeat(43)
export const challengeOf = (text: string) => Buffer.from(sha256(text)).toString('base64url')

/** The authorization server over a real store, its clock standing still. */
export interface OauthWorld extends ClientWorld {
  readonly oauth: OauthDeps
  /** A registered public client. */
  readonly client: StoredOauthClient
  /** A member of the project, signed in. */
  readonly person: Person
  run<T>(operation: () => Operation<T>): Promise<T>
  /** Runs one statement. */
  sql(sql: string, ...params: SqlValue[]): Promise<readonly Row[]>
  addClient(fields: Partial<NewOauthClient>): Promise<StoredOauthClient>
  addPerson(email: string, projectId: number | null, role?: Role): Promise<Person>
  setPolicy(fields: Partial<Policy>, projectId?: number): Promise<void>
  addScopes(names: readonly string[], project?: Project): Promise<void>
  grants(): Promise<readonly Grant[]>
  /** Audit events, newest first. */
  events(): Promise<readonly AuditEvent[]>
  close(): Promise<void>
}

/** Opens a world with a project, a client and a member. */
export async function openOauthWorld(): Promise<OauthWorld> {
  const world = await openClientWorld()
  const { store, clock, project } = world
  const { database } = store
  const logger = { debug() {}, info() {}, warn() {}, error() {} }
  const masterKey = new MasterKey(newMasterKeyBytes())
  const oauth: OauthDeps = { ...world.deps, masterKey, logger, publicUrl: () => issuer }
  const run = <T>(operation: () => Operation<T>) => database.write(operation, 'written')
  const filter = { projectId: null, userId: null, clientId: null, liveAtMs: null }
  const noFilter = { projectId: null, actor: null, action: null, sinceMs: null, untilMs: null }
  const addClient: OauthWorld['addClient'] = async (fields) => {
    const client = await run(() =>
      insertOauthClient({
        clientId: 'client-1',
        kind: 'registered',
        integrationId: null,
        name: 'Test client',
        redirectUris: [callback, 'http://127.0.0.1/callback'],
        authMethod: 'none',
        secret: null,
        nowMs: clock.ms,
        ...fields,
      }),
    )
    if (client === null) throw new Error('no client')
    return client
  }
  const addPerson: OauthWorld['addPerson'] = async (email, projectId, role = 'member') => {
    const user = await run(() =>
      insertUser({ email, name: 'Ada', passwordHash: null, nowMs: clock.ms }),
    )
    if (user === null) throw new Error('no user')
    await run(() => setMembership({ userId: user.id, projectId, role }, clock.ms))
    const sessionId = await openSession(world, user.id)
    return personOf(world, user.id, sessionId)
  }
  return {
    ...world,
    oauth,
    run,
    sql: (sql, ...params) =>
      run(function* (): Operation<readonly Row[]> {
        return yield { sql, params }
      }),
    addClient,
    addPerson,
    client: await addClient({}),
    person: await addPerson('ada@example.com', project.id),
    setPolicy: (fields, projectId = project.id) =>
      run(() => putPolicy({ ...defaultPolicy(projectId), ...fields }, clock.ms)),
    addScopes: async (names, { id: projectId } = project) => {
      for (const name of names) {
        await run(() => putScope({ projectId, name, description: `About ${name}` }, clock.ms))
      }
    },
    grants: async () => (await run(() => listGrants(filter, 1000, null))).items,
    events: async () => (await run(() => listAuditEvents(noFilter, 100, null))).items,
    close: () => store.close(),
  }
}

async function openSession({ store, clock }: ClientWorld, userId: number): Promise<number> {
  const { hash } = newToken('gh_sess_')
  const [row] = await store.database.write(function* (): Operation<readonly Row[]> {
    return yield {
      sql: `INSERT INTO console_sessions
        (hash, user_id, stage, created_at_ms, last_seen_at_ms, expires_at_ms)
        VALUES ($1, $2, 'signed_in', $3, $3, $4) RETURNING id`,
      params: [hash, userId, clock.ms, clock.ms + 3_600_000],
    }
  })
  return Number(row?.id)
}

/** The person as the store knows it now. */
async function personOf(
  { store }: Pick<ClientWorld, 'store'>,
  userId: number,
  sessionId: number,
): Promise<Person> {
  const user = await store.database.read(() => findUser(userId))
  if (user === null) throw new Error('no user')
  const memberships = await store.database.read(() => listMemberships(userId))
  return { sessionId, user, memberships, address: '192.0.2.7' }
}

type Fields = Readonly<Record<string, string | null>>

/** A good request for authorization; null leaves a parameter out. */
export function requestText(client: Pick<OauthClient, 'clientId'>, fields: Fields = {}): string {
  const all: Fields = {
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: callback,
    code_challenge: challengeOf(verifier),
    code_challenge_method: 'S256',
    state: 'state-1',
    resource: `${issuer}/mcp`,
    ...fields,
  }
  const given = Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== null)
  return new URLSearchParams(given).toString()
}

/** Reads a request for authorization. */
export const ask = (world: OauthWorld, fields: Fields = {}, client: OauthClient = world.client) =>
  readAuthorization(world.oauth, readAuthorizationForm(requestText(client, fields)))

/** What a good request is approved with. */
export interface ApprovalTerms {
  readonly fields?: Fields
  readonly client?: OauthClient
  readonly person?: Person
  readonly projectId?: number
  /** All that is offered unless told. */
  readonly scopes?: readonly string[]
}

/** Asks and approves; gives the parameters of the answer. */
export async function connect(
  world: OauthWorld,
  terms: ApprovalTerms = {},
): Promise<URLSearchParams> {
  const { client = world.client, person = world.person, projectId = world.project.id } = terms
  const authorization = await ask(world, terms.fields, client)
  const scopes = terms.scopes ?? ['ALL']
  const approval = { projectId, scopes }
  return new URL(await approve(world.oauth, authorization, { person, approval })).searchParams
}

/** A secret of a confidential client, and what is stored of it. */
export function newSecret() {
  const { token, hash, last4 } = newToken(clientSecretPrefix)
  return { text: token, stored: { hash, last4 } }
}

/** Asks the token endpoint; null leaves a field out. */
export function tokens(
  world: OauthWorld,
  fields: Fields,
  authorization: string | null = null,
): Promise<TokenAnswer> {
  const given = Object.entries(fields).filter((pair): pair is [string, string] => pair[1] !== null)
  const form = formOf(Object.fromEntries(given))
  return answerToken(world.oauth, { authorization, form, address: '192.0.2.7' })
}

/** Redeems a code as the client it was given to. */
export const redeem = (world: OauthWorld, code: string | null, fields: Fields = {}) =>
  tokens(world, {
    grant_type: 'authorization_code',
    client_id: world.client.clientId,
    code,
    code_verifier: verifier,
    redirect_uri: callback,
    resource: `${issuer}/mcp`,
    ...fields,
  })

/** Refreshes as the client of the world. */
export const refresh = (world: OauthWorld, token: string | null, fields: Fields = {}) =>
  tokens(world, {
    grant_type: 'refresh_token',
    client_id: world.client.clientId,
    refresh_token: token,
    ...fields,
  })
