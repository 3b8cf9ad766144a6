import { AppError } from '../../errors.ts'
import type { UpstreamResponse } from '../connector/exchange.ts'
import { redactSecrets } from '../redact.ts'
import { bodyText } from './body_text.ts'
import { isJsonType, isTextType, parseMediaType } from './media_type.ts'

const maxExcerptChars = 1_000
const maxHeaderChars = 300

/** Control, format (bidi, zero-width, tags), surrogate and separator characters, and Hangul fillers. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]+/gu

const phrases: Readonly<Record<number, string>> = {
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  423: 'Locked',
  424: 'Failed Dependency',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}

/**
 * Says what an answer outside 200–299 means: its status, for a redirect where it points (it is never
 * followed: cases 166, 167), when to come back, and a bounded excerpt of its body as data, without
 * secrets and without characters that cannot be seen.
 */
export function describeFailure(response: UpstreamResponse, secrets: readonly string[]): AppError {
  const { status, headers } = response
  const phrase = phrases[status]
  const named = `The upstream answered ${status}${phrase === undefined ? '' : ` ${phrase}`}`
  const isRedirect = status >= 300 && status < 400 && status !== 304
  const sentences = [`${named}.`]
  if (isRedirect) sentences.push(redirectSentence(headers.get('location'), secrets))
  const retryAfter = headers.get('retry-after')
  if (retryAfter !== null) {
    sentences.push(`Retry-After: ${printable(redactSecrets(retryAfter, secrets), maxHeaderChars)}.`)
  }
  const excerpt = excerptOf(response, secrets)
  if (excerpt !== '') sentences.push(`Its body: ${excerpt}`)
  return new AppError(isRedirect ? 'upstream_redirect' : 'upstream_status', {
    reason: sentences.join(' '),
  })
}

function redirectSentence(location: string | null, secrets: readonly string[]): string {
  const place = location === null ? '' : printable(redactSecrets(location, secrets), maxHeaderChars)
  return place === ''
    ? 'It is a redirect without a Location; redirects are not followed.'
    : `It redirects to ${place}; redirects are not followed.`
}

function excerptOf(response: UpstreamResponse, secrets: readonly string[]): string {
  const mediaType = parseMediaType(response.headers.get('content-type'))
  const essence = mediaType?.essence ?? 'text/plain'
  if (!isTextType(essence) && !isJsonType(essence)) {
    const { byteLength } = response.body
    return byteLength === 0 ? '' : `${byteLength} bytes of ${essence}`
  }
  const { text } = bodyText(response, mediaType?.charset ?? null)
  // Cut before the costly work, but not through a secret that would then be known by its half.
  return printable(redactSecrets(text.slice(0, 64 * 1024), secrets), maxExcerptChars)
}

/** Text as one line people can see all of, at most so many characters long. */
function printable(text: string, maxChars: number): string {
  const line = text
    .slice(0, maxChars * 8)
    .replace(UNPRINTABLE, ' ')
    .replace(/ {2,}/g, ' ')
    .trim()
  const characters = [...line]
  return characters.length <= maxChars ? line : `${characters.slice(0, maxChars).join('')}…`
}
