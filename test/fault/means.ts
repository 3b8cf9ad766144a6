import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Whether the longer versions were asked for: `bun run soak`. */
export const isSoak = process.env['FAULT_SOAK'] === '1'

/** How often, in a test before every merge and in a soak. */
export const rounds = (short: number, long: number): number => (isSoak ? long : short)

function succeeds(...words: string[]): boolean {
  if (Bun.which(words[0] ?? '') === null) return false
  return Bun.spawnSync(words, { stdout: 'ignore', stderr: 'ignore' }).exitCode === 0
}

/** Runs a command of the system; @throws Error with what it said */
export function run(...words: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(words, { stdout: 'ignore', stderr: 'pipe' })
  if (exitCode !== 0) throw new Error(`${words.join(' ')}: ${stderr.toString()}`)
}

function told(isPossible: boolean, what: string): boolean {
  if (!isPossible) console.warn(`left out, because this machine does not allow it: ${what}`)
  return isPossible
}

/** Whether disks can be mounted here: that takes root and a kernel that lets it. */
export const canMount = told(mountsTmpfs(), 'tests on small and read-only disks (mount)')

/** Whether images can be mounted as disks. */
export const canMountImages = told(canMount && mountsImage(), 'power cuts (loop devices)')

/** Whether system calls of a process can be made to fail. */
export const canInject = told(
  succeeds('strace', '-f', '-qq', '-e', 'trace=fsync', '-e', 'inject=fsync:error=EIO', 'true'),
  'tests of failing disks (strace)',
)

/** The library that gives a process another clock (Debian's faketime). */
export const fakeTime = readdirSync('/usr/lib')
  .map((name) => join('/usr/lib', name, 'faketime/libfaketimeMT.so.1'))
  .find((path) => existsSync(path))
told(fakeTime !== undefined, 'tests of wrong clocks (faketime)')

/** Removes what that library leaves in memory for each process, of those that are gone. */
export function removeClockMemory(): void {
  for (const name of readdirSync('/dev/shm')) {
    const pid = /^(?:sem\.)?faketime_(?:shm|sem)_(\d+)$/.exec(name)?.[1]
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(join('/dev/shm', name), { force: true })
  }
}

function mountsTmpfs(): boolean {
  const place = mkdtempSync(join(tmpdir(), 'gatehouse-mount-'))
  const isMounted = succeeds('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', place)
  if (isMounted) run('umount', place)
  rmSync(place, { recursive: true })
  return isMounted
}

function mountsImage(): boolean {
  const place = mkdtempSync(join(tmpdir(), 'gatehouse-image-'))
  const [image, mounted] = [join(place, 'image'), join(place, 'mounted')]
  mkdirSync(mounted)
  const isMounted =
    succeeds('truncate', '-s', '16M', image) &&
    succeeds('mkfs.ext4', '-q', image) &&
    succeeds('mount', '-o', 'loop', image, mounted) &&
    succeeds('umount', mounted)
  rmSync(place, { recursive: true })
  return isMounted
}
