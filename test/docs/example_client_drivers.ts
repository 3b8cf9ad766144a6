import { join } from 'node:path'
import {
  GatehouseClient,
  GatehouseError,
} from '../../docs/examples/clients/typescript/gatehouse_client.ts'
import { examples, output, program } from './example_processes.ts'
import { apiKey, projectId } from './example_token_endpoint.ts'

/** How a test sets up a client. */
export interface ClientSettings {
  readonly baseUrl: string
  readonly privateKeyPem: string
  readonly kid: string
  readonly timeoutMs?: number
  readonly maxCached?: number
}

/** One call of a client. */
export interface Call {
  readonly userId: string
  readonly email?: string
  readonly roles?: readonly string[]
}

/** Calls made at the same time, at a time in Unix seconds; or a user to forget. */
export type Step =
  | {
      readonly now: number
      readonly calls: readonly Call[]
      /** What happens while the endpoint, which holds its answers back, has the first exchange. */
      readonly whileHeld?: { readonly forget?: string; readonly calls: readonly Call[] }
    }
  | { readonly forget: string }

/** What one call gave: a token, or the parts of a GatehouseError and its text. */
export interface Outcome {
  readonly token?: string
  readonly error?: Readonly<Record<'status' | 'code' | 'detail' | 'reason', unknown>>
  readonly text?: string
}

/** Runs the steps one after the other with one client; what each call of each step gave. */
export type Driver = (settings: ClientSettings, steps: readonly Step[]) => Promise<Outcome[][]>

const clients = join(examples, 'clients')

/** The Python client in a process of its own. @throws Error where the client refuses its settings */
export async function drivePython(settings: ClientSettings, steps: readonly Step[]) {
  const { baseUrl: base_url, privateKeyPem: private_key_pem, kid } = settings
  const { timeoutMs = 10_000, maxCached: max_cached = 10_000 } = settings
  const limits = { timeout_seconds: timeoutMs / 1000, max_cached }
  const client = {
    base_url,
    api_key: apiKey,
    project_id: projectId,
    private_key_pem,
    kid,
    ...limits,
  }
  const script = { client, steps: steps.map((step) => pythonStep(step, base_url)) }
  // The packages are Debian's: the python3 that comes first on the PATH may be another one.
  const python = program('/usr/bin/python3', 'python3, python3-jwt and python3-requests')
  const words = [python, '-B', join(import.meta.dir, 'example_client_steps.py')]
  const answer = JSON.parse(
    await output([...words, join(clients, 'python')], JSON.stringify(script)),
  )
  if (answer.refused !== undefined) throw new Error(answer.refused)
  return answer.steps as Outcome[][]
}

function pythonStep(step: Step, url: string) {
  if ('forget' in step) return step
  const { now, calls, whileHeld } = step
  if (whileHeld === undefined) return { now, calls: calls.map(pythonCall) }
  const { calls: others, ...rest } = whileHeld
  const while_held = { ...rest, url, calls: others.map(pythonCall) }
  return { now, calls: calls.map(pythonCall), while_held }
}

function pythonCall({ userId: user_id, ...others }: Call) {
  return { user_id, ...others }
}

/** The TypeScript client. @throws Error where the client refuses its settings */
export async function driveTypeScript(settings: ClientSettings, steps: readonly Step[]) {
  let now = 0
  const clock = () => now * 1000
  const client = new GatehouseClient({ apiKey, projectId, ...settings, now: clock })
  const start = (calls: readonly Call[]) => calls.map((call) => outcomeOf(client, call))
  const outcomes: Outcome[][] = []
  for (const step of steps) {
    if ('forget' in step) {
      client.forget(step.forget)
      outcomes.push([])
      continue
    }
    now = step.now
    const started = start(step.calls)
    if (step.whileHeld !== undefined) {
      await fetch(`${settings.baseUrl}/arrived`)
      if (step.whileHeld.forget !== undefined) client.forget(step.whileHeld.forget)
      started.push(...start(step.whileHeld.calls))
      await fetch(`${settings.baseUrl}/release`)
    }
    outcomes.push(await Promise.all(started))
  }
  return outcomes
}

async function outcomeOf(client: GatehouseClient, call: Call): Promise<Outcome> {
  try {
    return { token: await client.sessionToken(call) }
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error
    const { status, code, detail, reason = null } = error
    return { error: { status, code, detail, reason }, text: error.message }
  }
}
