import type { ExactNumber } from '../json.ts'

/** A JSON number as it stands in the text: ± 0.digits × 10^point. */
interface Decimal {
  readonly sign: -1 | 0 | 1
  /** Significant digits, no zero at either end; empty for zero. */
  readonly digits: string
  readonly point: number
}

const NUMBER = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/
const ZERO = 0x30
/** A longer exponent is as good as infinite; this one still adds up exactly. */
const MAX_EXPONENT = 2 ** 50

function decimalOf(value: number | ExactNumber): Decimal {
  const text = typeof value === 'number' ? String(value) : value.rawJSON
  const [, minus, whole = '', fraction = '', exponent = '0'] = NUMBER.exec(text) ?? []
  const all = whole + fraction
  let start = 0
  let end = all.length
  while (start < end && all.charCodeAt(start) === ZERO) start++
  while (end > start && all.charCodeAt(end - 1) === ZERO) end--
  if (start === end) return { sign: 0, digits: '', point: 0 }
  const shift = Math.max(-MAX_EXPONENT, Math.min(MAX_EXPONENT, Number(exponent)))
  const point = whole.length - start + shift
  return { sign: minus ? -1 : 1, digits: all.slice(start, end), point }
}

/** Compares two JSON numbers by their digits: negative, 0 or positive. Linear in the digits. */
export function compareNumbers(a: number | ExactNumber, b: number | ExactNumber): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  const x = decimalOf(a)
  const y = decimalOf(b)
  if (x.sign !== y.sign) return x.sign - y.sign
  if (x.point !== y.point) return x.point > y.point ? x.sign : -x.sign
  return x.digits === y.digits ? 0 : x.digits > y.digits ? x.sign : -x.sign
}

/** Tells whether the digits of a number denote an integer: 1.0 and 1e3 do. */
export function isInteger(value: number | ExactNumber): boolean {
  if (typeof value === 'number') return Number.isInteger(value)
  const { digits, point } = decimalOf(value)
  return digits.length <= point || digits === ''
}

/** Tells whether a number is an integer times the divisor, in decimal: 19.99 is one of 0.01. */
export function isMultipleOf(value: number | ExactNumber, divisor: number | ExactNumber): boolean {
  if (Number.isSafeInteger(value) && Number.isSafeInteger(divisor)) {
    return Number(value) % Number(divisor) === 0
  }
  const a = decimalOf(value)
  if (a.sign === 0) return true
  const b = decimalOf(divisor)
  const shift = a.point - a.digits.length - (b.point - b.digits.length)
  // The digits end in no zero, so nothing smaller than their last place divides them.
  if (shift < 0) return false
  const modulus = BigInt(b.digits)
  return (remainder(a.digits, modulus) * powerOfTen(shift, modulus)) % modulus === 0n
}

/** Digits modulo a number, piece by piece: making one BigInt of a long text takes quadratic time. */
function remainder(digits: string, modulus: bigint): bigint {
  let rest = 0n
  for (let at = 0; at < digits.length; at += 15) {
    const piece = digits.slice(at, at + 15)
    rest = (rest * 10n ** BigInt(piece.length) + BigInt(piece)) % modulus
  }
  return rest
}

function powerOfTen(exponent: number, modulus: bigint): bigint {
  let power = 1n % modulus
  let square = 10n % modulus
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power = (power * square) % modulus
    square = (square * square) % modulus
  }
  return power
}

/**
 * The value two numbers share exactly when they are equal: the double where it holds the digits,
 * else a text of them.
 */
export function numberIdentity(value: ExactNumber): number | string {
  const exact = decimalOf(value)
  const double = Number(value.rawJSON)
  if (Number.isFinite(double)) {
    const near = decimalOf(double)
    if (near.digits === exact.digits && near.point === exact.point) return double
  }
  return `${exact.sign < 0 ? '-' : ''}0.${exact.digits}e${exact.point}`
}
