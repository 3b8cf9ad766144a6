import fc from 'fast-check'
import { type JsonValue, parseJson } from '../../../src/lib/json.ts'

const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.bigInt({ min: 10n ** 16n, max: 10n ** 40n }).map((digits) => parseJson(String(digits))),
)
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 30 }).map((drawn) => drawn.toWellFormed()),
  fc.constantFrom('"\\\n'.repeat(300), 'é😀'.repeat(400), 'plain', ''),
)
const key = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((name) => name !== '__proto__')

/** JSON values of every kind, some of them long, some with numbers that no double holds. */
export const jsonValues: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.oneof(number, text, fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 8, size: 'max' }),
    fc.dictionary(key, tie('value'), { maxKeys: 6, size: 'max', noNullPrototype: true }),
  ),
})).value
