const mask = '[redacted]'

/** Forms shorter than this are too likely to be something else. */
const minFormLength = 8

/**
 * Removes secrets from what an upstream sent back: the secret itself and its base64, URL, JSON, HTML
 * and hexadecimal forms (reliability.md cases 156, 202, 251).
 */
export class Redactor {
  private readonly forms: readonly string[]
  private readonly rawForms: readonly Buffer[]

  constructor(secrets: readonly string[]) {
    const whole = secrets.flatMap(withPassword).filter((secret) => secret.length >= minFormLength)
    const forms = new Set(whole.flatMap(formsOf).filter((form) => form.length >= minFormLength))
    // A longer form may hold a shorter one; replaced first, it leaves nothing of itself behind.
    this.forms = [...forms].sort((a, b) => b.length - a.length)
    this.rawForms = this.forms.map((form) => Buffer.from(form, 'utf8'))
  }

  /** Gives the text with every form replaced; the same string where there is none. */
  redact(text: string): string {
    let clean = text
    for (const form of this.forms) {
      if (clean.includes(form)) clean = clean.replaceAll(form, mask)
    }
    return clean
  }

  /** Gives the bytes with every form overwritten by `*`; the same buffer where there is none. */
  redactBytes(bytes: Buffer): Buffer {
    let clean = bytes
    for (const form of this.rawForms) {
      for (let at = clean.indexOf(form); at >= 0; at = clean.indexOf(form, at + form.length)) {
        if (clean === bytes) clean = Buffer.from(bytes)
        clean.fill('*', at, at + form.length)
      }
    }
    return clean
  }
}

const redactors = new WeakMap<readonly string[], Redactor>()

/** Gives the redactor of a list of secrets, made once per list. */
export function redactorOf(secrets: readonly string[]): Redactor {
  const known = redactors.get(secrets)
  if (known !== undefined) return known
  const redactor = new Redactor(secrets)
  redactors.set(secrets, redactor)
  return redactor
}

/** Gives the text without the secrets, in any of their usual forms. */
export function redactSecrets(text: string, secrets: readonly string[]): string {
  return secrets.length === 0 ? text : redactorOf(secrets).redact(text)
}

/** `user:password` is secret as a whole, and the password alone. */
function withPassword(secret: string): string[] {
  const colon = secret.indexOf(':')
  return colon < 0 ? [secret] : [secret, secret.slice(colon + 1)]
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8')
  const hex = bytes.toString('hex')
  return [
    secret,
    ...base64Forms(bytes),
    ...urlForms(secret),
    ...jsonForms(secret),
    htmlForm(secret),
    hex,
    hex.toUpperCase(),
  ]
}

/**
 * Base64 of the secret wherever it stands in the encoded bytes: the characters that hold its bits
 * alone, at each of the three alignments, in both alphabets.
 */
function base64Forms(secret: Buffer): string[] {
  const forms = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), secret]).toString('base64')
    const unpadded = encoded.replace(/=+$/, '')
    const lead = shift === 0 ? 0 : shift + 1
    return unpadded.slice(lead, unpadded.length === encoded.length ? undefined : -1)
  })
  return [...forms, ...forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))]
}

function urlForms(secret: string): string[] {
  const plain = encodeURIComponent(secret.toWellFormed())
  const strict = plain.replace(/[!'()*]/g, percent)
  const form = new URLSearchParams({ '': secret }).toString().slice(1)
  return [plain, strict, form].flatMap((encoded) => [
    encoded,
    encoded.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
  ])
}

const percent = (char: string) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`

function jsonForms(secret: string): string[] {
  const plain = JSON.stringify(secret).slice(1, -1)
  const ascii = plain.replace(/[\u0080-\uffff]/g, unicodeEscape)
  return [plain, ascii, plain.replaceAll('/', '\\/'), ascii.replaceAll('/', '\\/')]
}

const unicodeEscape = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`

function htmlForm(secret: string): string {
  return secret
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}
