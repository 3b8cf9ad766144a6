import type { JsonObject } from '../../json.ts'
import type { Builder } from '../builder.ts'
import { count, cut } from '../describe.ts'
import type { Pattern } from '../pattern/compile_pattern.ts'
import type { CheckOf, Run } from '../run.ts'
import { countOf, stringOf } from '../schema_values.ts'

/** `minLength` and `maxLength`, in code points. */
export function textLength(schema: JsonObject): CheckOf<string> | undefined {
  const min = countOf(schema.minLength)
  const max = countOf(schema.maxLength)
  if (min === undefined && max === undefined) return undefined
  const least = min ?? 0
  const most = max ?? Infinity
  return (value, run) => {
    const units = value.length
    // A code point is one or two units: mostly there is no need to count.
    if (units <= most && units >= 2 * least) return undefined
    const length = codePoints(value, run)
    if (length >= least && length <= most) return undefined
    const [keyword, words] = length < least ? ['minLength', 'at least'] : ['maxLength', 'at most']
    const bound = count(length < least ? least : most, 'character')
    return run.find(keyword, () => `Expected ${words} ${bound}, got ${length}.`)
  }
}

function codePoints(text: string, run: Run): number {
  run.spend(text.length >> 5)
  let length = text.length
  for (let i = 0; i + 1 < text.length; i++) {
    if ((text.charCodeAt(i) & 0xfc00) !== 0xd800) continue
    if ((text.charCodeAt(i + 1) & 0xfc00) !== 0xdc00) continue
    length--
    i++
  }
  return length
}

/** `pattern`, found anywhere in the text. */
export function pattern(schema: JsonObject, builder: Builder): CheckOf<string> | undefined {
  const source = stringOf(schema.pattern)
  if (source === undefined) return undefined
  const compiled = builder.pattern(source)
  return (value, run) => {
    if (value.length > compiled.maxLength) return tooLong(compiled, run)
    if (matches(compiled, value, run)) return undefined
    return run.find('pattern', () => `Expected text that matches the pattern ${cut(source, 160)}.`)
  }
}

/** From this price on, a test is charged for the time it took where that is less. */
const CLOCKED_UNITS = 64
const UNITS_PER_MS = 20_000

/** Tells whether a text no longer than allowed matches, and takes the cost from the run's budget. */
export function matches(pattern: Pattern, text: string, run: Run): boolean {
  const price = pattern.price(text.length)
  if (price < CLOCKED_UNITS) {
    run.spend(price)
    return pattern.test(text)
  }
  // The worst case is bounded, but few texts come near it.
  const startedMs = performance.now()
  const isMatch = pattern.test(text)
  run.spend(Math.min(price, 1 + (performance.now() - startedMs) * UNITS_PER_MS))
  return isMatch
}

/** What there is to say of a text too long to be compared: neither that it matches nor not. */
export const tooLong = ({ source, maxLength }: Pattern, run: Run) =>
  run.cannotTell(
    'pattern',
    () =>
      `The text is too long to be compared with the pattern ${cut(source, 160)}; ` +
      `expected at most ${count(maxLength, 'character')}.`,
  )
