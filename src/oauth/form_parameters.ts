import { OAuthError } from './oauth_error.ts'

/** The parameters of a query or of an `application/x-www-form-urlencoded` body. */
export interface FormParameters {
  /** The value; null where there is none, or an empty one (RFC 6749 §3.1). */
  get(name: string): string | null
  /** Name and value of everything sent, in order. */
  entries(): readonly (readonly [string, string])[]
}

/**
 * Reads parameters strictly: none repeated (RFC 6749 §3.1; reliability.md case 119), every escape
 * valid UTF-8, no NUL. A value is handed over exactly as it was sent.
 * @param text without a leading `?`
 * @throws OAuthError invalid_request
 */
export function readForm(text: string): FormParameters {
  const values = new Map<string, string>()
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decoded(equals < 0 ? pair : pair.slice(0, equals))
    const value = equals < 0 ? '' : decoded(pair.slice(equals + 1))
    if (values.has(name)) {
      throw new OAuthError('invalid_request', `The parameter ${named(name)} is repeated`)
    }
    values.set(name, value)
  }
  return { get: (name) => values.get(name) || null, entries: () => [...values] }
}

const named = (name: string) => (/^[a-z_]{1,64}$/.test(name) ? name : 'sent')

function decoded(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  const value = spaced.includes('%') ? unescaped(spaced) : spaced
  if (!value.includes('\0') && value.isWellFormed()) return value
  throw new OAuthError('invalid_request', 'A parameter holds a character that is not allowed')
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new OAuthError('invalid_request', 'A parameter is not valid UTF-8 in percent-encoding')
  }
}
