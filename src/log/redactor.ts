/** Longest text kept of one value. */
const maxChars = 4096
/** Longest secret that is found even where a long text is cut. */
const maxSecretChars = 1024

/** What stands in place of a secret. */
export const redactionMask = '[redacted]'

const secretLooks = new RegExp(
  [
    '(?<prefix>tengine_|gha_|tng_mst_|tng_o(?:ac|at|rt|cs)_|gh_(?:sess|setup|ext|pass)_)[A-Za-z0-9_.~+/=-]{12,}',
    String.raw`\b(?<scheme>Bearer|Basic)[ \t]+[A-Za-z0-9_.~+/=-]{8,}`,
    String.raw`(?<user>://[^\s/:@]{0,256}:)[^\s/@]{1,256}(?=@)`,
    String.raw`(?<parameter>(?:token|secret|password|api_key|assertion|code_verifier)=)[^\s&"']+`,
  ].join('|'),
  'gi',
)
const secretName =
  /(?:^|_)(?:secret|password|authorization|cookie|api_?key|token|master_key|assertion)$/i

/** Takes secrets out of text: by their look, and by value where they were registered. */
export class Redactor {
  private readonly values = new Set<string>()
  private registered: RegExp | null = null

  /** Replaces a value of 8 to 1,024 characters from now on, also in base64, URL and JSON form. */
  register(secret: string): void {
    if (secret.length < 8) return
    for (const form of formsOf(secret)) this.values.add(form)
    const longestFirst = [...this.values].sort((a, b) => b.length - a.length)
    this.registered = new RegExp(longestFirst.map((value) => RegExp.escape(value)).join('|'), 'g')
  }

  /** The text without secrets; past 4,096 characters it is cut and says so. */
  clean(text: string): string {
    if (text.length < 8) return text
    if (text.length <= maxChars) return this.replace(text)
    const window = this.replace(text.slice(0, maxChars + maxSecretChars))
    // Where the window ends a secret may begin, too short there for any pattern.
    const isCut = text.length > maxChars + maxSecretChars
    const kept = Math.max(0, window.length - (isCut ? maxSecretChars : 0))
    return `${window.slice(0, Math.min(maxChars, kept))}… (${text.length} characters)`
  }

  /** Whether a member of this name holds a secret, whatever it looks like. */
  isSecretName(name: string): boolean {
    return secretName.test(name)
  }

  private replace(text: string): string {
    const byValue = this.registered === null ? text : text.replace(this.registered, redactionMask)
    return byValue.replace(secretLooks, (...match) => {
      const groups: Record<string, string | undefined> = match[match.length - 1]
      if (groups.scheme !== undefined) return `${groups.scheme} ${redactionMask}`
      return `${groups.prefix ?? groups.user ?? groups.parameter}${redactionMask}`
    })
  }
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const base64 = bytes.toString('base64').replace(/=+$/, '')
  const url = encodeURIComponent(secret.toWellFormed())
  return [secret, url, JSON.stringify(secret).slice(1, -1), base64, bytes.toString('base64url')]
}
