/**
 * The benchmark: what a call through Gatehouse costs, against a bare forwarder and the best peer, all
 * in one run on this machine. `bun run bench --help` lists the options; docs/benchmarks.md explains
 * the figures. Exit code 1 only when a run fails: a missed target is printed, it is no failure.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bench, PartReport, Subject } from './bench.ts'
import { type BenchOptions, help, type Part, parseOptions } from './bench_options.ts'
import { Children, firstMessage } from './children.ts'
import { bunCommand, type GatehouseCommand, gatehouseCommand } from './commands.ts'
import { addNumberedTools, startGatehouse, toolOf } from './competitors/gatehouse.ts'
import { freePort } from './http_text.ts'
import { LoadProcess } from './load_process.ts'
import { measureCalls, toolNames } from './parts/calls.ts'
import { measureList } from './parts/list.ts'
import { measureScale } from './parts/scale.ts'
import { measureSessions } from './parts/sessions.ts'
import { measureSlow } from './parts/slow.ts'
import { measureStart } from './parts/start.ts'
import { reportText } from './report.ts'

/** The whole run ends by itself, its patience aside. */
const limitMs = 30 * 60_000

const measurements: Readonly<
  Record<Part, (bench: Bench, subject: Subject) => Promise<PartReport>>
> = {
  calls: measureCalls,
  sessions: measureSessions,
  list: measureList,
  start: measureStart,
  scale: measureScale,
  slow: measureSlow,
}

process.exitCode = await main(process.argv.slice(2))

async function main(words: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(words)
    if (options === null) process.stdout.write(help)
    else await runInDirectory(options)
    return 0
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
}

/** Runs with a directory and processes of its own; neither outlives the run, however it ends. */
async function runInDirectory(options: BenchOptions): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  const children = new Children(directory)
  const interrupted = Promise.withResolvers<never>()
  const interrupt = (reason: string) => interrupted.reject(new Error(reason))
  process.once('SIGINT', () => interrupt('interrupted'))
  process.once('SIGTERM', () => interrupt('terminated'))
  const timer = setTimeout(() => interrupt('the run took too long'), limitMs + options.patienceMs)
  try {
    await Promise.race([run(options, children, directory), interrupted.promise])
  } finally {
    clearTimeout(timer)
    await children.stopAll()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function run(options: BenchOptions, children: Children, directory: string): Promise<void> {
  const command = gatehouseCommand(options.build)
  const title = titleOf(options, command)
  const bench = await openBench(options, { children, directory, command })
  bench.load.grant(options.patienceMs)
  const reports = new Map<Part, PartReport>()
  const subject = await openSubject(bench)
  for (const part of options.parts) reports.set(part, await measurements[part](bench, subject))
  const heading = `${title}\n${othersLine(bench.load.othersCores)}`
  process.stdout.write(reportText(heading, [...reports.values()]))
  if (options.jsonFile === null) return
  const parts = Object.fromEntries(reports)
  await Bun.write(options.jsonFile, `${JSON.stringify({ heading, options, parts }, null, 2)}\n`)
}

type Surroundings = Pick<Bench, 'children' | 'directory' | 'command'>

async function openBench(options: BenchOptions, surroundings: Surroundings): Promise<Bench> {
  const { children } = surroundings
  const { child, message } = await firstMessage<{ port: number }>(children, {
    name: 'upstream',
    command: bunCommand(import.meta.resolve('./programs/upstream.ts')),
  })
  const { port } = message
  return {
    options,
    ...surroundings,
    upstream: { url: `http://127.0.0.1:${port}`, port, pid: child.pid },
    load: await LoadProcess.start(children, 'load'),
    note: (text) => process.stderr.write(`bench: ${text}\n`),
  }
}

async function openSubject(bench: Bench): Promise<Subject> {
  const { children, command, directory, upstream, note } = bench
  const dataDir = join(directory, 'data')
  mkdirSync(dataDir, { mode: 0o700 })
  note('starting Gatehouse and adding 1,000 tools')
  const options = { command, dataDir, port: await freePort(), upstream: upstream.url }
  const first = await startGatehouse(children, options)
  const project = await first.addProject('bench')
  for (const kind of ['GET', 'POST'] as const) {
    await project.addTool(toolOf(kind, upstream.url, toolNames[kind]))
  }
  const thousand = await first.addProject('thousand')
  await addNumberedTools(thousand, upstream.url, 1_000)
  await first.stop()
  const second = { ...options, dataDir: `${dataDir}-2`, port: await freePort() }
  cpSync(dataDir, second.dataDir, { recursive: true })
  const gatehouse = await startGatehouse(children, options)
  return { gatehouse, bench: project, thousand, second }
}

function titleOf(options: BenchOptions, command: GatehouseCommand): string {
  const version = Bun.spawnSync([...command.words, 'version'])
    .stdout.toString()
    .trim()
  const build = command.kind === 'binary' ? 'executable' : 'run from source'
  const [cpu] = cpus()
  const machine = `${cpu?.model.trim() ?? 'unknown CPU'}, ${cpus().length} cores`
  const load = (loadavg()[0] ?? 0).toFixed(1)
  return [
    `Gatehouse (${build}), ${version.split('\n')[0] ?? ''}`,
    `Bun ${Bun.version}, ${process.platform} ${process.arch}, ${machine}, load ${load} at the start`,
    `medians of ${options.rounds} interleaved rounds; callers speak MCP ${options.era}`,
  ].join('\n')
}

function othersLine(cores: number | null): string {
  if (cores === null) return 'what other programs did meanwhile is not known'
  const used = `other programs used ${cores.toFixed(2)} of ${cpus().length} cores meanwhile`
  return cores > 0.25 ? `${used}: look at the ratios alone, or try --patience=600` : used
}
