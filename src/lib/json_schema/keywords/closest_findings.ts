import { cut } from '../describe.ts'
import type { Check, Finding, Findings } from '../run.ts'

/** Most forms whose findings are worded to choose the closest. */
const MAX_FORMS = 50
const MAX_WORDS = 300

/**
 * What to report where a value fits none of several forms: where all stumble over the type or value
 * at one place (say, a discriminator), one finding there that names what each expects; else the
 * findings of the form the value comes closest to.
 */
export function closestFindings(
  keyword: string,
  checks: readonly Check[],
  [value, run, seen]: Parameters<Check>,
): Findings {
  if (seen !== undefined) seen.isPartial = true
  // Worded only where somebody reads them: the forms would all have to be checked again.
  if (run.quiet > 0) return run.find(keyword, () => '')
  const attempts: Findings[] = []
  for (const check of checks.slice(0, MAX_FORMS)) {
    const found = check(value, run, undefined)
    if (found !== undefined) attempts.push(found)
  }
  const [first = []] = attempts
  if (checks.length === 1) return first
  const shared = first.find(({ pointer }) =>
    attempts.every((found) => expectsOther(found, pointer)),
  )
  if (shared !== undefined) return [allForms(shared.pointer, attempts, checks.length)]
  const closest = attempts.reduce((a, b) => (distance(b) < distance(a) ? b : a), first)
  return closest.map((finding) => ofForms(finding, checks.length))
}

const isOther = ({ keyword }: Finding) =>
  keyword === 'type' || keyword === 'const' || keyword === 'enum' || keyword === FORMS

const FORMS = 'forms'
const FORMS_START = /^The value fits none of [0-9]+ forms: /

const expectsOther = (findings: Findings, pointer: string) =>
  findings.some((finding) => finding.pointer === pointer && isOther(finding))

function allForms(pointer: string, attempts: readonly Findings[], forms: number): Finding {
  const there = attempts.flat().filter((finding) => finding.pointer === pointer && isOther(finding))
  const words = new Set(there.map(({ message }) => message.replace(FORMS_START, '')))
  const list = cut([...words].join(' '), MAX_WORDS)
  const message = `The value fits none of ${forms} forms: ${list}`
  return { pointer, message, keyword: FORMS }
}

/** A wrong type or value speaks against a form, the more so the nearer to the root. */
function distance(findings: Findings): number {
  let sum = 0
  for (const finding of findings) {
    const isDiscriminator = finding.keyword !== 'type' && finding.pointer.lastIndexOf('/') === 0
    if (!isOther(finding)) sum += 1
    else sum += finding.pointer === '' ? 1000 : isDiscriminator ? 50 : 1
  }
  return sum
}

const ofForms = (finding: Finding, forms: number): Finding =>
  finding.message.endsWith(FORM_END)
    ? finding
    : { ...finding, message: `${finding.message} (The closest of ${forms} ${FORM_END}` }

const FORM_END = 'forms asks for this.)'
