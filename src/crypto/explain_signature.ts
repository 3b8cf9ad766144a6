import { timingSafeEqual } from 'node:crypto'
import { checkRequest, type SignatureCheck } from './explain_signature/request_checks.ts'
import {
  type PresentedSignature,
  readSignatureForm,
  type SignatureForm,
} from './explain_signature/signature_form.ts'
import {
  adviceOf,
  findMistakes,
  type SignatureMistake,
  signatureMistakes,
} from './explain_signature/signature_mistakes.ts'
import {
  lineOf,
  rightRecipe,
  type SignedText,
  type SigningRecipe,
  signatureOf,
} from './explain_signature/signing_recipe.ts'
import { bodyDigest } from './request_signature.ts'

/** A request that somebody signed or verified, and all there is to judge it by. */
export interface SignatureQuestion extends SignedText {
  /** The value of `X-Tengine-Signature`; null where there is none. */
  readonly signature: string | null
  /** Newest first; two during a rotation. */
  readonly secrets: readonly string[]
  /** Where requests go to; null where it is not known. */
  readonly baseUrl: string | null
  readonly nowSeconds: number
}

/** What was found. Nothing in it is, or lets anyone compute, a secret or an expected signature. */
export interface SignatureExplanation {
  /** What has to be signed for this request. */
  readonly canonicalLine: string
  /** Lower-case hex. */
  readonly bodySha256: string
  readonly checks: readonly SignatureCheck[]
  /** Whether a signature is right and rightly written, whatever its age; null where none was given. */
  readonly matches: boolean | null
  /** The known mistake that explains a signature, or what else is to be mended; null for neither. */
  readonly likelyCause: string | null
}

/** What came of comparing: per secret, whether a signature is by it and how that one is written. */
type Finding = 'matches' | 'badly written' | 'absent'

const nameOfSecret = ['current', 'previous'] as const

/**
 * Says what a signature should cover and, where it does not match, which well-known mistake makes it
 * match (wire.md §6). Comparisons take a time that tells nothing about where two signatures differ.
 */
export function explainSignature(question: SignatureQuestion): SignatureExplanation {
  const right = rightRecipe(question)
  const form = question.signature === null ? null : readSignatureForm(question.signature)
  const findings = question.secrets.map((secret) => findingOf(form, signatureOf(right, secret)))
  const isChecked = form !== null && question.secrets.length > 0
  const matches = isChecked ? findings.includes('matches') : null
  const mistakes = matches === false ? mistakesBehind(question, right, form) : null
  const checks = [
    formCheck(form),
    ...checkRequest(question, question.nowSeconds),
    ...secretChecks(findings, { isPresented: form !== null, isExplained: mistakes !== null }),
  ]
  return {
    canonicalLine: lineOf(right).toString(),
    bodySha256: bodyDigest(question.body),
    checks,
    matches,
    likelyCause: matches === true ? besides(checks) : (mistakes ?? badForm(form, findings)),
  }
}

function findingOf(form: SignatureForm | null, expected: Buffer | null): Finding {
  const found = form?.signatures.filter((signature) => isEqual(signature, expected)) ?? []
  if (found.some(({ isWellFormed }) => isWellFormed)) return 'matches'
  return found.length > 0 ? 'badly written' : 'absent'
}

function isEqual({ digest }: PresentedSignature, expected: Uint8Array | null): boolean {
  return digest !== null && expected !== null && timingSafeEqual(digest, expected)
}

/** In words, the known mistakes with which one of the signatures matches; null for none. */
function mistakesBehind(
  question: SignatureQuestion,
  right: SigningRecipe,
  form: SignatureForm | null,
): string | null {
  const signatures = form?.signatures.filter(({ digest }) => digest !== null) ?? []
  if (signatures.length === 0) return null
  const secretBehind = (recipe: SigningRecipe) =>
    question.secrets.findIndex((secret) => {
      const expected = signatureOf(recipe, secret)
      return signatures.some((signature) => isEqual(signature, expected))
    })
  // Right but badly written: its form is all there is to mend.
  if (secretBehind(right) >= 0) return null
  const mistakes = signatureMistakes(question, question.baseUrl)
  const found = findMistakes(right, mistakes, (recipe) => secretBehind(recipe) >= 0)
  return found && mistakesText(found) + formText(form)
}

function mistakesText(mistakes: readonly SignatureMistake[]): string {
  const what = mistakes.map((mistake) => mistake.what).join(', and with ')
  const advice = mistakes.map(({ part }) => adviceOf[part]).join(' ')
  return `The signature matches with ${what}. ${advice}`
}

const formText = (form: SignatureForm | null) =>
  form === null || form.faults.length === 0
    ? ''
    : ` Besides, it is badly written: ${form.faults.join('; ')}.`

function badForm(form: SignatureForm | null, findings: readonly Finding[]): string | null {
  if (form === null || form.faults.length === 0) return null
  const start = findings.includes('badly written')
    ? 'It is the right signature, but'
    : 'The signature is'
  return `${start} badly written: ${form.faults.join('; ')}.`
}

/** What is to be mended where the signature itself is right. */
function besides(checks: readonly SignatureCheck[]): string | null {
  const failed = checks.find(({ name, ok }) => ok === false && !name.endsWith('_secret'))
  if (failed === undefined) return null
  const isOld = failed.name === 'timestamp_age'
  const advice = isOld ? ' If it was refused when it arrived, compare the clocks.' : ''
  return `The signature is right. ${failed.message}${advice}`
}

function formCheck(form: SignatureForm | null): SignatureCheck {
  const name = 'signature_form'
  if (form === null) return { name, ok: null, message: 'No signature was given.' }
  const { faults, hasSpaceAround } = form
  if (faults.length > 0) {
    return { name, ok: false, message: `The signature is badly written: ${faults.join('; ')}.` }
  }
  const space = hasSpaceAround ? ' White space around it has to be ignored.' : ''
  return { name, ok: true, message: `Every signature is tng2= and 64 hex digits.${space}` }
}

interface Circumstances {
  readonly isPresented: boolean
  /** Whether a known mistake makes it match. */
  readonly isExplained: boolean
}

function secretChecks(findings: readonly Finding[], known: Circumstances): SignatureCheck[] {
  return findings.slice(0, nameOfSecret.length).map((finding, index) => {
    const secret = nameOfSecret[index] ?? 'previous'
    const name = `${secret}_secret` as const
    if (!known.isPresented) return { name, ok: null, message: 'There is no signature to compare.' }
    if (finding !== 'absent') {
      return { name, ok: true, message: `A signature is by the ${secret} secret over this line.` }
    }
    if (findings.some((other) => other !== 'absent')) {
      const message = `No signature is by the ${secret} secret; one that matches is enough.`
      return { name, ok: null, message }
    }
    const rest = known.isExplained
      ? '.'
      : ', and no known mistake explains it: the secret or what was signed is another.'
    return {
      name,
      ok: false,
      message: `No signature is by the ${secret} secret over this line${rest}`,
    }
  })
}
