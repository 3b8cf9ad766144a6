import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDir } from '../helpers/temporary_dir.ts'
import { run } from './means.ts'

/** A disk in a file: what a process wrote and did not sync is not in it yet. */
export interface ImageDisk extends Disposable {
  /** A directory on it that a server may use. */
  readonly dataDir: string
  /** Freezes a process, takes the disk as it is, lets the process go on. */
  takeImage(pid: number): DiskImage
}

/** A disk as a power cut at that moment would have left it. */
export interface DiskImage {
  /** Mounts it, as the machine would on coming back, and gives the data directory to `look`. */
  whileMounted<T>(look: (dataDir: string) => T): T
}

/** Makes a disk with a file system (ext4) of so many MiB and mounts it. */
export function mountImageDisk(mebibytes: number): ImageDisk {
  const place = temporaryDir()
  const [image, mounted, copy, looked] = ['image', 'mounted', 'copy', 'looked'].map((name) =>
    join(place, name),
  ) as [string, string, string, string]
  for (const directory of [mounted, looked]) mkdirSync(directory)
  run('truncate', '-s', `${mebibytes}M`, image)
  run('mkfs.ext4', '-q', image)
  run('mount', '-o', 'loop', image, mounted)
  const dataDir = join(mounted, 'data')
  mkdirSync(dataDir, { mode: 0o700 })
  run('sync', '-f', mounted)
  return {
    dataDir,
    takeImage: (pid) => {
      process.kill(pid, 'SIGSTOP')
      try {
        run('cp', '--sparse=always', image, copy)
      } finally {
        process.kill(pid, 'SIGCONT')
      }
      return { whileMounted: (look) => lookAt(copy, looked, look) }
    },
    [Symbol.dispose]: () => {
      run('umount', '-l', mounted)
      rmSync(place, { recursive: true, force: true })
    },
  }
}

function lookAt<T>(image: string, place: string, look: (dataDir: string) => T): T {
  run('mount', '-o', 'loop', image, place)
  try {
    return look(join(place, 'data'))
  } finally {
    run('umount', place)
  }
}
