import { parseArgs } from 'node:util'
import type { Build } from './commands.ts'
import type { Era } from './mcp_request.ts'

/** The parts of the benchmark, in the order they run. */
export const parts = ['calls', 'sessions', 'list', 'start', 'scale', 'slow'] as const
export type Part = (typeof parts)[number]

/** What to run and how. */
export interface BenchOptions {
  /** About half a minute in all, for a first look; figures jump more. */
  readonly isQuick: boolean
  readonly parts: readonly Part[]
  readonly rounds: number
  readonly build: Build
  readonly era: Era
  /** How long to wait and measure again, in all, while other programs keep the machine busy. */
  readonly patienceMs: number
  /** Where to write every figure of every round. */
  readonly jsonFile: string | null
}

/** What `--help` prints. */
export const help = `bun run bench [options]
  --quick                 about half a minute in all; figures jump more
  --only=PART[,PART]      ${parts.join(', ')} (default: all)
  --rounds=N              rounds of which the medians are taken (default: 5; with --quick 3)
  --gatehouse=BUILD       binary: dist/gatehouse; source: src/main.ts;
                          auto (default): the executable where it is newer than the sources
  --era=ERA               the revision callers speak: legacy (2025-11-25, default) or
                          modern (2026-07-28)
  --patience=SECONDS      how long, in all, to wait for moments when other programs are quiet, and
                          to measure again what they disturbed (default: 0)
  --json=FILE             writes every figure of every round
`

/** Reads the command line; null where it asks for help. @throws Error - what is wrong with it */
export function parseOptions(words: readonly string[]): BenchOptions | null {
  const { values } = parseArgs({
    args: [...words],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      gatehouse: { type: 'string', default: 'auto' },
      era: { type: 'string', default: 'legacy' },
      patience: { type: 'string', default: '0' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return null
  const wanted = values.only?.split(',') ?? parts
  return {
    isQuick: values.quick,
    parts: wanted.map((word) => oneOf('--only', parts, word)),
    rounds: integerOf('--rounds', values.rounds ?? (values.quick ? '3' : '5'), [1, 50]),
    build: oneOf('--gatehouse', ['auto', 'binary', 'source'], values.gatehouse),
    era: oneOf('--era', ['legacy', 'modern'], values.era),
    patienceMs: integerOf('--patience', values.patience, [0, 3600]) * 1000,
    jsonFile: values.json ?? null,
  }
}

function oneOf<T extends string>(flag: string, choices: readonly T[], word: string): T {
  const choice = choices.find((candidate) => candidate === word)
  if (choice === undefined) throw new Error(`${flag}: ${word} is none of ${choices.join(', ')}`)
  return choice
}

function integerOf(flag: string, text: string, [least, most]: [number, number]): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new Error(`${flag}: ${text} is not ${least} to ${most}`)
}
