import type { BenchOptions } from './bench_options.ts'
import type { Children } from './children.ts'
import type { GatehouseCommand } from './commands.ts'
import type { Gatehouse, GatehouseOptions, Project } from './competitors/gatehouse.ts'
import type { Window } from './load/job.ts'
import type { LoadProcess } from './load_process.ts'

/** What every part of the benchmark works with. */
export interface Bench {
  readonly options: BenchOptions
  readonly children: Children
  /** For everything that is written; removed at the end. */
  readonly directory: string
  readonly command: GatehouseCommand
  /** Origin of the upstream, and its process. */
  readonly upstream: { readonly url: string; readonly pid: number; readonly port: number }
  readonly load: LoadProcess
  /** Tells on standard error what is going on. */
  readonly note: (text: string) => void
}

/** A Gatehouse with a project of the two sample tools and one of a thousand tools. */
export interface Subject {
  readonly gatehouse: Gatehouse
  readonly bench: Project
  readonly thousand: Project
  /** How to start another one, on data with the thousand tools and no more. */
  readonly second: GatehouseOptions
}

/** How long to measure one cell: long enough for exact figures, and never long. */
export const windowOf = ({ isQuick }: BenchOptions): Window =>
  isQuick
    ? { warmupMs: 50, minMs: 200, maxMs: 300, enoughCalls: 5_000 }
    : { warmupMs: 200, minMs: 1_000, maxMs: 3_000, enoughCalls: 20_000 }

/** How long to call a server before it counts: its code is compiled by use, the larger the slower. */
export const warmUpOf = ({ isQuick }: BenchOptions): Window =>
  isQuick
    ? { warmupMs: 0, minMs: 300, maxMs: 1_500, enoughCalls: 4_000 }
    : { warmupMs: 0, minMs: 2_000, maxMs: 15_000, enoughCalls: 30_000 }

/** One promise of the product and what came of it in this run. */
export interface Verdict {
  readonly what: string
  readonly measured: string
  readonly target: string
  /** Null where this system does not tell. */
  readonly isMet: boolean | null
}

/** What one part found. */
export interface PartReport {
  /** Lines of a table, the first its head; none where the verdicts say it all. */
  readonly table: readonly (readonly string[])[]
  readonly verdicts: readonly Verdict[]
  /** Every figure, for `--json`. */
  readonly figures: unknown
}

/** The verdict on a figure that has an upper limit; `digits` behind the point. */
export function atMost(
  what: string,
  value: number | null,
  { limit, unit, digits = 2 }: { limit: number; unit: string; digits?: number },
): Verdict {
  const measured = value === null ? 'unknown' : `${value.toFixed(digits)} ${unit}`
  const isMet = value === null ? null : value <= limit
  return { what, measured, target: `≤ ${limit} ${unit}`, isMet }
}

/** The verdict on a figure that has a lower limit. */
export function atLeast(
  what: string,
  value: number | null,
  { limit, unit, digits = 2 }: { limit: number; unit: string; digits?: number },
): Verdict {
  const measured = value === null ? 'unknown' : `${value.toFixed(digits)} ${unit}`
  const isMet = value === null ? null : value >= limit
  return { what, measured, target: `≥ ${limit} ${unit}`, isMet }
}
