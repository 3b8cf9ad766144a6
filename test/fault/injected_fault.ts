import { startProcess } from '../helpers/server_process.ts'

/** What happens to a system call, from a certain time on. */
export interface InjectedFault {
  readonly call: 'pwrite64' | 'fsync' | 'connect' | 'sendto'
  /** It fails, or the process is killed as it makes it. */
  readonly fate: 'error=EIO' | 'error=EROFS' | 'signal=SIGKILL'
  /** `2` the second alone, `2+` every one from the second. */
  readonly when: string
  /** Absent: whatever the call is about. */
  readonly path?: string
}

/** Makes it happen to a running process until the returned function is called or the process ends. */
export async function injectFault(
  pid: number,
  { call, fate, when, path }: InjectedFault,
): Promise<() => Promise<void>> {
  const inject = `inject=${call}:${fate}:when=${when}`
  const words = ['-f', '-p', String(pid), '-e', `trace=${call}`, '-e', inject, '-o', '/dev/null']
  const narrowed = path === undefined ? words : [...words, '-P', path]
  const tracer = startProcess(['strace', ...narrowed], {
    env: { PATH: process.env['PATH'] ?? '' },
  })
  const attached = await Promise.race([
    tracer.stderr.until(/(attached)/),
    tracer.exited.then(() => null),
    Bun.sleep(10_000).then(() => null),
  ])
  if (attached === null) throw new Error(`strace did not attach: ${tracer.stderr.text}`)
  return async () => {
    tracer.kill('SIGINT')
    await tracer.exited
  }
}
