import { HttpConnection } from './http_connection.ts'
import { type JobResult, type ProbeJob, unmeasured } from './job.ts'
import { Latencies } from './latencies.ts'

/**
 * Asks at a steady pace and times each answer. A late answer also counts for the probes that it kept
 * from being sent, each shorter by an interval, so a stall weighs as long as it lasted.
 */
export async function runProbe(job: ProbeJob): Promise<JobResult> {
  const failure = Promise.withResolvers<never>()
  const fail = (problem: string) => failure.reject(new Error(problem))
  const connection = await HttpConnection.open(job.port, fail)
  const request = Buffer.from(`GET ${job.path} HTTP/1.1\r\nHost: 127.0.0.1:${job.port}\r\n\r\n`)
  const latencies = new Latencies()
  const startedAt = performance.now()
  try {
    while (performance.now() - startedAt < job.durationMs) {
      const sentAt = performance.now()
      await Promise.race([answered(connection, request), failure.promise])
      const tookMs = performance.now() - sentAt
      for (let ms = tookMs; ms > 0; ms -= job.intervalMs) latencies.add(ms)
      await Bun.sleep(Math.max(0, job.intervalMs - tookMs))
    }
  } finally {
    connection.close()
  }
  const seconds = (performance.now() - startedAt) / 1000
  return { calls: latencies.size, seconds, ...latencies.summary(), ...unmeasured }
}

function answered(connection: HttpConnection, request: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.send(request, (status) => {
      if (status === 200) resolve()
      else reject(new Error(`a probe was answered ${status}`))
    })
  })
}
