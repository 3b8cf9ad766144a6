import { readdirSync, readFileSync } from 'node:fs'

/**
 * CPU nanoseconds of each thread of a process, by the scheduler's own account (proc(5), schedstat):
 * exact where the ticks of /proc/PID/stat are 10 ms wide. Null where the system does not tell.
 */
export type ThreadTimes = ReadonlyMap<string, number> | null

/** Reads the CPU time of every living thread of a process. */
export function threadTimes(pid: number): ThreadTimes {
  const times = new Map<string, number>()
  for (const thread of entriesOf(`/proc/${pid}/task`)) {
    const text = textOf(`/proc/${pid}/task/${thread}/schedstat`)
    if (text !== null) times.set(thread, Number(text.split(' ')[0]))
  }
  return times.size === 0 ? null : times
}

/** CPU microseconds between two readings; what threads burnt that have ended since is not in it. */
export function cpuMicrosBetween(before: ThreadTimes, after: ThreadTimes): number | null {
  if (before === null || after === null) return null
  let nanoseconds = 0
  for (const [thread, time] of after) nanoseconds += time - (before.get(thread) ?? 0)
  return nanoseconds / 1000
}

/**
 * CPU microseconds that everything on this machine used so far, and the host took from it (proc(5),
 * /proc/stat, ticks of 10 ms); null where the system does not tell.
 */
export function machineMicros(): number | null {
  const line = textOf('/proc/stat')?.split('\n')[0]
  if (line === undefined) return null
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
    .split(/ +/)
    .map(Number)
  return (user + nice + system + irq + softirq + steal) * 10_000
}

/** Resident memory of a process in MB; null where the system does not tell. */
export function residentMb(pid: number): number | null {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(textOf(`/proc/${pid}/status`) ?? '')?.[1]
  return kilobytes === undefined ? null : Number(kilobytes) / 1024
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
