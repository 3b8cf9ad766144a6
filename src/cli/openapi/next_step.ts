import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import type { ApiClient } from '../api_client.ts'
import { cell } from '../print.ts'
import {
  becomesTool,
  type EnableWish,
  importPath,
  isRead,
  objects,
  type Plan,
  willBeOn,
} from './plan.ts'
import { countOf } from './plan_text.ts'
import { shellWord } from './shell_word.ts'

/** How many operations are asked what proof they want. */
const asked = 3

/** As much of a plan as `documentedAuth` looks at. */
export async function importedPlan(
  api: ApiClient,
  source: JsonObject,
  found: JsonObject,
): Promise<Pick<Plan, 'source' | 'found' | 'operations'>> {
  const operations: JsonObject[] = []
  for await (const operation of api.items(`${importPath(source, found)}/operations`)) {
    if (becomesTool(operation)) operations.push(operation)
    if (operations.length >= asked) break
  }
  return { source, found, operations }
}

/**
 * How the document says callers prove themselves, best first: what the first operations that say
 * anything take.
 */
export async function documentedAuth(
  api: ApiClient,
  { source, found, operations }: Pick<Plan, 'source' | 'found' | 'operations'>,
): Promise<readonly JsonObject[]> {
  for (const operation of operations.filter(becomesTool).slice(0, asked)) {
    const key = encodeURIComponent(cell(operation.key))
    const path = `${importPath(source, found)}/operations/${key}/definition`
    const choices = objects((await api.get(path)).auth_choices)
    if (choices.length > 0) return choices
  }
  return []
}

const secrets: Readonly<Record<string, string>> = {
  static_bearer: 'a bearer token',
  static_header: 'an API key',
  static_query: 'an API key',
  static_cookie: 'a cookie',
  basic: 'user:password',
  oauth_client_credentials: 'client_id:client_secret',
}

/** What an apply was done with. */
interface Terms {
  readonly wish: EnableWish
  /** How the document says callers prove themselves. */
  readonly auth: readonly JsonObject[]
  /** The project, where the command line named it. */
  readonly project?: string
}

/** What an apply came to, and what to type next. */
export function appliedText(plan: Plan, applied: JsonObject, terms: Terms): string {
  const words = ['added', 'changed', 'removed'].map((word) => `${cell(applied[word])} ${word}`)
  const tools = plan.operations.filter(becomesTool)
  const on = tools.filter((tool) => willBeOn(tool, terms.wish))
  const off = tools.length - on.length
  const first = on.find(isRead) ?? on[0]
  const name = shellWord(cell(plan.source.name))
  const next = [
    ...(isJsonObject(plan.source.auth) ? [] : [authStep(terms.auth, name)]),
    ...(first === undefined
      ? []
      : [['Look at a call', `gatehouse tool call ${cell(first.name)} --dry-run`] as const]),
    ...(off === 0
      ? []
      : [['Switch more on', `gatehouse openapi enable ${name} --select method=POST`] as const]),
  ]
  const where = terms.project === undefined ? '' : ` --project ${shellWord(terms.project)}`
  return [
    `Applied: ${words.join(', ')}. ${countOf(on.length, 'tool')} on, ${off} off.`,
    ...next.flatMap(([what, command]) => [`${what}:`, `  ${command}${where}`]),
    '',
  ].join('\n')
}

function authStep([choice]: readonly JsonObject[], name: string): readonly [string, string] {
  const command = `gatehouse openapi auth ${name}`
  if (choice === undefined) {
    return ['If it wants a token', `${command} --strategy static_bearer --secret-stdin`]
  }
  const secret = secrets[cell(choice.strategy)] ?? 'a secret'
  return [`Give its secret (${secret})`, `${command} --secret-stdin`]
}
