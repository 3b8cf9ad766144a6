import { randomInt } from 'node:crypto'
import { AnswerSealer } from '../../crypto/answer_sealer.ts'
import type { MasterKey } from '../../crypto/master_key.ts'
import type { Clock } from '../../lib/clock.ts'
import type { LedgerTime } from '../../store/run_claim_store.ts'
import type { ToolCallResult } from '../call_tool.ts'
import { Flights } from './flights.ts'

/** What this process knows of requests under way, and the keys of what it keeps of the others. */
export class Ledger {
  readonly flights = new Flights<ToolCallResult>()
  private readonly clock: Clock
  private readonly sealer: AnswerSealer
  private readonly bootId = randomInt(1, 2 ** 47)

  constructor(clock: Clock, masterKey: MasterKey) {
    this.clock = clock
    this.sealer = new AnswerSealer(masterKey)
  }

  /** Now, as claims are measured. */
  time(): LedgerTime {
    const monotonicMs = Math.ceil(this.clock.monotonicMs())
    return { nowMs: this.clock.nowMs(), bootId: this.bootId, monotonicMs }
  }

  /** Seals what is kept of a run. */
  seal(runId: string, bytes: Uint8Array): Uint8Array {
    return this.sealer.seal(`run|${runId}`, bytes)
  }

  /** Opens it. @throws AppError secret_undecryptable */
  unseal(runId: string, sealed: Uint8Array): Uint8Array {
    return this.sealer.unseal(`run|${runId}`, sealed)
  }
}
