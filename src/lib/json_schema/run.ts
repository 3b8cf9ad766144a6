import type { JsonValue } from '../json.ts'
import { cut } from './describe.ts'
import type { SchemaResource } from './document/schema_document.ts'
import type { Seen } from './seen.ts'

/** What one check finds wrong, `pointer` being relative to the value it was given. */
export interface Finding {
  readonly pointer: string
  readonly message: string
  readonly keyword: string
}

/** Never empty: a check that finds nothing answers undefined. */
export type Findings = readonly Finding[]

/**
 * One compiled piece of a schema. With `seen` it also notes there which properties and items it
 * evaluated, for `unevaluatedProperties` and `unevaluatedItems`.
 */
export type CheckOf<T extends JsonValue> = (
  value: T,
  run: Run,
  seen: Seen | undefined,
) => Findings | undefined

/** A compiled piece of a schema that takes any value. */
export type Check = CheckOf<JsonValue>

/** Most findings one validation reports. */
const MAX_FINDINGS = 20

/**
 * Units of work one validation may take: a schema visited is one, and one is about 50 ns. It ends
 * exponential combinations of anyOf and $ref after some 15 ms (reliability.md case 152).
 */
const MAX_WORK_UNITS = 300_000
/** Making a finding costs about as much as visiting this many schemas. */
const FINDING_UNITS = 10

/** Ends a validation whose outcome cannot be told; the message is a sentence that says why. */
export class Undecided extends Error {}

/** The end of a validation that takes more than `MAX_WORK_UNITS`, or more stack than there is. */
export function tooMuchWork(): Undecided {
  return new Undecided(
    'Comparing this value with its schema takes too much work; send a smaller or simpler one.',
  )
}

/** The finding nobody reads, where only yes or no is asked. */
const SILENT: Findings = [{ pointer: '', message: '', keyword: '' }]

/** The state of one validation. */
export class Run {
  /** Above 0 while only yes or no is asked: the first finding ends a check, none is worded. */
  quiet = 0
  /** The schema resources entered, outermost first: what `$dynamicRef` looks through. */
  readonly scope: SchemaResource[] = []
  /** How many `$dynamicRef`s are being followed, one inside the other. */
  dynamicDepth = 0
  private unitsLeft = MAX_WORK_UNITS

  /** @throws Undecided once all is spent. */
  spend(units: number): void {
    this.unitsLeft -= units
    if (this.unitsLeft < 0) throw tooMuchWork()
  }

  /** Pays for looking at so many members or names, none of which need be a schema visited. */
  spendOn(members: number): void {
    this.spend(members >> 3)
  }

  /** A finding at the value itself; `message` is called only where somebody reads it. */
  find(keyword: string, message: () => string): Findings {
    if (this.quiet > 0) return SILENT
    this.spend(FINDING_UNITS)
    return [{ pointer: '', message: message(), keyword }]
  }

  /**
   * A finding that is no answer: the value may fit or not. Where a "not" could turn it into a yes,
   * it ends the validation.
   * @throws Undecided
   */
  cannotTell(keyword: string, message: () => string): Findings {
    if (this.quiet > 0) throw new Undecided(message())
    return this.find(keyword, message)
  }

  /** Asks a check for yes or no. */
  accepts(check: Check, value: JsonValue, seen: Seen | undefined): boolean {
    this.quiet++
    const found = check(value, this, seen)
    this.quiet--
    return found === undefined
  }

  /** Notes for the whole value what a branch of the schema that accepts it evaluated. */
  merge(into: Seen | undefined, branch: Seen | undefined): void {
    if (into === undefined || branch === undefined) return
    this.spendOn(branch.size)
    into.merge(branch)
  }

  /** Adds findings made at a member of the value (or, without a key, at the value itself). */
  add(findings: Findings | undefined, more: Findings, key?: string | number): Findings {
    if (this.quiet > 0) return SILENT
    const placed = key === undefined ? more : more.map((finding) => under(finding, key))
    if (findings === undefined) return placed
    const news = placed.filter((finding) => !findings.some((known) => isSame(known, finding)))
    return [...findings, ...news].slice(0, MAX_FINDINGS)
  }

  /** Tells whether there is no point in looking for more. */
  isEnough(findings: Findings): boolean {
    return this.quiet > 0 || findings.length >= MAX_FINDINGS
  }
}

const MAX_SEGMENT_CHARS = 1024

/** Several branches of a schema often ask for the same. */
const isSame = (a: Finding, b: Finding) => a.pointer === b.pointer && a.message === b.message

const under = ({ pointer, message, keyword }: Finding, key: string | number): Finding => ({
  pointer: `/${escapeSegment(cut(String(key), MAX_SEGMENT_CHARS))}${pointer}`,
  message,
  keyword,
})

/** Escapes one segment of a JSON pointer (RFC 6901 §3). */
export function escapeSegment(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
