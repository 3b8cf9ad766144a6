import type { ImportSettings } from '../../model/openapi_source.ts'
import type { FindingList } from './finding_list.ts'
import { isObjectPlace, kindOf, member, type ObjectPlace, type Place } from './place.ts'
import type { References } from './references.ts'
import type { SchemaReader } from './schema_reader.ts'
import type { SpecVersion } from './spec_version.ts'

/** What every part of the reader works with. */
export interface Reading {
  readonly root: ObjectPlace
  readonly version: SpecVersion
  /** Where the document came from, or what it says of itself; null where nobody knows. */
  readonly url: string | null
  readonly settings: ImportSettings
  readonly findings: FindingList
  readonly references: References
  readonly schemas: SchemaReader
  readonly tally: Tally
}

/** What is said once of the whole document instead of at each place. */
export interface Tally {
  ignoredHeaders: number
  callbacks: number
  getBodies: number
}

/** Why an operation is left out. */
export class OperationProblem extends Error {
  readonly code: string
  readonly pointer: string
  readonly fix: string

  constructor(what: { code: string; pointer: string; reason: string; fix: string }) {
    super(what.reason)
    this.name = 'OperationProblem'
    this.code = what.code
    this.pointer = what.pointer
    this.fix = what.fix
  }
}

/**
 * Follows the `$ref` of a part that must be an object.
 * @throws OperationProblem where it leads nowhere, or to no object
 */
export function neededObject(reading: Reading, place: Place, what: string): ObjectPlace {
  const followed = reading.references.follow(place)
  if ('reason' in followed) {
    const reference = String(member(place.value, '$ref'))
    throw new OperationProblem({
      code: 'dangling_reference',
      pointer: place.pointer,
      reason: `The $ref ${reference} of ${what} cannot be followed: ${followed.reason}.`,
      fix: 'Mend the $ref, or import the file it names along with this one.',
    })
  }
  if (isObjectPlace(followed.place)) return followed.place
  throw new OperationProblem({
    code: 'not_an_object',
    pointer: followed.place.pointer,
    reason: `${capital(what)} is ${kindOf(followed.place.value)} where an object belongs.`,
    fix: 'Mend it, or take it out with an overlay.',
  })
}

/** Like `neededObject`, for a part that can be done without: null and a warning. */
export function optionalObject(reading: Reading, place: Place, what: string): ObjectPlace | null {
  if (place.value === undefined || place.value === null) return null
  try {
    return neededObject(reading, place, what)
  } catch (error) {
    if (!(error instanceof OperationProblem)) throw error
    const { code, pointer, message: reason, fix } = error
    reading.findings.warning({ code, pointer, reason: `${reason} It is ignored.`, fix })
    return null
  }
}

/** A sentence's first letter as a capital. */
function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
