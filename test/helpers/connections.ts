import { Database as Connection } from 'bun:sqlite'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { accessTokenPrefix, newToken } from '../../src/crypto/opaque_token.ts'
import type { Role } from '../../src/model/user.ts'
import type { Operation, SqlValue } from '../../src/store/database.ts'
import { insertGrant } from '../../src/store/grant_store.ts'
import { findOrInsertSignInIntegration } from '../../src/store/integration_store.ts'
import { upsertMember } from '../../src/store/member_store.ts'
import { findOauthClient, insertOauthClient } from '../../src/store/oauth_client_store.ts'
import { insertAccessToken } from '../../src/store/oauth_token_store.ts'
import { SqliteDatabase } from '../../src/store/sqlite_database.ts'
import { findUserByEmail, setMembership } from '../../src/store/user_store.ts'

/** The store of a running app, through the same stores on a connection of the test's own. */
export interface StoreBeside {
  run<T>(operation: () => Operation<T>): Promise<T>
  /** Runs one statement. */
  sql(sql: string, ...params: SqlValue[]): Promise<void>
  /** Makes a connection as the authorization server would. */
  connect(terms: ConnectionTerms): Promise<Connected>
  /** One more access token of a connection. */
  issue(grantId: string, terms?: TokenTerms): Promise<string>
  close(): Promise<void>
}

/** What a connection is given. */
export interface ConnectionTerms extends TokenTerms {
  readonly projectId: number
  readonly email?: string
  readonly role?: Role
  /** Null: a client that acts for itself. */
  readonly user?: null
  readonly clientId?: string
  readonly granted?: readonly string[]
  readonly resource?: string
}

/** What an access token is given. */
export interface TokenTerms {
  readonly scopes?: readonly string[]
  readonly nowMs?: number
  readonly lifeMs?: number
}

/** A connection and everything it stands on. */
export interface Connected {
  readonly grantId: string
  /** Its access token. */
  readonly token: string
  readonly clientId: string
  readonly userId: number
  readonly memberId: number
  readonly integrationId: number
}

const YEAR_MS = 365 * 86_400_000

/** Opens the store of an app that is running on this data directory. */
export function openStoreBeside(dataDir: string): StoreBeside {
  const connection = new Connection(join(dataDir, 'gatehouse.db'))
  connection.run('PRAGMA busy_timeout = 5000')
  const database = new SqliteDatabase(connection)
  const run = <T>(operation: () => Operation<T>) => database.write(operation, 'written')
  const issue = async (grantId: string, terms: TokenTerms = {}) => {
    const { nowMs = Date.now(), lifeMs = 900_000, scopes = ['ALL'] } = terms
    const { token, hash } = newToken(accessTokenPrefix)
    const expiresAtMs = nowMs + lifeMs
    await run(() => insertAccessToken({ hash, grantId, scopes, createdAtMs: nowMs, expiresAtMs }))
    return token
  }
  return {
    run,
    issue,
    sql: (sql, ...params) =>
      run(function* () {
        yield { sql, params }
      }),
    connect: async (terms) => {
      const made = await run(() => makeGrant(terms))
      const { scopes = terms.granted ?? ['ALL'] } = terms
      return { ...made, token: await issue(made.grantId, { ...terms, scopes }) }
    },
    close: () => database.close(),
  }
}

function* makeGrant(terms: ConnectionTerms): Operation<Omit<Connected, 'token'>> {
  const { projectId, clientId = 'client-1', nowMs = Date.now() } = terms
  const { id: integrationId } = yield* findOrInsertSignInIntegration(projectId, nowMs)
  if ((yield* findOauthClient(clientId)) === null) {
    yield* insertOauthClient({
      ...{ clientId, nowMs, name: `Name of ${clientId}`, kind: 'registered', authMethod: 'none' },
      ...{ integrationId: null, redirectUris: ['http://localhost/callback'], secret: null },
    })
  }
  const person = terms.user === null ? null : yield* makePerson(terms, nowMs)
  const grantId = randomUUID()
  yield* insertGrant({
    id: grantId,
    projectId,
    integrationId,
    clientId,
    userId: person?.userId ?? null,
    memberId: person?.memberId ?? null,
    scopes: terms.granted ?? ['ALL'],
    resource: terms.resource ?? 'http://localhost/mcp',
    createdAtMs: nowMs,
    expiresAtMs: nowMs + YEAR_MS,
  })
  return { grantId, clientId, integrationId, userId: 0, memberId: 0, ...person }
}

function* makePerson(terms: ConnectionTerms, nowMs: number) {
  const { projectId, email = 'ada@example.com', role = 'member' } = terms
  const user = (yield* findUserByEmail(email)) ?? (yield* insertPerson(email, nowMs))
  if (user === null) throw new Error('no user')
  yield* setMembership({ userId: user.id, projectId, role }, nowMs)
  const externalId = `user_${user.id}`
  const seen = { externalId, email, roles: [role], source: 'sign_in' as const }
  const member = yield* upsertMember({ ...seen, projectId, nowMs })
  if (member === null) throw new Error('no member')
  return { userId: user.id, memberId: member.id }
}

function* insertPerson(email: string, nowMs: number) {
  yield {
    sql: `INSERT INTO users (email, email_folded, name, is_disabled, created_at_ms)
      VALUES ($1, $1, 'Ada Lovelace', 0, $2)`,
    params: [email, nowMs],
  }
  return yield* findUserByEmail(email)
}
