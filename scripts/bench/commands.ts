import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** The project's directory. */
export const root = resolve(import.meta.dir, '../..')

/** Which Gatehouse to measure: the executable, the sources, or the executable where it is up to date. */
export type Build = 'auto' | 'binary' | 'source'

/** A way to run Gatehouse. */
export interface GatehouseCommand {
  readonly kind: 'binary' | 'source'
  readonly words: readonly string[]
}

const binary = join(root, 'dist/gatehouse')

/** How Gatehouse is run. @throws Error - the executable is wanted and not there */
export function gatehouseCommand(build: Build): GatehouseCommand {
  if (build === 'binary' && !existsSync(binary)) {
    throw new Error('dist/gatehouse is not there: make it with `bun run build`')
  }
  const takesBinary = build === 'binary' || (build === 'auto' && isUpToDate())
  if (takesBinary) return { kind: 'binary', words: [binary] }
  // As scripts/start runs it.
  const flags = [
    '--no-env-file',
    `--config=${join(root, 'bunfig.toml')}`,
    '--disallow-code-generation-from-strings=strict',
  ]
  return { kind: 'source', words: [process.execPath, ...flags, join(root, 'src/main.ts')] }
}

function isUpToDate(): boolean {
  if (!existsSync(binary)) return false
  const builtAt = statSync(binary).mtimeMs
  const sources = [...new Bun.Glob('src/**/*').scanSync(root), 'bun.lock', 'scripts/build.ts']
  return sources.every((path) => statSync(join(root, path)).mtimeMs <= builtAt)
}

/** How a program of the benchmark's own is run; it ends with its parent, however that ends. */
export const bunCommand = (file: string, ...words: string[]): readonly string[] => [
  process.execPath,
  '--no-orphans',
  file.startsWith('file:') ? Bun.fileURLToPath(file) : file,
  ...words,
]
