import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { App } from '../../app.ts'
import { type Config, loadConfig } from '../../config.ts'
import { commit } from '../../version.ts'
import { clientLines } from '../demo/client_lines.ts'
import { demoTools } from '../demo/demo_tools.ts'
import { type SampleApi, startSampleApi } from '../demo/sample_api.ts'
import { showCalls } from '../demo/show_calls.ts'
import { addSettingFlags, settingFlags } from '../setting_flags.ts'
import type { Surroundings } from '../surroundings.ts'
import { type Running, serveUntilStopped } from './serve.ts'

/** `gatehouse demo`: the main job on a sample API, shown call by call, then kept serving. */
export function addDemoCommand(program: Command, surroundings: Surroundings): void {
  const description = 'run a server with a sample API, make real calls and show them'
  addSettingFlags(program.command('demo').description(description)).action(
    (options: Record<string, unknown>) => demo(options, surroundings),
  )
}

async function demo(
  options: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
): Promise<void> {
  const sampleApi = startSampleApi()
  const temporary = options.dataDir === undefined ? mkdtempSync(join(tmpdir(), 'gatehouse-')) : null
  try {
    const config = demoConfig(options, { surroundings, sampleApi, temporary })
    await serveUntilStopped(config, surroundings, (running) =>
      show(running, sampleApi, surroundings),
    )
  } finally {
    await sampleApi.stop()
    if (temporary !== null) rmSync(temporary, { recursive: true, force: true })
  }
}

/** How this very program is called: the executable, or the sources through their script. */
const program = commit === 'dev' ? 'scripts/start' : 'gatehouse'

interface DemoParts {
  readonly surroundings: Surroundings
  readonly sampleApi: SampleApi
  /** The data directory made for this demo alone; null where one was given. */
  readonly temporary: string | null
}

function demoConfig(options: Readonly<Record<string, unknown>>, parts: DemoParts): Config {
  const { surroundings, sampleApi, temporary } = parts
  const given = settingFlags(options)
  const allowed = Array.isArray(given.egress_allow) ? given.egress_allow : []
  return loadConfig({
    ...surroundings.inputs,
    flags: {
      // The log lines would stand between what the demo shows.
      log_level: 'warn',
      ...given,
      ...(temporary === null ? {} : { data_dir: temporary }),
      egress_allow: [...allowed, sampleApi.origin],
    },
  })
}

async function show(
  { app, listening, config }: Running,
  sampleApi: SampleApi,
  { stdout }: Surroundings,
): Promise<void> {
  const made = await post<Made>(app, '/api/v1/bootstrap', { project: 'demo' })
  const ids = new Map<string, number>()
  for (const tool of demoTools(made.project_id, sampleApi.origin)) {
    const { name, id } = await post<Created>(app, '/api/v1/custom-tools', tool)
    ids.set(name, id)
  }
  const tryAsMember = async (name: string, args: object, member: object) => {
    const path = `/api/v1/custom-tools/${ids.get(name)}/execute`
    const done = await post<Executed>(app, path, { arguments: args, as_member: member })
    return done.content[0]?.text ?? ''
  }
  const { mcp_url: mcpUrl, api_key: apiKey } = made
  stdout.write(`Gatehouse demo

Gatehouse   ${listening.address}
Sample API  ${sampleApi.origin} (posts, users, orders; in this process)
MCP URL     ${mcpUrl}
API docs    ${listening.publicUrl}/docs
`)
  await showCalls({ mcpUrl, apiKey, sampleApi, tryAsMember }, stdout)
  stdout.write(`
Connect your own client; the server keeps running until Ctrl-C.

${clientLines({ name: 'demo', mcpUrl, apiKey })}
More commands, in another terminal:
  ${program} tool list --data-dir ${config.dataDir}
  ${program} runs list --data-dir ${config.dataDir}
`)
}

interface Made {
  readonly project_id: number
  readonly api_key: string
  readonly mcp_url: string
}

interface Created {
  readonly id: number
  readonly name: string
}

interface Executed {
  readonly content: readonly { readonly text?: string }[]
}

async function post<T>(app: App, path: string, body: object): Promise<T> {
  const request = new Request(`http://localhost${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const response = await app.fetch(request, { kind: 'in_process' })
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as T
}
