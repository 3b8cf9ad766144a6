/**
 * Builds Gatehouse into one executable.
 *   --target=bun-linux-arm64   another platform: bun-{linux,darwin,windows}-{x64,arm64}[-musl]
 *   --runtime=FILE             the Bun to build into for that platform, instead of fetching it
 *   --outfile=FILE             dist/gatehouse by default
 *   --commit=HASH              the commit to state where there is no git (a container build)
 *   --entry=FILE               src/main.ts by default
 * Equal sources and an equal file name give equal bytes: the time stated is SOURCE_DATE_EPOCH or
 * that of the commit. The result must never be stripped: `strip` takes the program for debug data.
 */
import { mkdir, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const root = resolve(import.meta.dir, '..')

/** The words git prints for a command in the project directory, or null without git or a commit. */
function git(...words: string[]): string | null {
  try {
    const run = Bun.spawnSync(['git', '-C', root, ...words], { stderr: 'ignore' })
    return run.success ? run.stdout.toString().trim() : null
  } catch {
    return null
  }
}

/** The commit in full; `-dirty` says that files differed from it, `unknown` that none was found. */
function commit(): string {
  const hash = git('rev-parse', 'HEAD')
  if (hash === null) return 'unknown'
  return git('status', '--porcelain', '--untracked-files=no') ? `${hash}-dirty` : hash
}

/** The time to stamp, in seconds: https://reproducible-builds.org/specs/source-date-epoch/ */
function sourceSeconds(): number {
  const given = process.env['SOURCE_DATE_EPOCH'] ?? git('log', '-1', '--format=%ct') ?? '0'
  if (!/^\d+$/.test(given)) throw new Error(`SOURCE_DATE_EPOCH is not a number: ${given}`)
  return Number(given)
}

const { values } = parseArgs({
  options: {
    target: { type: 'string' },
    runtime: { type: 'string' },
    outfile: { type: 'string', default: 'dist/gatehouse' },
    commit: { type: 'string' },
    entry: { type: 'string', default: 'src/main.ts' },
  },
})
const outfile = resolve(root, values.outfile)
// A worker is started by its name at run time, so the bundler has to be told of it.
const workers = [...new Bun.Glob('src/**/*_worker.ts').scanSync(root)].sort()

await mkdir(dirname(outfile), { recursive: true })
const built = await Bun.build({
  entrypoints: [values.entry, ...workers].map((path) => resolve(root, path)),
  root,
  throw: false,
  target: 'bun',
  format: 'esm',
  // Names stay as written and the map is embedded: a stack in somebody's log must be readable.
  minify: { whitespace: true, syntax: true, identifiers: false },
  sourcemap: 'linked',
  bytecode: true,
  define: {
    GATEHOUSE_COMMIT: JSON.stringify(values.commit || commit()),
    GATEHOUSE_BUILT_AT: JSON.stringify(new Date(sourceSeconds() * 1000).toISOString()),
    'process.env.NODE_ENV': '"production"',
  },
  compile: {
    outfile,
    ...(values.target ? { target: values.target as Bun.Build.CompileTarget } : {}),
    ...(values.runtime ? { executablePath: resolve(values.runtime) } : {}),
    autoloadDotenv: false,
    autoloadBunfig: false,
    autoloadTsconfig: false,
    autoloadPackageJson: false,
    execArgv: ['--disallow-code-generation-from-strings=strict'],
  },
})
for (const log of built.logs) console.error(String(log))
if (!built.success) process.exit(1)
// Copies of what is embedded already.
for (const output of built.outputs) if (output.path.endsWith('.map')) await rm(output.path)
const { size } = await stat(outfile)
console.log(`${values.outfile} (${(size / 1e6).toFixed(1)} MB)`)
