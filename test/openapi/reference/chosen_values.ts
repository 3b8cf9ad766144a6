import { FileValue, noValue, plain, type ValueOptions, type ValueUse, valueFor } from '../values.ts'
import type { DocumentGraph, Raw } from './document_graph.ts'
import type { Judge } from './judge.ts'
import type { WireOperation, WireParameter } from './wire_operations.ts'

/** Values for an operation's parameters and body, by their names on the wire. */
export interface ChosenValues {
  readonly parameters: ReadonlyMap<WireParameter, Raw>
  /** Undefined for none. */
  readonly body: Raw
  /** What cannot be filled in although it is required; null where all is well. */
  readonly lack: string | null
  /** A value fits several branches of a `oneOf`, since none fits one alone. */
  readonly isAmbiguous: boolean
}

/** What values are made from. */
export interface ValueSource {
  readonly graph: DocumentGraph
  readonly judge: Judge
  readonly lenientJudge: Judge
  /** Names of body properties that are left out where that is possible. */
  readonly avoid?: (name: string) => boolean
}

const useByKind: Readonly<Record<string, ValueUse>> = {
  json: 'json',
  form: 'form',
  multipart: 'parts',
  text: 'whole',
  xml: 'json',
  bytes: 'whole',
}

/** Chooses the values of a call: what must be there, or all that may be. */
export function chooseValues(
  source: ValueSource,
  operation: WireOperation,
  isFull: boolean,
): ChosenValues {
  const parameters = new Map<WireParameter, Raw>()
  let lack: string | null = null
  let isAmbiguous = false
  const choose = (
    one: { name: string; required: boolean },
    options: Partial<ValueOptions>,
    place: Raw,
  ) => {
    if (!one.required && !isFull) return noValue
    const seed = `${operation.key} ${one.name} ${isFull}`
    const use = options.use ?? 'json'
    const made = valueFor(place, { ...source, ...options, isFull, seed, use })
    if (made.value === noValue && one.required) lack = one.name
    if (made.isAmbiguous) isAmbiguous = true
    return made.value
  }
  for (const one of operation.parameters) {
    const use = useOf(one)
    const value = choose(one, { use }, one.schema)
    if (value !== noValue) parameters.set(one, value)
  }
  let body: Raw
  if (operation.body !== null) {
    const use = useByKind[operation.body.kind] ?? 'json'
    // A delimiter that cannot be escaped must not be in a value.
    const isBland = /"style":"[a-z]+Delimited"/.test(JSON.stringify(operation.body.encoding))
    const named = { ...operation.body, name: 'body' }
    const value = choose(named, { use, isBland }, operation.body.schema)
    if (value !== noValue) body = value
    if (isNothing(body, operation)) body = undefined
  }
  return { parameters, body, lack, isAmbiguous }
}

/** A delimiter that cannot be escaped must not be in a value either: such values are plain. */
function useOf(one: WireParameter): ValueUse {
  if (one.contentType !== null || one.in === 'querystring') return 'json'
  return one.style.endsWith('Delimited') && !one.explode ? 'cookie' : one.in
}

/** A form without a field is no body at all. */
function isNothing(body: Raw, operation: WireOperation): boolean {
  if (!['form', 'multipart'].includes(operation.body?.kind ?? '')) return false
  if (body instanceof FileValue || operation.body?.required === true) return false
  return typeof body === 'object' && Object.keys(plain(body)).length === 0
}
