import { Allowances } from '../lib/allowances.ts'
import type { Clock } from '../lib/clock.ts'
import { OAuthError } from './oauth_error.ts'

const failures = { count: 20, periodMs: 60_000 }

/**
 * Failed authentications by client, in memory (reliability.md case 120). Only failures are held back:
 * nobody can lock a client out by failing in its name.
 */
export class ClientThrottle {
  private readonly clock: Clock
  private readonly ofClient = new Allowances(failures)

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** What to answer a failed authentication: invalid_client, with 429 once there are too many. */
  judge(clientId: string, description: string): OAuthError {
    const seconds = this.ofClient.take(clientId, this.clock.monotonicMs())
    if (seconds === 0) return new OAuthError('invalid_client', description)
    return new OAuthError('invalid_client', 'Too many failed authentications of this client', {
      status: 429,
      retryAfterSeconds: seconds,
    })
  }
}
