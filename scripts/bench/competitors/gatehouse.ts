import { type Child, type Children, environment } from '../children.ts'
import type { GatehouseCommand } from '../commands.ts'
import { untilReady } from '../http_text.ts'
import { type CallKind, inputSchemas } from '../sample_calls.ts'

/** Where an instance lives and whom it may call. */
export interface GatehouseOptions {
  readonly command: GatehouseCommand
  readonly dataDir: string
  /** To listen on; the same after a restart. */
  readonly port: number
  /** Origin of the upstream. */
  readonly upstream: string
}

/** A running instance. */
export interface Gatehouse {
  readonly pid: number
  readonly port: number
  /** From the start of the process to the first 200 of `/readyz`. */
  readonly readyMs: number
  /** Makes a project through the CLI; gives its API key. */
  addProject(name: string): Promise<Project>
  stop(): Promise<void>
}

/** A project with a key that may call and manage its tools. */
export interface Project {
  readonly apiKey: string
  /** Registers a tool through the management API. */
  addTool(tool: object): Promise<void>
}

/** Starts an instance as an operator would, and waits until it is ready. */
export async function startGatehouse(
  children: Children,
  options: GatehouseOptions,
): Promise<Gatehouse> {
  const { command, dataDir, port, upstream } = options
  const flags = {
    '--data-dir': dataDir,
    '--listen': `127.0.0.1:${port}`,
    '--egress-allow': upstream,
    // One upstream stands for many: what is measured is not how it is spared.
    '--upstream-concurrency': '1000',
    '--drain-seconds': '1',
    '--log-format': 'json',
  }
  const words = [...command.words, 'serve', ...Object.entries(flags).flat()]
  const child = children.start({ name: 'gatehouse', command: words })
  const readyMs = await ready(children, child, port)
  return {
    pid: child.pid,
    port,
    readyMs,
    addProject: (name) => addProject(options, name),
    stop: () => child.stop(),
  }
}

async function ready(children: Children, child: Child, port: number): Promise<number> {
  const url = `http://127.0.0.1:${port}/readyz`
  try {
    return await untilReady(url, { hasExited: child.hasExited, timeoutMs: 20_000 })
  } catch (cause) {
    const words = await children.lastWords(child.name)
    throw new Error(`Gatehouse did not start:\n${words}`, { cause })
  }
}

async function addProject(
  { command, dataDir, port }: GatehouseOptions,
  name: string,
): Promise<Project> {
  const words = ['bootstrap', '--project', name, '--json', '--data-dir', dataDir]
  const run = Bun.spawnSync([...command.words, ...words], { env: environment() })
  if (!run.success) throw new Error(`bootstrap failed: ${run.stderr.toString()}`)
  const made = JSON.parse(run.stdout.toString()) as { api_key: string; project_id: number }
  const { api_key: apiKey, project_id: id } = made
  await listEveryTool(port, apiKey, id)
  return { apiKey, addTool: (tool) => addTool(port, apiKey, tool) }
}

/** A thousand tools are over the budget of a project; it is the list that is measured. */
async function listEveryTool(port: number, apiKey: string, id: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/projects/${id}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: '{"tool_mode":"list"}',
  })
  if (!response.ok) throw new Error(`the project was refused: ${await response.text()}`)
}

async function addTool(port: number, apiKey: string, tool: object): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/custom-tools`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(tool),
  })
  const text = await response.text()
  if (response.status !== 201) throw new Error(`a tool was refused, ${response.status}: ${text}`)
}

/** The tool of a kind of call: every call is validated, rendered and signed. */
export function toolOf(kind: CallKind, upstream: string, name: string): object {
  return {
    name,
    description: kind === 'GET' ? 'Reads an item of the catalogue.' : 'Adds an item.',
    input_schema: inputSchemas[kind],
    base_url: upstream,
    http_method: kind,
    endpoint_path: kind === 'GET' ? '/items/{id}' : '/items',
    auth_strategy: 'hmac_signature',
    encrypted_auth_secret: 'your-shared-secret',
    ...(kind === 'GET' ? { query_template: { view: '{view}' } } : {}),
  }
}

/** A tool that takes its time. */
export const slowToolOf = (upstream: string, ms: number): object => ({
  ...toolOf('GET', upstream, 'slow-item'),
  endpoint_path: '/slow/{id}',
  query_template: { ms: String(ms) },
  input_schema: {
    type: 'object',
    properties: { id: { type: 'string' } },
    required: ['id'],
  },
})

/** Registers numbered GET tools `item-00000`, `item-00001`, …, several at a time. */
export async function addNumberedTools(
  project: Project,
  upstream: string,
  count: number,
): Promise<void> {
  const numbers = Array.from({ length: count }, (_, index) => index).values()
  const worker = async () => {
    for (const number of numbers) {
      await project.addTool(toolOf('GET', upstream, `item-${String(number).padStart(5, '0')}`))
    }
  }
  await Promise.all(Array.from({ length: 16 }, worker))
}
