import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import { parseDottedPath } from './json_path.ts'

/** What a list of paths keeps at one place. */
interface FieldNode {
  /** Whether everything below stays. */
  isWhole: boolean
  readonly byKey: Map<string, FieldNode>
  any: FieldNode | null
}

const newNode = (): FieldNode => ({ isWhole: false, byKey: new Map(), any: null })

/**
 * Makes of a list of dotted paths what keeps these fields and drops the rest. Lists on the way are
 * walked through; the structure stays, and so do nulls. @throws PathSyntaxError
 */
export function compileFields(paths: readonly string[]): (answer: JsonValue) => JsonValue {
  const root = newNode()
  for (const path of paths) {
    let node = root
    for (const step of parseDottedPath(path)) {
      const next: FieldNode = ('any' in step ? node.any : node.byKey.get(step.key)) ?? newNode()
      if ('any' in step) node.any = next
      else node.byKey.set(step.key, next)
      node = next
    }
    node.isWhole = true
  }
  return (answer) => kept(answer, [root]) ?? null
}

/** What several paths together keep of a value; undefined for nothing. */
function kept(value: JsonValue, nodes: readonly FieldNode[]): JsonValue | undefined {
  if (value === null || nodes.some((node) => node.isWhole)) return value
  if (Array.isArray(value)) {
    return value.map((item) => kept(item, nodes)).filter((item) => item !== undefined)
  }
  return isJsonObject(value) ? keptMembers(value, nodes) : undefined
}

function keptMembers(object: JsonObject, nodes: readonly FieldNode[]): JsonObject {
  const members: [string, JsonValue][] = []
  for (const [key, value] of Object.entries(object)) {
    const wanting = nodesBelow(nodes, key)
    const inner = wanting.length === 0 ? undefined : kept(value, wanting)
    if (inner !== undefined) members.push([key, inner])
  }
  return Object.fromEntries(members)
}

function nodesBelow(nodes: readonly FieldNode[], key: string): readonly FieldNode[] {
  const below: FieldNode[] = []
  for (const { byKey, any } of nodes) {
    const named = byKey.get(key)
    if (named !== undefined) below.push(named)
    if (any !== null) below.push(any)
  }
  return below
}
