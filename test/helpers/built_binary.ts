import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

const root = resolve(import.meta.dir, '../..')
const shelf = join(root, 'dist/test')

/** A digest of everything the executable is made of; equal sources need no second build. */
async function sourceDigest(): Promise<string> {
  const paths = [...new Bun.Glob('src/**/*').scanSync(root)].sort()
  const hasher = new Bun.CryptoHasher('sha256').update(Bun.version)
  for (const path of [...paths, 'docs/errors.md', 'bun.lock', 'package.json', 'scripts/build.ts']) {
    hasher.update(`\n${path}\n`).update(await Bun.file(join(root, path)).bytes())
  }
  return hasher.digest('hex').slice(0, 16)
}

async function build(executable: string): Promise<string> {
  const place = dirname(executable)
  await mkdir(shelf, { recursive: true })
  // The builds of older sources: each takes over 100 MB.
  for (const old of await readdir(shelf)) await rm(join(shelf, old), { recursive: true })
  const draft = `${place}.${process.pid}`
  const words = ['scripts/build.ts', `--outfile=${join(draft, 'gatehouse')}`]
  const run = Bun.spawn([process.execPath, ...words], {
    cwd: root,
    stdout: 'ignore',
    stderr: 'pipe',
  })
  const complaint = await run.stderr.text()
  if ((await run.exited) !== 0) throw new Error(`scripts/build.ts failed:\n${complaint}`)
  await rename(draft, place)
  return executable
}

let building: Promise<string> | null = null

/**
 * Gives the path of the executable made of the sources as they are, building it when there is
 * none yet (a few seconds). It stays in dist/test for the next run. @throws Error with what the
 * build said.
 */
export function builtBinary(): Promise<string> {
  building ??= sourceDigest().then((digest) => {
    const executable = join(shelf, digest, 'gatehouse')
    return existsSync(executable) ? executable : build(executable)
  })
  return building
}
