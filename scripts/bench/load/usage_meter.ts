import { cpuMicrosBetween, machineMicros, type ThreadTimes, threadTimes } from '../process_usage.ts'

/** CPU time in a window: what the server used, and what the machine did for others meanwhile. */
export interface Usage {
  /** Null where this system does not tell. */
  readonly serverMicros: number | null
  /** Cores that programs outside the benchmark kept busy, on average. */
  readonly othersCores: number | null
}

/** Measures CPU time from its making to `end`. */
export class UsageMeter {
  private readonly serverPid: number
  private readonly startedAt = performance.now()
  private readonly machine = machineMicros()
  private readonly own: ReadonlyMap<number, ThreadTimes>

  /** @param ownPids every process of the benchmark, the server too */
  constructor(serverPid: number, ownPids: readonly number[]) {
    this.serverPid = serverPid
    this.own = new Map([serverPid, ...ownPids].map((pid) => [pid, threadTimes(pid)]))
  }

  end(): Usage {
    let ownMicros = 0
    let serverMicros: number | null = null
    for (const [pid, before] of this.own) {
      const micros = cpuMicrosBetween(before, threadTimes(pid))
      if (pid === this.serverPid) serverMicros = micros
      ownMicros += micros ?? 0
    }
    const machine = machineMicros()
    if (machine === null || this.machine === null) return { serverMicros, othersCores: null }
    const elapsedMicros = (performance.now() - this.startedAt) * 1000
    const others = (machine - this.machine - ownMicros) / elapsedMicros
    return { serverMicros, othersCores: Math.max(0, others) }
  }
}
