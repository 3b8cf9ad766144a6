/**
 * Session tokens for your own users (see docs/examples/README.md).
 *
 * States with your private key who the user is, exchanges the statement at Gatehouse for a
 * `tng_mst_…` token, and keeps the token until a minute before it ends.
 *
 * Node 22.18 or later, or Bun; npm install jose@6
 */
import { createPrivateKey, type KeyObject, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'

const refreshEarlyMs = 60_000
const algorithms: Readonly<Record<string, string>> = {
  'ec prime256v1': 'ES256',
  'ec secp384r1': 'ES384',
  ed25519: 'Ed25519',
  rsa: 'RS256',
}

export interface GatehouseClientOptions {
  readonly baseUrl: string
  readonly apiKey: string
  readonly projectId: string
  readonly privateKeyPem: string
  readonly kid: string
  readonly timeoutMs?: number
  /** How many tokens are kept; past it the one that nobody used for longest goes. */
  readonly maxCached?: number
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number
}

export interface GatehouseUser {
  readonly userId: string
  readonly email?: string | null | undefined
  readonly roles?: readonly string[] | undefined
}

/** Why there is no token: status (0: no answer), code, detail and reason of the answer. */
export class GatehouseError extends Error {
  override readonly name = 'GatehouseError'
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly reason: string | undefined

  constructor(status: number, answer: Answer) {
    const { code = 'unexpected_answer', reason } = answer
    const { detail = 'This is no answer of Gatehouse. Is baseUrl right?' } = answer
    super(`${status} ${code}: ${detail}${reason ? ` (${reason})` : ''}`)
    this.status = status
    this.code = code
    this.detail = detail
    this.reason = reason
  }
}

interface Answer {
  readonly token?: string
  readonly expires_at?: string
  readonly expires_in_minutes?: number
  readonly code?: string
  readonly detail?: string
  readonly reason?: string
}

interface Entry {
  readonly userId: string
  readonly session: Promise<{ token: string; expiresAtMs: number }>
  /** Infinity until the token is there. */
  refreshAtMs: number
}

/** Gives session tokens. Make one for the whole process. */
export class GatehouseClient {
  readonly #options: Required<GatehouseClientOptions>
  readonly #privateKey: KeyObject
  readonly #algorithm: string
  /** By user, email and roles; the one used last stands last. */
  readonly #entries = new Map<string, Entry>()

  constructor(options: GatehouseClientOptions) {
    this.#options = { timeoutMs: 10_000, maxCached: 10_000, now: Date.now, ...options }
    this.#privateKey = createPrivateKey(options.privateKeyPem)
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = this.#privateKey
    const algorithm = algorithms[type === 'ec' ? `ec ${details?.namedCurve}` : `${type}`]
    if (!algorithm) throw new Error('The private key must be P-256, P-384, Ed25519 or RSA')
    this.#algorithm = algorithm
  }

  /**
   * Gives a token with more than a minute left; rejects with GatehouseError.
   *
   * Callers that ask for one user at the same time share one exchange and its outcome.
   */
  async sessionToken(user: GatehouseUser): Promise<string> {
    // Roles are authority: a token made for other roles must not be found here.
    const who = JSON.stringify([user.userId, user.email || null, user.roles ?? []])
    const known = this.#entries.get(who)
    const isFresh = known !== undefined && this.#options.now() < known.refreshAtMs
    const entry = isFresh ? known : this.#newEntry(who, user)
    this.#entries.delete(who)
    this.#entries.set(who, entry)
    const [unusedLongest = who] = this.#entries.keys()
    if (this.#entries.size > this.#options.maxCached) this.#entries.delete(unusedLongest)
    return (await entry.session).token
  }

  /** Drops the user's tokens: for when Gatehouse answered 401 to one of them. */
  forget(userId: string): void {
    for (const [who, entry] of this.#entries) {
      if (entry.userId === userId) this.#entries.delete(who)
    }
  }

  #newEntry(who: string, user: GatehouseUser): Entry {
    const session = this.#exchange(user)
    const entry: Entry = { userId: user.userId, session, refreshAtMs: Number.POSITIVE_INFINITY }
    session.then(
      ({ expiresAtMs }) => {
        entry.refreshAtMs = expiresAtMs - refreshEarlyMs
      },
      () => this.#entries.get(who) === entry && this.#entries.delete(who),
    )
    return entry
  }

  async #exchange(user: GatehouseUser): Promise<{ token: string; expiresAtMs: number }> {
    const { apiKey, now, timeoutMs } = this.#options
    const url = `${this.#options.baseUrl.replace(/\/+$/, '')}/api/v1/mcp/session-token`
    const request = {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ member_assertion: await this.#assertion(user) }),
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    } as const
    const { status, answer } = await fetch(url, request)
      .then(async (response) => ({ status: response.status, answer: parse(await response.text()) }))
      .catch((error) => {
        throw new GatehouseError(0, { code: 'unreachable', detail: String(error) })
      })
    const { token, expires_at: expiresAt, expires_in_minutes: minutes = Number.NaN } = answer
    const expiresAtMs = expiresAt ? Date.parse(expiresAt) : now() + minutes * 60_000
    if (status === 200 && token && expiresAtMs > 0) return { token, expiresAtMs }
    throw new GatehouseError(status, answer)
  }

  #assertion({ userId, email, roles = [] }: GatehouseUser): Promise<string> {
    const now = Math.floor(this.#options.now() / 1000)
    const claims = { ...(email && { email }), ...(roles.length > 0 && { roles }) }
    return new SignJWT(claims)
      .setProtectedHeader({ alg: this.#algorithm, kid: this.#options.kid })
      .setSubject(userId)
      .setAudience(`tengine:project:${this.#options.projectId}`)
      .setIssuedAt(now)
      .setExpirationTime(now + 60)
      .setJti(randomUUID()) // makes the assertion good for one exchange only
      .sign(this.#privateKey)
  }
}

/** The JSON object in a text; an empty one where there is none. */
function parse(text: string): Answer {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}
