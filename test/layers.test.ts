import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

const root = resolve(import.meta.dir, '..')

/** The table of ARCHITECTURE.md: what each folder may import besides itself and errors.ts. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  model: ['lib'],
  importer: ['lib', 'model'],
  crypto: ['lib', 'model'],
  store: ['lib', 'model'],
  access: ['lib', 'model', 'crypto', 'store'],
  oauth: ['lib', 'model', 'crypto', 'store'],
  executor: ['lib', 'model', 'crypto', 'store'],
  manage: ['lib', 'model', 'crypto', 'store', 'importer'],
  web: ['lib', 'model'],
  mcp: ['lib', 'model', 'access', 'executor'],
  http: ['lib', 'model', 'access', 'oauth', 'executor', 'manage', 'mcp', 'web'],
}
const folders = [...Object.keys(mayImport), 'cli']

/** Packages, and the files that may use them. */
const homes: readonly (readonly [string, RegExp])[] = [
  ['bun:sqlite', /^store\//],
  ['jose', /^crypto\//],
  ['openid-client', /^access\//],
  ['@simplewebauthn/server', /^access\//],
  ['reflect-metadata', /^access\//],
  ['@jmespath-community/jmespath', /^executor\//],
  ['jsonpath-rfc9535', /^importer\//],
  ['hono', /^http\//],
  ['hono/cors', /^http\//],
  ['@hono/zod-openapi', /^http\//],
  ['@modelcontextprotocol/server', /^mcp\//],
  ['zod', /^(http\/|model\/\w+_schema\.ts$)/],
  ['commander', /^cli\//],
  ['@clack/prompts', /^cli\//],
  ['@scalar/api-reference/style.css', /^web\//],
]

interface Plant {
  readonly path: string
  readonly source: string
}

interface RulePlant extends Plant {
  /** The rule that must report the file, or null where no import rule may. */
  readonly rule: string | null
}

const importOf = (module: string) => `import { x } from '${module}'\n\nexport const y = x\n`

/** A file in `from` that imports one of `to`, from the folder itself or from a folder below it. */
function layerPlant(from: string, to: string, isDeep: boolean): Plant {
  return isDeep
    ? { path: `src/${from}/part/uses_${to}.ts`, source: importOf(`../../${to}/part/a.ts`) }
    : { path: `src/${from}/uses_${to}.ts`, source: importOf(`../${to}/a.ts`) }
}

const places = [...folders.map((folder) => `${folder}/*.ts`), '*.ts', 'model/*_schema.ts']
const packagePlant = (module: string, place: string): Plant => ({
  path: `src/${place.replace('*', `uses_${module.replaceAll(/\W/g, '_').toLowerCase()}`)}`,
  source: importOf(module),
})

const lines = (count: number, line: string) => `${line}\n`.repeat(count)
const planted = (path: string, rule: string | null, source: string): RulePlant => ({
  path,
  rule,
  source,
})

const rulePlants: readonly RulePlant[] = [
  planted('src/store/type_import.ts', 'plugin', "export type A = import('../http/a.ts').A\n"),
  planted(
    'src/store/late_import.ts',
    'plugin',
    "export const load = () => import('../mcp/a.ts')\n",
  ),
  planted('src/store/re_export.ts', 'plugin', "export { x } from '../manage/a.ts'\n"),
  planted('src/lib/reads_config.ts', 'plugin', importOf('../config.ts')),
  planted('src/lib/reads_config_part.ts', 'plugin', importOf('../config/part.ts')),
  planted('src/store/writes_log.ts', 'plugin', importOf('../log.ts')),
  planted('src/http/reads_app.ts', 'plugin', importOf('../app.ts')),
  planted('src/http/uses_own_app.ts', null, importOf('./app.ts')),
  planted('src/log.ts', 'plugin', importOf('./store/a.ts')),
  planted('src/app.ts', null, importOf('./store/a.ts')),
  planted('src/main.ts', null, importOf('./cli/a.ts')),
  planted('src/access/sql_global.ts', 'plugin', 'export const db = new Bun.SQL()\n'),
  planted('src/store/sql_global.ts', null, 'export const db = new Bun.SQL()\n'),
  planted('src/lib/process_env.ts', 'lint/style/noProcessEnv', 'export const a = process.env.A\n'),
  planted('src/cli/process_env.ts', 'plugin', "export const a = process['env']\n"),
  planted('src/lib/bun_env.ts', 'plugin', "export const a = Bun.env['A']\n"),
  planted('src/lib/meta_env.ts', 'plugin', "export const a = import.meta.env['A']\n"),
  planted('src/lib/process_module.ts', 'plugin', importOf('node:process')),
  planted('src/config.ts', null, "export const a = process.env['A']\n"),
  planted('src/lib/default.ts', 'lint/style/noDefaultExport', 'export default 1\n'),
  planted('src/lib/any.ts', 'lint/suspicious/noExplicitAny', 'export const a = (b: any) => b\n'),
  planted(
    'src/lib/non_null.ts',
    'lint/style/noNonNullAssertion',
    'export const a = (b: string | null) => b!.length\n',
  ),
  planted('src/lib/ignore.ts', 'lint/suspicious/noTsIgnore', '// @ts-ignore\nexport const a = 1\n'),
  planted('src/lib/barrel.ts', 'lint/performance/noBarrelFile', "export { x } from './a.ts'\n"),
  planted('src/lib/star.ts', 'lint/performance/noReExportAll', "export * from './a.ts'\n"),
  planted('src/lib/camelCase.ts', 'lint/style/useFilenamingConvention', 'export const a = 1\n'),
  planted('src/lib/bare.ts', 'lint/correctness/useImportExtensions', importOf('./any')),
  planted('src/lib/enum.ts', 'lint/style/noEnum', 'export enum A {\n  B,\n}\n'),
  planted(
    'src/lib/four.ts',
    'lint/complexity/useMaxParams',
    'export const a = (b: 1, c: 1, d: 1, e: 1) => [b, c, d, e]\n',
  ),
  planted(
    'src/lib/long_function.ts',
    'lint/complexity/noExcessiveLinesPerFunction',
    `export function a(b: number[]) {\n${lines(61, '  b.push(1)')}}\n`,
  ),
  planted(
    'src/lib/long_file.ts',
    'lint/style/noExcessiveLinesPerFile',
    Array.from({ length: 401 }, (_, index) => `export const a${index} = 1\n`).join(''),
  ),
  planted(
    'src/lib/floating.ts',
    'lint/nursery/noFloatingPromises',
    'async function a() {\n  await 1\n}\n\nexport function b() {\n  a()\n}\n',
  ),
  planted('src/lib/round.ts', 'lint/suspicious/noImportCycles', importOf('./round_trip.ts')),
  planted('src/lib/round_trip.ts', 'lint/suspicious/noImportCycles', importOf('./round.ts')),
  planted(
    'test/skipped.test.ts',
    'lint/suspicious/noSkippedTests',
    "import { test } from 'bun:test'\n\ntest.skip('a', () => {})\n",
  ),
  planted(
    'test/focused.test.ts',
    'lint/suspicious/noFocusedTests',
    "import { test } from 'bun:test'\n\ntest.only('a', () => {})\n",
  ),
]

/** Runs the project's own Biome with the project's own rules; gives the rules per reported file. */
async function reportedIn(directory: string): Promise<Map<string, Set<string>>> {
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
  const words = ['lint', '--reporter=github', '--max-diagnostics=none', 'src', 'test']
  const run = Bun.spawn([process.execPath, biome, ...words], { cwd: directory, stderr: 'pipe' })
  const [output, complaint] = await Promise.all([run.stdout.text(), run.stderr.text()])
  const reported = new Map<string, Set<string>>()
  for (const match of output.matchAll(/^::\w+ title=([^,]+),file=([^,]+),/gm)) {
    const [, rule = '', file = ''] = match
    const path = resolve(directory, file).slice(directory.length + 1)
    reported.set(path, (reported.get(path) ?? new Set()).add(rule))
  }
  if (reported.size === 0) throw new Error(`Biome reported nothing: ${complaint}`)
  return reported
}

const plants: readonly Plant[] = [
  ...folders.flatMap((from) =>
    folders.flatMap((to) => [layerPlant(from, to, false), layerPlant(from, to, true)]),
  ),
  ...homes.flatMap(([module]) => places.map((place) => packagePlant(module, place))),
  ...rulePlants,
]

describe('the rules of the house', () => {
  let directory = ''
  let reported = new Map<string, Set<string>>()

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gatehouse-layers-'))
    for (const path of ['biome.json', 'package.json', 'scripts/lint']) {
      await cp(join(root, path), join(directory, path), { recursive: true })
    }
    for (const { path, source } of plants) {
      await mkdir(dirname(join(directory, path)), { recursive: true })
      await Bun.write(join(directory, path), source)
    }
    reported = await reportedIn(directory)
  })

  afterAll(() => rm(directory, { recursive: true, force: true }))

  const isRefused = (plant: Plant) => reported.get(plant.path)?.has('plugin') ?? false

  test.each(folders)('src/%s imports what the table of layers allows and nothing else', (from) => {
    const others = folders.filter((folder) => folder !== from)
    const allowed = from === 'cli' ? others : (mayImport[from] ?? [])
    const refused = others.filter((to) => !allowed.includes(to))
    for (const isDeep of [false, true]) {
      const found = others.filter((to) => isRefused(layerPlant(from, to, isDeep)))
      expect(found).toEqual(refused)
    }
  })

  test.each(homes)('%s is used in its own place alone', (module, home) => {
    const allowed = places.filter((place) => !isRefused(packagePlant(module, place)))
    expect(allowed).toEqual(places.filter((place) => home.test(place.replace('*', 'any'))))
  })

  const named = rulePlants.map((plant) => [plant.path, plant.rule ?? 'nothing', plant] as const)
  test.each(named)('%s is reported by %s', (path, _rule, plant) => {
    if (plant.rule) expect([...(reported.get(path) ?? [])]).toContain(plant.rule)
    else expect(isRefused(plant)).toBe(false)
  })

  test('no file is called index: each is named after its one thing', async () => {
    const files = new Bun.Glob('{src,test,scripts}/**/index.*')
    expect(await Array.fromAsync(files.scan(root))).toEqual([])
  })
})
