import { AppError } from '../errors.ts'
import { isExactNumber, isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts'
import type { Template, Variable } from '../model/template.ts'
import { type ReservedVariable, reservedVariables } from '../model/tool.ts'

/** The values of the reserved variables: from the authenticated caller and from nowhere else. */
export interface CallerVariables {
  readonly projectId: string
  readonly integrationId: string
  /** External id; null where no member is known. */
  readonly memberId: string | null
}

/** What one rendering substitutes: the model's validated arguments and who calls. */
export interface RenderInput {
  readonly args: JsonObject
  readonly caller: CallerVariables
}

/** A template variable that knows where its value comes from. */
export type BoundVariable = CallerVariable | ArgumentVariable

interface CallerVariable {
  readonly from: 'caller'
  readonly field: keyof CallerVariables
  /** No argument: the empty pointer. */
  readonly pointer: ''
}

interface ArgumentVariable {
  readonly from: 'arguments'
  /** Property names from the top of the arguments down; at least one. */
  readonly keys: readonly string[]
  /** RFC 6901 pointer into the arguments. */
  readonly pointer: string
}

/** A template whose variables know where their values come from. */
export type BoundTemplate = Template<BoundVariable>

const callerFields: Readonly<Record<ReservedVariable, keyof CallerVariables>> = {
  member_id: 'memberId',
  project_id: 'projectId',
  integration_id: 'integrationId',
}

/** Whether an argument of that name is refused: a reserved variable in any case (case 148). */
export function isReservedName(name: string): boolean {
  // The three names have three lengths; nearly every other name is told apart by that alone.
  const { length } = name
  if (length !== 9 && length !== 10 && length !== 14) return false
  return (reservedVariables as readonly string[]).includes(name.toLowerCase())
}

/**
 * Decides where a variable's value comes from. Where `schema` declares a property whose own name
 * has the dot (`page.size`), that property is meant; otherwise a dot steps into an object.
 * @returns null for a name that no argument can ever have, such as `{Member_ID}` or `{a.member_id}`
 */
export function bindVariable(variable: Variable, schema: JsonObject): BoundVariable | null {
  if (Object.hasOwn(callerFields, variable.name)) {
    const field = callerFields[variable.name as ReservedVariable]
    return { from: 'caller', field, pointer: '' }
  }
  if (variable.keys.some(isReservedName)) return null
  const keys = declaredKeys(schema, variable.keys)
  return { from: 'arguments', keys, pointer: keys.map(pointerStep).join('') }
}

function declaredKeys(schema: JsonValue | undefined, keys: readonly string[]): readonly string[] {
  const properties = isJsonObject(schema) ? schema.properties : undefined
  if (!isJsonObject(properties)) return keys
  for (let taken = keys.length; taken > 0; taken--) {
    const name = keys.slice(0, taken).join('.')
    if (Object.hasOwn(properties, name)) {
      return [name, ...declaredKeys(properties[name], keys.slice(taken))]
    }
  }
  return keys
}

/** The value of a variable; undefined where it is missing. Reads own properties only. */
export function readVariable(variable: BoundVariable, input: RenderInput): JsonValue | undefined {
  if (variable.from === 'caller') return input.caller[variable.field] ?? undefined
  let value: JsonValue = input.args
  for (const key of variable.keys) {
    if (!isJsonObject(value) || !Object.hasOwn(value, key)) return undefined
    value = value[key] as JsonValue
  }
  return value
}

/** A scalar as its JSON text, a string as itself; null for null, an array or an object. */
export function scalarText(value: JsonValue): string | null {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return isExactNumber(value) ? value.rawJSON : null
}

/** One step of an RFC 6901 pointer. */
export function pointerStep(key: string | number): string {
  return `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/**
 * Makes the error for a value that cannot be used where the template puts it; it names the place in
 * the arguments and never the value.
 */
export function unusable(
  pointer: string,
  message: string,
  code: 'invalid_argument' | 'invalid_header_value' = 'invalid_argument',
): AppError {
  const subject = pointer === '' ? 'A value of the caller' : `The argument ${pointer}`
  const errors = pointer === '' ? [] : [{ pointer, message }]
  return new AppError(code, { reason: `${subject} ${message}.`, errors })
}
