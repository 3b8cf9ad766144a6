import { chmodSync, chownSync, copyFileSync, linkSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { builtBinary } from '../helpers/built_binary.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'

/** `nobody` on Debian, and on most others. */
const nobody = 65_534

/** A place where the executable runs as somebody without rights. */
export interface UnprivilegedPlace {
  readonly program: readonly string[]
  /** What to pass on to start a process there: nobody's id where the tests run as root. */
  readonly as: { readonly uid?: number }
  /** The id the process has. */
  readonly uid: number
  /** Makes an empty directory of that user. */
  makeDirectory(name: string): string
  remove(): void
}

/** Puts the executable into a new directory that everybody may enter. */
export async function unprivilegedPlace(): Promise<UnprivilegedPlace> {
  const place = temporaryDir()
  chmodSync(place, 0o755)
  const executable = join(place, 'gatehouse')
  const built = await builtBinary()
  try {
    linkSync(built, executable)
  } catch {
    // Another file system.
    copyFileSync(built, executable)
  }
  const own = process.getuid?.() ?? 0
  const uid = own === 0 ? nobody : own
  return {
    program: [executable],
    as: own === 0 ? { uid } : {},
    uid,
    makeDirectory: (name) => {
      const directory = join(place, name)
      mkdirSync(directory)
      if (own === 0) chownSync(directory, uid, uid)
      return directory
    },
    remove: () => rmSync(place, { recursive: true, force: true }),
  }
}
