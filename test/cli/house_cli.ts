import { type House, startHouse } from '../http/house.ts'
import { type Fakes, type Outcome, runWith } from './fake_surroundings.ts'

/** A request of the command line, as it left. */
export type Sent = Pick<Outcome['requests'][number], 'method' | 'path'>

/** What a command line came to, and what it asked the server. */
export interface HouseOutcome extends Omit<Outcome, 'requests'> {
  readonly sent: readonly Sent[]
}

/** A whole product with a clock of the test's own, and the command line as its administrator. */
export interface HouseCli {
  readonly house: House
  /** The time of the server and of the command line, in epoch milliseconds. */
  readonly time: { nowMs: number }
  /** Runs a command line; `words` are split at spaces, `more` is passed on as it is. */
  on(words: string, more?: readonly string[], fakes?: Fakes): Promise<HouseOutcome>
  /** As `on` with `--json`, where it must succeed: the answer. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  json(words: string, more?: readonly string[]): Promise<any>
}

/** Starts a house at 2026-01-31 12:00:00Z; call `house.stop` in afterAll. */
export async function startHouseCli(files: Readonly<Record<string, string>>): Promise<HouseCli> {
  const time = { nowMs: Date.UTC(2026, 0, 31, 12) }
  const house = await startHouse({
    clock: { nowMs: () => time.nowMs, monotonicMs: () => performance.now() },
  })
  const cli: HouseCli = {
    house,
    time,
    on: async (words, more = [], fakes = {}) => {
      const sent: Sent[] = []
      const outcome = await runWith([...words.split(' '), ...more], {
        fetch: (url, init) => {
          sent.push({ method: init.method ?? 'GET', path: url.slice(house.url.length) })
          return fetch(url, init)
        },
        nowMs: () => time.nowMs,
        files,
        env: { GATEHOUSE_URL: house.url, GATEHOUSE_ADMIN_TOKEN: house.adminToken },
        ...fakes,
      })
      return { ...outcome, sent }
    },
    json: async (words, more = []) => {
      const { code, stdout, stderr } = await cli.on(`${words} --json`, more)
      if (code !== 0) throw new Error(stderr)
      return JSON.parse(stdout)
    },
  }
  return cli
}

/** What a command line that failed came to: its exit code and the lines on standard error. */
export const failed = ({ code, stderr }: HouseOutcome) => [code, ...stderr.trimEnd().split('\n')]
