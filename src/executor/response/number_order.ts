import { type ExactNumber, isExactNumber } from '../../lib/json.ts'

/** A JSON number as it is held: a double, or the digits that no double holds. */
export type AnyNumber = number | ExactNumber

/** Tells a number, exact or not, from every other value. */
export function isAnyNumber(value: unknown): value is AnyNumber {
  return typeof value === 'number' || isExactNumber(value)
}

/** Orders two numbers by their value, digit for digit: negative, zero or positive. */
export function compareNumbers(a: AnyNumber, b: AnyNumber): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  const [left, right] = [decimalOf(a), decimalOf(b)]
  if (left.sign !== right.sign) return left.sign - right.sign
  return left.sign * compareMagnitudes(left, right)
}

/** `0.digits × 10^exponent`, with neither leading nor trailing zeros. */
interface Decimal {
  readonly sign: -1 | 0 | 1
  readonly digits: string
  readonly exponent: number
}

const zero: Decimal = { sign: 0, digits: '', exponent: 0 }
const NUMBER = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/

function decimalOf(number: AnyNumber): Decimal {
  const raw = typeof number === 'number' ? String(number) : number.rawJSON
  const [, minus, whole = '', fraction = '', power = '0'] = NUMBER.exec(raw) ?? []
  const all = whole + fraction
  const digits = all.replace(/^0+/, '')
  if (digits === '') return zero
  const exponent = Number(power) + whole.length - (all.length - digits.length)
  return { sign: minus === '-' ? -1 : 1, digits: digits.replace(/0+$/, ''), exponent }
}

function compareMagnitudes(a: Decimal, b: Decimal): number {
  if (a.exponent !== b.exponent) return a.exponent < b.exponent ? -1 : 1
  if (a.digits === b.digits) return 0
  return a.digits < b.digits ? -1 : 1
}
