import type { SignedText } from './signing_recipe.ts'

/** One thing that was looked at. */
export interface SignatureCheck {
  /** Stable, for machines. */
  readonly name:
    | 'signature_form'
    | 'timestamp_form'
    | 'timestamp_age'
    | 'request_id_form'
    | 'method_form'
    | 'target_form'
    | 'current_secret'
    | 'previous_secret'
  /** Null where it cannot be said. */
  readonly ok: boolean | null
  /** One sentence for people. It repeats neither a secret nor a signature. */
  readonly message: string
}

/** How far a timestamp may be off a receiver's clock, either way (wire.md §6). */
const TOLERANCE_SECONDS = 300

/** Looks at the parts of a request one by one, without any secret. */
export function checkRequest(text: SignedText, nowSeconds: number): SignatureCheck[] {
  const faults = {
    timestamp: timestampFault(text.timestamp),
    id: requestIdFault(text.requestId),
    method: methodFault(text.method),
    target: targetFault(text.target),
  }
  return [
    formCheck('timestamp_form', faults.timestamp, 'The timestamp is in Unix seconds.'),
    faults.timestamp === null
      ? ageCheck(nowSeconds - Number(text.timestamp))
      : { name: 'timestamp_age', ok: null, message: 'The timestamp has to be readable for that.' },
    formCheck('request_id_form', faults.id, 'The request id is a lower-case UUID.'),
    formCheck('method_form', faults.method, 'The method is in upper case.'),
    formCheck('target_form', faults.target, 'The target is a path, with a query if there is one.'),
  ]
}

const formCheck = (name: SignatureCheck['name'], fault: string | null, fine: string) => ({
  name,
  ok: fault === null,
  message: fault ?? fine,
})

function ageCheck(ageSeconds: number): SignatureCheck {
  const off = Math.abs(ageSeconds)
  const place = ageSeconds < 0 ? 'ahead of' : 'behind'
  const rule = `receivers allow ${TOLERANCE_SECONDS} s.`
  const message = `The timestamp is ${off} s ${place} the clock now; ${rule}`
  return { name: 'timestamp_age', ok: off <= TOLERANCE_SECONDS, message }
}

const finerUnits: Readonly<Record<number, string>> = {
  13: 'milliseconds',
  16: 'microseconds',
  19: 'nanoseconds',
}

function timestampFault(timestamp: string): string | null {
  if (/^[0-9]{1,12}$/.test(timestamp)) return null
  if (timestamp === '') return 'The timestamp is empty.'
  if (timestamp.trim() !== timestamp) return 'White space stands around the timestamp.'
  const unit = /^[0-9]+$/.test(timestamp) ? finerUnits[timestamp.length] : undefined
  if (unit !== undefined) return `The timestamp is in ${unit}; Gatehouse sends Unix seconds.`
  if (/^[0-9]+\.[0-9]+$/.test(timestamp)) return 'The timestamp is not a whole number of seconds.'
  const isDate = /\d{4}.*[-:T]|[-:T].*\d{4}/.test(timestamp) && !Number.isNaN(Date.parse(timestamp))
  if (isDate) return 'The timestamp is a date; Gatehouse sends Unix seconds.'
  return 'The timestamp is not 1 to 12 digits of Unix seconds.'
}

function requestIdFault(id: string): string | null {
  const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
  if (uuid.test(id)) return null
  if (id === '') return 'The request id is empty.'
  if (id.trim() !== id) return 'White space stands around the request id.'
  if (uuid.test(id.toLowerCase())) return 'The request id has upper-case digits.'
  if (/^[0-9a-f]{32}$/i.test(id)) return 'The request id lacks its hyphens.'
  return 'The request id is not a UUID; take X-Tengine-Request-Id.'
}

function methodFault(method: string): string | null {
  if (/^[A-Z]+$/.test(method)) return null
  return /^[a-z]+$/i.test(method)
    ? 'The method is not in upper case.'
    : 'The method is not one word of letters.'
}

function targetFault(target: string): string | null {
  if (/^https?:\/\//i.test(target))
    return 'The target has scheme and host; take path and query only.'
  if (!target.startsWith('/')) return 'The target does not start with /.'
  if (target.includes('#')) return 'The target has a fragment, which is never sent.'
  // A request line holds visible ASCII only, so something has decoded this.
  if (!/^[\x21-\x7e]+$/.test(target))
    return 'The target is decoded: it holds more than visible ASCII.'
  return null
}
