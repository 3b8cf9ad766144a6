import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDir } from '../helpers/temporary_dir.ts'
import { run } from './means.ts'

/** A file system in memory that is soon full. */
export interface SmallDisk extends Disposable {
  /** A directory on it that a server may use. */
  readonly dataDir: string
  /** Takes all that is free. */
  fill(): void
  /** Gives back what `fill` took. */
  free(): void
  /** Mounts it anew, for reading only or not; nobody may have a file open for writing. */
  remount(access: 'ro' | 'rw'): void
}

/** Mounts one of so many MiB. */
export function mountSmallDisk(mebibytes: number): SmallDisk {
  const place = temporaryDir()
  run('mount', '-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=700`, 'tmpfs', place)
  const dataDir = join(place, 'data')
  mkdirSync(dataDir, { mode: 0o700 })
  const ballast = join(place, 'ballast')
  return {
    dataDir,
    fill: () => writeUntilFull(ballast),
    free: () => rmSync(ballast, { force: true }),
    remount: (access) => run('mount', '-o', `remount,${access}`, place),
    [Symbol.dispose]: () => {
      run('umount', '-l', place)
      rmSync(place, { recursive: true, force: true })
    },
  }
}

function writeUntilFull(path: string): void {
  const file = openSync(path, 'a')
  try {
    for (const bytes of [65_536, 4096]) writeAll(file, new Uint8Array(bytes))
  } finally {
    closeSync(file)
  }
}

function writeAll(file: number, chunk: Uint8Array): void {
  try {
    for (;;) writeSync(file, chunk)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  }
}
