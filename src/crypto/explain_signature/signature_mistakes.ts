import { httpMethods } from '../../model/tool.ts'
import { maxRewrittenBytes, otherBodies } from './other_bodies.ts'
import { otherTargets } from './other_targets.ts'
import { hashedBody, type SignedText, type SigningRecipe } from './signing_recipe.ts'

/** What a mistake is about, and what to do about it. */
export const adviceOf = {
  body: 'Take the raw bytes of the body, before anything parses them.',
  target: 'Take path and query as they stand in the request line.',
  method: 'Take the method of the request line, in upper case.',
  timestamp: 'Take X-Tengine-Timestamp character for character.',
  'request id': 'Take X-Tengine-Request-Id character for character.',
  'body hash': 'The line ends with the SHA-256 of the body in lower-case hex.',
  line: 'The line is "tng2" and five parts with one space between them, without a newline.',
  'line start': 'The line begins with "tng2 ".',
  'line end': 'Nothing comes after the last part of the line.',
  secret: 'The key is the UTF-8 bytes of the secret as it is stored here.',
} as const

/** One way to sign something else than was meant. */
export interface SignatureMistake {
  readonly part: keyof typeof adviceOf
  /** With what the signature matches: `the body without the newline at its end`. */
  readonly what: string
  /** What it changes of the right recipe. */
  readonly change: Partial<SigningRecipe>
}

/**
 * The well-known mistakes of those who sign or verify such a request, the simplest first. `baseUrl` is
 * the origin the request went to, null where it is not known.
 */
export function signatureMistakes(text: SignedText, baseUrl: string | null): SignatureMistake[] {
  const { timestamp, requestId, method, target, body } = text
  const bodies = otherBodies(body).filter(([, bytes]) => !Buffer.from(body).equals(bytes))
  const unlike = (given: string, others: readonly Named<string>[]) =>
    others.filter(([, other]) => other !== given)
  return [
    ...about('body', bodies, (bytes) => ({ body: hashedBody(bytes) })),
    ...about('target', unlike(target, otherTargets(target, baseUrl)), (it) => ({ target: it })),
    ...about('method', unlike(method, otherMethods(method)), (it) => ({ method: it })),
    ...about('timestamp', unlike(timestamp, otherTimestamps(timestamp)), (it) => ({
      timestamp: it,
    })),
    ...about('request id', unlike(requestId, otherIds(requestId)), (it) => ({ requestId: it })),
    ...lineMistakes,
    ...(body.byteLength > maxRewrittenBytes ? [] : rawBodyMistakes),
    ...about('secret', keys, (keyOf) => ({ keyOf })),
  ]
}

type Named<T> = readonly [what: string, other: T]

function about<T>(
  part: SignatureMistake['part'],
  others: readonly Named<T>[],
  changeTo: (other: T) => Partial<SigningRecipe>,
): SignatureMistake[] {
  return others.map(([what, other]) => ({ part, what, change: changeTo(other) }))
}

const otherMethods = (method: string): Named<string>[] => [
  ['the method in upper case', method.toUpperCase()],
  ['the method in lower case', method.toLowerCase()],
  ...[...httpMethods, 'HEAD'].map((other): Named<string> => [`the method ${other}`, other]),
]

function otherTimestamps(timestamp: string): Named<string>[] {
  const bare = timestamp.trim()
  const trimmed: Named<string> = ['the timestamp without white space', bare]
  if (/^\d{13,19}$/.test(bare)) return [trimmed, ['the timestamp in seconds', bare.slice(0, 10)]]
  if (/^\d{1,12}$/.test(bare)) {
    return [
      trimmed,
      ['the timestamp in milliseconds', `${bare}000`],
      ['the timestamp as a decimal number', `${bare}.0`],
    ]
  }
  const seconds = Math.floor(
    (/^\d+\.\d+$/.test(bare) ? Number(bare) * 1000 : Date.parse(bare)) / 1000,
  )
  const isMoment = Number.isSafeInteger(seconds)
  return isMoment ? [trimmed, ['the timestamp in whole Unix seconds', String(seconds)]] : [trimmed]
}

const otherIds = (id: string): Named<string>[] => [
  ['the request id without white space', id.trim()],
  ['the request id in lower case', id.toLowerCase()],
  ['the request id in upper case', id.toUpperCase()],
  ['the request id without hyphens', id.replaceAll('-', '')],
]

const separators: readonly Named<string>[] = [
  ['newlines between the parts of the line', '\n'],
  ['nothing between the parts of the line', ''],
  ['full stops between the parts of the line', '.'],
  ['colons between the parts of the line', ':'],
  ['bars between the parts of the line', '|'],
]

const digests: readonly Named<SigningRecipe['writeBody']>[] = [
  [
    'the SHA-256 of the body in upper-case hex',
    ({ sha256 }) => sha256.toString('hex').toUpperCase(),
  ],
  ['the SHA-256 of the body in base64', ({ sha256 }) => sha256.toString('base64')],
  ['the SHA-256 of the body in base64url', ({ sha256 }) => sha256.toString('base64url')],
]

const lineMistakes: readonly SignatureMistake[] = [
  { part: 'line start', what: 'a line that does not begin with "tng2 "', change: { version: '' } },
  ...about('line', separators, (separator) => ({ separator })),
  { part: 'line end', what: 'a newline after the line', change: { ending: '\n' } },
  ...about('body hash', digests, (writeBody) => ({ writeBody })),
]

const writeBody: SigningRecipe['writeBody'] = ({ bytes }) => bytes
const rawBodyMistakes: readonly SignatureMistake[] = [
  { part: 'body hash', what: 'the body itself in place of its SHA-256', change: { writeBody } },
  { part: 'line', what: 'the body alone', change: { writeBody, isBodyAlone: true } },
]

const keys: readonly Named<SigningRecipe['keyOf']>[] = [
  ['a newline after the secret', (secret) => `${secret}\n`],
  ['a CRLF after the secret', (secret) => `${secret}\r\n`],
  ['the secret without the spaces around it', (secret) => secret.trim()],
  ['the secret in quotes', (secret) => `"${secret}"`],
  [
    'the secret decoded from base64',
    (secret) => (/^[A-Za-z0-9+/_-]+={0,2}$/.test(secret) ? Buffer.from(secret, 'base64') : null),
  ],
  [
    'the secret decoded from hex',
    (secret) => (/^(?:[0-9a-f]{2})+$/i.test(secret) ? Buffer.from(secret, 'hex') : null),
  ],
  ['the secret written in base64', (secret) => Buffer.from(secret).toString('base64')],
  ['the secret written in hex', (secret) => Buffer.from(secret).toString('hex')],
]

/**
 * The mistake, or two about different parts together, with which `isPresented` holds: the fewest and
 * the simplest; null where there is none.
 */
export function findMistakes(
  right: SigningRecipe,
  mistakes: readonly SignatureMistake[],
  isPresented: (recipe: SigningRecipe) => boolean,
): readonly SignatureMistake[] | null {
  for (const one of mistakes) if (isPresented({ ...right, ...one.change })) return [one]
  for (const [index, one] of mistakes.entries()) {
    const recipe = { ...right, ...one.change }
    for (const other of mistakes.slice(index + 1)) {
      const isPair = other.part !== one.part && isPresented({ ...recipe, ...other.change })
      if (isPair) return [one, other]
    }
  }
  return null
}
