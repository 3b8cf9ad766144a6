import '../../helpers/property_seed.ts'
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { ToolCallResult } from '../../../src/executor/call_tool.ts'
import { parseRunId } from '../../../src/lib/run_id.ts'
import { settleRun } from '../../../src/store/run_claim_store.ts'
import { findRun } from '../../../src/store/run_store.ts'
import { type Arrived, LedgerWorld } from './ledger_world.ts'

const DAY = 86_400_000
const WINDOW = 300_000

/** What may become of a logical request, as the contract has it (wire.md §7). */
interface Held {
  /** Until when nothing of it may be sent. */
  untilMs: number
  /** What a repeat gets; null for an unknown outcome, or none of its own. */
  number: number | null
}

/** A logical request: its arguments, and the key that names it. */
interface Request {
  readonly id: string
  readonly key: string | null
}

const nameOf = ({ id, key }: Request) => (key === null ? `id ${id}` : `key ${key}`)

/** The contract, kept beside the real thing. */
class Model {
  readonly held = new Map<string, Held>()
  readonly flying = new Map<Arrived, { readonly name: string; readonly startedAtMs: number }>()
  /** Of a process that is gone: whatever comes of them counts no more. */
  readonly zombies = new Set<Arrived>()
  /** Runs whose outcome nobody knows. */
  readonly unknown = new Map<string, string>()
  readonly calls: Promise<ToolCallResult>[] = []
  readonly names = new Map<string, string>()
  hits = 0
}

type Commands = fc.AsyncCommand<Model, LedgerWorld>

const tick = async () => {
  for (let i = 0; i < 6; i++) await new Promise((resolve) => setImmediate(resolve))
}

class Call implements Commands {
  readonly request: Request

  constructor(request: Request) {
    this.request = request
  }

  check = () => true

  async run(model: Model, world: LedgerWorld): Promise<void> {
    const { id, key } = this.request
    const name = nameOf(this.request)
    world.onArrival = (arrived) => {
      const isHeld = (model.held.get(name)?.untilMs ?? 0) > world.timeMs
      const isFlying = [...model.flying.values()].some((flight) => flight.name === name)
      // The promise itself: nothing is sent while the request is held or under way.
      expect({ name, isHeld, isFlying }).toEqual({ name, isHeld: false, isFlying: false })
      model.flying.set(arrived, { name, startedAtMs: world.timeMs })
      model.names.set(arrived.runId, name)
      model.hits++
    }
    const held = model.held.get(name)
    const isHeld = (held?.untilMs ?? 0) > world.timeMs
    const call = world.call(id, key)
    model.calls.push(call)
    await tick()
    if (!isHeld || held === undefined) return
    const result = await call
    if (held.number === null) {
      expect([result.isReplayed, result.error?.code ?? null]).toEqual([
        result.isReplayed,
        result.isReplayed ? null : 'outcome_unknown',
      ])
      return
    }
    expect(result.isReplayed).toBe(true)
    const text = result.error?.reason ?? result.output?.structuredText
    expect(text).toContain(`"number":${held.number}}`)
  }

  toString = () => `call ${nameOf(this.request)}`
}

class End implements Commands {
  readonly which: number
  readonly how: 'ok' | 'refused by the API' | 'lost' | 'not connected'

  constructor(which: number, how: End['how']) {
    this.which = which
    this.how = how
  }

  check = ({ flying, zombies }: Readonly<Model>) => flying.size + zombies.size > 0

  async run(model: Model, world: LedgerWorld): Promise<void> {
    const all = [...model.flying.keys(), ...model.zombies]
    const arrived = all[this.which % all.length]
    if (arrived === undefined) return
    const flight = model.flying.get(arrived)
    model.flying.delete(arrived)
    model.zombies.delete(arrived)
    if (flight !== undefined) this.expectEnd(model, world, { ...flight, arrived })
    this.end(arrived)
    await tick()
  }

  private end(arrived: Arrived): void {
    if (this.how === 'ok') arrived.answer(200)
    else if (this.how === 'refused by the API') arrived.answer(422)
    else if (this.how === 'lost') arrived.lose()
    else arrived.refuse()
  }

