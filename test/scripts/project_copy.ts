import { chmod, cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dir, '../..')
const copied = ['scripts', 'package.json', 'bun.lock', 'bunfig.toml']
/** The programs a POSIX system has and the scripts use. */
const posixPrograms = 'sh cat chmod cksum dirname mkdir mktemp readlink rm sed sleep'.split(' ')

/** What a script left behind. */
export interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A clean copy of the project's scripts, and a PATH that holds what a test puts there. */
export interface ProjectCopy {
  readonly directory: string
  /** The copy's PATH: POSIX programs alone until `addProgram` adds more. */
  readonly programs: string
  /** Puts a shell script on PATH. */
  addProgram(name: string, script: string): Promise<void>
  /** Writes a file below the copy's directory. */
  write(path: string, text: string): Promise<void>
  /** Runs a script of the copy with no environment but PATH (and HOME where given). */
  run(words: readonly string[], options?: { cwd?: string; home?: string }): Promise<Finished>
  remove(): Promise<void>
}

async function posixPath(directory: string): Promise<string> {
  const programs = join(directory, '.programs')
  await mkdir(programs)
  for (const name of posixPrograms) {
    const path = Bun.which(name, { PATH: '/usr/bin:/bin' })
    if (path) await symlink(path, join(programs, name))
  }
  return programs
}

/** Makes a copy in a temporary directory; the caller removes it. */
export async function copyProject(): Promise<ProjectCopy> {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-scripts-'))
  for (const path of copied) await cp(join(root, path), join(directory, path), { recursive: true })
  const programs = await posixPath(directory)
  const write = async (path: string, text: string) => {
    await Bun.write(join(directory, path), text)
  }
  return {
    directory,
    programs,
    write,
    async addProgram(name, script) {
      // Never through a link: that would write to the system's own program.
      await rm(join(programs, name), { force: true })
      await write(`.programs/${name}`, `#!/bin/sh\n${script}\n`)
      await chmod(join(programs, name), 0o755)
    },
    async run([script = '', ...words], { cwd = directory, home } = {}) {
      const env = { PATH: programs, ...(home === undefined ? {} : { HOME: home }) }
      const child = Bun.spawn([resolve(directory, script), ...words], { cwd, env, stderr: 'pipe' })
      const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()])
      return { code: await child.exited, stdout, stderr }
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  }
}
