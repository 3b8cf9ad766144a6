import type { AccessDeps } from '../../src/access/authenticate.ts'
import { SessionTokens } from '../../src/access/session_tokens.ts'
import { MasterKey, newMasterKeyBytes } from '../../src/crypto/master_key.ts'
import type { Clock } from '../../src/lib/clock.ts'
import type { OpenStore } from '../../src/store/open_sqlite.ts'

/** What authentication needs, on a store of the test. */
export function accessDeps({ database }: Pick<OpenStore, 'database'>, clock: Clock): AccessDeps {
  const masterKey = new MasterKey(newMasterKeyBytes())
  const options = { database, clock, masterKey, minutes: 15, allowUnverified: false }
  return { database, clock, sessions: new SessionTokens(options) }
}