  private expectEnd(
    { held, unknown }: Model,
    { timeMs }: LedgerWorld,
    { name, arrived }: { readonly name: string; readonly arrived: Arrived },
  ): void {
    const isKeyed = name.startsWith('key')
    const { number, runId } = arrived
    if (this.how === 'ok') held.set(name, { untilMs: timeMs + (isKeyed ? DAY : WINDOW), number })
    else if (this.how === 'refused by the API' && isKeyed) {
      held.set(name, { untilMs: timeMs + DAY, number })
    } else if (this.how === 'lost') {
      held.set(name, { untilMs: timeMs + DAY, number: null })
      unknown.set(runId, name)
    } else held.delete(name)
  }

  toString = () => `end ${this.which}: ${this.how}`
}

class Restart implements Commands {
  check = () => true

  async run(model: Model, world: LedgerWorld): Promise<void> {
    for (const [arrived, { name, startedAtMs }] of model.flying) {
      model.held.set(name, { untilMs: startedAtMs + DAY, number: null })
      model.unknown.set(arrived.runId, name)
      model.zombies.add(arrived)
    }
    model.flying.clear()
    await world.restart()
  }

  toString = () => 'kill -9 and start'
}

class Settle implements Commands {
  readonly outcome: 'done' | 'not_done'

  constructor(outcome: 'done' | 'not_done') {
    this.outcome = outcome
  }

  check = ({ unknown }: Readonly<Model>) => unknown.size > 0

  async run(model: Model, world: LedgerWorld): Promise<void> {
    const [first] = model.unknown
    if (first === undefined) return
    const [runId, name] = first
    model.unknown.delete(runId)
    const id = parseRunId(runId) ?? new Uint8Array()
    const run = await world.store.database.read(() => findRun(1, id))
    expect(run?.state).toBe('unknown')
    const settlement = {
      outcome: this.outcome,
      by: 'operator',
      note: null,
      atMs: world.timeMs,
    } as const
    await world.store.database.write(() => settleRun({ projectId: 1, id }, settlement))
    if (this.outcome === 'not_done' && isOfRun(model, name)) model.held.delete(name)
  }

  toString = () => `settle: ${this.outcome}`
}

/** Whether the hold on a request is that of an unknown run, and not of one that came after. */
const isOfRun = ({ held }: Model, name: string) => held.get(name)?.number === null

class Pass implements Commands {
  readonly ms: number

  constructor(ms: number) {
    this.ms = ms
  }

  check = () => true

  async run(model: Model, world: LedgerWorld): Promise<void> {
    world.timeMs += this.ms
    // Who outlives a day is no longer told apart from what came after.
    if (this.ms > DAY) model.unknown.clear()
  }

  toString = () => `${this.ms} ms go by`
}

const ids = fc.constantFrom('a', 'b')
const commands = fc.commands(
  [
    ids.map((id) => new Call({ id, key: null })),
    ids.map((id) => new Call({ id, key: `key-${id}` })),
    fc
      .tuple(
        fc.nat(5),
        fc.constantFrom<End['how']>('ok', 'ok', 'refused by the API', 'lost', 'not connected'),
      )
      .map(([which, how]) => new End(which, how)),
    fc.constant(new Restart()),
    fc.constantFrom(new Settle('done'), new Settle('not_done')),
    fc.constantFrom(new Pass(10_000), new Pass(WINDOW + 1_000), new Pass(DAY + 1_000)),
  ],
  { maxCommands: 40 },
)

test('R1, cases 203–218: no interleaving sends a logical request while it is held or under way', async () => {
  let hits = 0
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      const world = new LedgerWorld()
      const model = new Model()
      try {
        await world.open()
        await fc.asyncModelRun(() => ({ model, real: world }), sequence)
        for (const arrived of [...model.flying.keys(), ...model.zombies]) arrived.answer(200)
        for (const { runId } of await Promise.all(model.calls)) expect(runId).not.toBe('')
        hits += model.hits
      } finally {
        await world.store.close()
      }
    }),
    { numRuns: 50, interruptAfterTimeLimit: 20_000 },
  )
  expect(hits).toBeGreaterThan(40)
}, 60_000)
