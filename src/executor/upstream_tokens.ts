import { AppError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import { isJsonObject, type JsonObject, parseJson } from '../lib/json.ts'
import type { Connector } from './connector/connector.ts'
import { ExchangeError, type UpstreamResponse } from './connector/exchange.ts'
import type { Guard } from './guard_target.ts'
import { formEncode } from './percent_encode.ts'
import { redactSecrets } from './redact.ts'
import type { ClientCredentials } from './token_endpoint.ts'

/** What getting tokens goes through: the same doors as a tool call. */
export interface UpstreamTokensDeps {
  readonly guard: Guard
  readonly connector: Connector
  readonly clock: Clock
}

/** An access token of an upstream. */
export interface UpstreamToken {
  readonly value: string
  /** It, and what it was got with: none of it may come back to a caller. */
  readonly secrets: readonly string[]
}

interface Entry {
  token: UpstreamToken | null
  usableUntilMs: number
  /** When a token was last thrown away because the upstream refused it. */
  refusedAtMs: number
  flight: Promise<UpstreamToken> | null
  /** Whether the endpoint wants id and secret in the body. */
  usesPost: boolean
}

const timeoutMs = 10_000
const maxAnswerBytes = 64 * 1024
const maxEntries = 2_000
/** A token is renewed that long before it ends. */
const renewBeforeMs = 60_000
/** How long a token whose endpoint says nothing of its end is kept. */
const unknownLifetimeSeconds = 300
/** A token that replaced a refused one is not replaced again before that. */
const refusalPauseMs = 60_000

const TOKEN = /^[\x21-\x7e]{1,16384}$/

/** Gets and keeps access tokens of the client credentials grant (RFC 6749 §4.4), one at a time. */
export class UpstreamTokens {
  private readonly deps: UpstreamTokensDeps
  private readonly entries = new Map<string, Entry>()

  constructor(deps: UpstreamTokensDeps) {
    this.deps = deps
  }

  /**
   * Gives a token that is good for 60 s more at least, unless it never was.
   * @param waitMs how long this caller waits for it
   * @throws AppError upstream_auth_failed - naming the endpoint's host; nothing was sent upstream
   */
  async get(client: ClientCredentials, waitMs: number): Promise<UpstreamToken> {
    const entry = this.entryOf(client.key)
    const { token } = entry
    if (token !== null && entry.usableUntilMs > this.deps.clock.nowMs()) return token
    entry.flight ??= this.fetch(client, entry).finally(() => {
      entry.flight = null
    })
    return within(entry.flight, waitMs, client)
  }

  /** Forgets a token the upstream answered 401 to, so that the next call gets a new one. */
  refused(client: ClientCredentials, token: UpstreamToken): void {
    const entry = this.entryOf(client.key)
    const nowMs = this.deps.clock.nowMs()
    if (entry.token !== token || nowMs - entry.refusedAtMs < refusalPauseMs) return
    entry.token = null
    entry.refusedAtMs = nowMs
  }

  private entryOf(key: string): Entry {
    const known = this.entries.get(key)
    if (known !== undefined) return known
    const none = Number.NEGATIVE_INFINITY
    const fresh = { token: null, usableUntilMs: none, refusedAtMs: none, flight: null }
    const entry: Entry = { ...fresh, usesPost: false }
    if (this.entries.size >= maxEntries) this.entries.clear()
    this.entries.set(key, entry)
    return entry
  }

  private async fetch(client: ClientCredentials, entry: Entry): Promise<UpstreamToken> {
    let response = await this.ask(client, entry.usesPost)
    if (!entry.usesPost && isInvalidClient(response)) {
      response = await this.ask(client, true)
      entry.usesPost = response.status === 200
    }
    const { value, lifetimeSeconds } = readToken(client, response)
    entry.token = { value, secrets: [value, ...client.secrets] }
    entry.usableUntilMs = this.deps.clock.nowMs() + lifetimeSeconds * 1000 - renewBeforeMs
    return entry.token
  }

  private async ask(client: ClientCredentials, usesPost: boolean): Promise<UpstreamResponse> {
    const { baseUrl, target } = client.endpoint
    try {
      return await this.deps.connector.exchange({
        target: await this.deps.guard.check(baseUrl),
        method: 'POST',
        path: target,
        headers: headersOf(client, usesPost),
        body: new TextEncoder().encode(formOf(client, usesPost)),
        maxResponseBytes: maxAnswerBytes,
        deadlineAtMs: performance.now() + timeoutMs,
        signal: null,
        reuse: false,
      })
    } catch (error) {
      const known = error instanceof ExchangeError ? error.error : error
      if (!(known instanceof AppError)) throw known
      throw failed(client, `could not be asked: ${known.reason ?? known.message}`, known)
    }
  }
}

function headersOf(client: ClientCredentials, usesPost: boolean): [string, string][] {
  const headers: [string, string][] = [
    ['content-type', 'application/x-www-form-urlencoded'],
    ['accept', 'application/json'],
    ['user-agent', 'Gatehouse'],
  ]
  if (usesPost) return headers
  // RFC 6749 §2.3.1: both are form-encoded before they become Basic credentials.
  const pair = `${formEncode(client.clientId)}:${formEncode(client.clientSecret)}`
  return [...headers, ['authorization', `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`]]
}

function formOf(client: ClientCredentials, usesPost: boolean): string {
  const { scopes, audience } = client.endpoint
  const form = new URLSearchParams({ grant_type: 'client_credentials' })
  if (scopes.length > 0) form.set('scope', scopes.join(' '))
  if (audience !== null) {
    form.set('audience', audience)
    // RFC 8707 takes absolute URIs alone.
    if (URL.canParse(audience)) form.set('resource', audience)
  }
  if (usesPost) {
    form.set('client_id', client.clientId)
    form.set('client_secret', client.clientSecret)
  }
  return form.toString()
}

const isInvalidClient = (response: UpstreamResponse) =>
  (response.status === 401 || response.status === 400) &&
  memberText(answerOf(response), 'error') === 'invalid_client'

function readToken(client: ClientCredentials, response: UpstreamResponse) {
  const answer = answerOf(response)
  if (response.status !== 200) throw failed(client, refusalOf(client, response.status, answer))
  const value = memberText(answer, 'access_token')
  if (value === null || !TOKEN.test(value)) throw failed(client, 'sent no access_token')
  const type = memberText(answer, 'token_type') ?? 'Bearer'
  if (type.toLowerCase() !== 'bearer') throw failed(client, 'sent a token that is no bearer token')
  return { value, lifetimeSeconds: lifetimeOf(answer) }
}

/** Some endpoints write the number as a text. */
function lifetimeOf(answer: JsonObject | null): number {
  const seconds = Number(answer?.expires_in ?? Number.NaN)
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : unknownLifetimeSeconds
}

function answerOf(response: UpstreamResponse): JsonObject | null {
  try {
    const value = parseJson(response.utf8() ?? '')
    return isJsonObject(value) ? value : null
  } catch {
    return null
  }
}

function memberText(answer: JsonObject | null, name: string): string | null {
  const value = answer?.[name]
  return typeof value === 'string' ? value : null
}

function refusalOf(client: ClientCredentials, status: number, answer: JsonObject | null): string {
  const words = [memberText(answer, 'error'), memberText(answer, 'error_description')]
  const said = words.filter((word) => word !== null).join(': ')
  if (said === '') return `answered ${status}`
  const clean = redactSecrets(said, client.secrets).replace(/[^\x20-\x7e]+/g, ' ')
  return `answered ${status} (${clean.slice(0, 300)})`
}

function failed({ endpoint }: ClientCredentials, what: string, cause?: unknown): AppError {
  const reason = `The token endpoint at ${endpoint.baseUrl.host} ${what}`
  return new AppError('upstream_auth_failed', { reason: `${reason.replace(/\.$/, '')}.`, cause })
}

/** The flight goes on for those who wait longer. */
function within<T>(flight: Promise<T>, waitMs: number, client: ClientCredentials): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(failed(client, 'did not answer in time'))
    const timer = setTimeout(late, Math.max(0, waitMs))
    flight.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
