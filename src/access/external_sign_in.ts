import { AppError } from '../errors.ts'
import { addressGroup } from '../lib/address_group.ts'
import { Allowances } from '../lib/allowances.ts'
import type { Logger } from '../log.ts'
import { externalCallbackPath } from '../model/external_sign_in_path.ts'
import type { ConsoleDeps, OpenedSession } from './console_session.ts'
import { type Arrival, openSession } from './console_sign_in.ts'
import { type AdmissionRules, admitPerson } from './external_sign_in/admit_person.ts'
import { keepPending, pendingCookie, takePending } from './external_sign_in/pending_sign_in.ts'
import type { Provider } from './external_sign_in/provider.ts'
import { linesOf } from './external_sign_in/provider_failure.ts'
import { recorded } from './sign_in_record.ts'

/** How people sign in elsewhere, and what becomes of them here. */
export interface ExternalSignInOptions extends AdmissionRules {
  readonly console: ConsoleDeps
  readonly provider: Provider
  readonly logger: Logger
  /** What the button says. */
  readonly name: string
  /** Whether it is the only way in. */
  readonly isRequired: boolean
}

/** What a browser is told once the person has come back. */
export interface ExternalOutcome {
  readonly result:
    | { readonly kind: 'opened'; readonly session: OpenedSession }
    | { readonly kind: 'refused'; readonly error: AppError }
  /** A path of this server; null for the account page. */
  readonly next: string | null
  /** The `Set-Cookie` header that ends the attempt; null where there was none. */
  readonly cookie: string | null
}

/** A whole office may sit behind one address. */
const startsPerAddress = { count: 300, periodMs: 10 * 60_000 }
const maxNextChars = 8_192

/** Sign-in through the operator's OpenID provider. */
export class ExternalSignIn {
  readonly name: string
  readonly isRequired: boolean
  /** Whether the first owner may come this way. */
  readonly makesOwners: boolean
  private readonly options: ExternalSignInOptions
  private readonly starts = new Allowances(startsPerAddress)

  constructor(options: ExternalSignInOptions) {
    this.options = options
    this.name = options.name
    this.isRequired = options.isRequired
    const { createsUsers, roleMap } = options
    this.makesOwners = createsUsers && roleMap.some(({ role }) => role === 'owner')
  }

  /**
   * Sends a person to the provider.
   * @param next a path of this server to come back to
   * @returns where the browser goes, and the cookie by which it is known when it comes back
   * @throws AppError provider_unavailable, too_many_sign_ins or overloaded
   */
  async begin(
    next: string | null,
    address: string | null,
  ): Promise<{ readonly location: string; readonly cookie: string }> {
    const { console, provider } = this.options
    this.admitStart(address)
    const checks = provider.newChecks()
    const location = await this.logged(() => provider.authorizationUrl(checks, this.redirectUri()))
    const kept = next !== null && next.length <= maxNextChars ? next : null
    return { location, cookie: await keepPending(console, { ...checks, next: kept }) }
  }

  /**
   * Takes the provider's answer: opens a session up to the second factor, or says why not. An answer
   * counts once, in the browser that asked, within ten minutes; nothing else is sent to the provider.
   * @param search the query of the request, with its question mark
   */
  async complete(search: string, at: Arrival): Promise<ExternalOutcome> {
    const { console } = this.options
    const state = new URLSearchParams(search).get('state') ?? ''
    const pending = await takePending(console, state, at.cookieHeader)
    if (pending === null) {
      return { result: { kind: 'refused', error: notBegunHere() }, next: null, cookie: null }
    }
    const { next } = pending
    const cookie = pendingCookie(console, state, null)
    try {
      const answer = new URL(this.redirectUri() + search)
      const session = await this.logged(async () => {
        const identity = await this.options.provider.identify(answer, pending)
        const came = { identity, address: at.address }
        return openSession(console, await this.admit(came), at)
      })
      return { result: { kind: 'opened', session }, next, cookie }
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      return { result: { kind: 'refused', error }, next, cookie }
    }
  }

  private admit(came: Parameters<typeof admitPerson>[2]): Promise<number> {
    const { console } = this.options
    const { identity, address } = came
    const email = identity.email ?? ''
    return recorded(console, { at: 'sign_in', email, userId: null, address }, async () => {
      const admitted = await console.database.write(() => admitPerson(console, this.options, came))
      if ('userId' in admitted) return admitted.userId
      throw new AppError('external_sign_in_refused', { reason: admitted.refusal })
    })
  }

  private redirectUri(): string {
    return this.options.console.publicUrl() + externalCallbackPath
  }

  private admitStart(address: string | null): void {
    const nowMs = this.options.console.clock.monotonicMs()
    const seconds = this.starts.take(addressGroup(address ?? ''), nowMs)
    if (seconds === 0) return
    throw new AppError('too_many_sign_ins', {
      reason: 'Too many sign-ins were begun from your address. Try again in a minute.',
      retryAfterSeconds: seconds,
    })
  }

  /** The person reads a sentence; what exactly went wrong is for whoever runs the server. */
  private async logged<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof AppError) {
        const { code, reason, cause } = error
        const fields = { code, reason, causes: linesOf(cause) }
        this.options.logger.warn('external_sign_in_failed', fields)
      }
      throw error
    }
  }
}

const notBegunHere = () =>
  new AppError('external_sign_in_failed', {
    reason:
      'It was begun in another browser, more than ten minutes ago, or used already. Start again.',
  })
