import { atMost, type Bench, type PartReport, type Subject } from '../bench.ts'
import { startGatehouse } from '../competitors/gatehouse.ts'
import { residentMb } from '../process_usage.ts'
import { median, medianOrNull } from '../statistics.ts'

/** How long an instance is left alone before its memory counts as idle. */
const settleMs = 1_000

/** From the start of the process to ready with a thousand tools, and memory while idle. */
export async function measureStart(bench: Bench, subject: Subject): Promise<PartReport> {
  const { children, command, options, note } = bench
  const count = options.isQuick ? 3 : 9
  note(`start: ${count} starts`)
  const readyMs: number[] = []
  const idleMb: (number | null)[] = []
  // The first one finds the file cache cold.
  for (let run = 0; run <= count; run++) {
    const gatehouse = await startGatehouse(children, subject.second)
    if (run > 0) {
      readyMs.push(gatehouse.readyMs)
      await Bun.sleep(settleMs)
      idleMb.push(residentMb(gatehouse.pid))
    }
    await gatehouse.stop()
  }
  const what = command.kind === 'binary' ? 'the executable' : 'the sources'
  return {
    table: [],
    verdicts: [
      atMost(`start of ${what} to ready, 1,000 tools`, median(readyMs), {
        limit: 150,
        unit: 'ms',
        digits: 0,
      }),
      atMost('memory while idle, 1,000 tools', medianOrNull(idleMb), {
        limit: 90,
        unit: 'MB',
        digits: 0,
      }),
    ],
    figures: { ready_ms: readyMs, idle_mb: idleMb },
  }
}
