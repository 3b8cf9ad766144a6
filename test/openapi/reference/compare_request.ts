import { isDeepStrictEqual } from 'node:util'
import { type ArrivedRequest, headerValues, readParts } from './arrived_request.ts'
import type {
  ExpectedBody,
  ExpectedPair,
  ExpectedPart,
  ExpectedRequest,
} from './expected_request.ts'
import { readXml, type XmlElement } from './xml_tree.ts'

/** What differs from the nearest of several requests, each as right; empty where one is exact. */
export function differencesFromAny(
  expected: readonly ExpectedRequest[],
  arrived: ArrivedRequest,
): string[] {
  const all = expected.map((one) => differences(one, arrived))
  return all.sort((left, right) => left.length - right.length)[0] ?? ['nothing expected']
}

function differences(expected: ExpectedRequest, arrived: ArrivedRequest): string[] {
  const found: string[] = []
  const say = (what: string, wanted: unknown, got: unknown) =>
    void found.push(`${what}: expected ${show(wanted)}, got ${show(got)}`)
  if (expected.method !== arrived.method) say('method', expected.method, arrived.method)
  if (canonicalPath(expected.path) !== canonicalPath(arrived.path)) {
    say('path', expected.path, arrived.path)
  }
  found.push(...pairDifferences('query', expected.query, arrived.query, isQueryText))
  found.push(...headerDifferences(expected, arrived))
  found.push(...cookieDifferences(expected, arrived))
  found.push(...bodyDifferences(expected.body, arrived))
  return found
}

const show = (value: unknown): string =>
  (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')).slice(0, 500)

/** One spelling for what RFC 3986 §6.2.2 calls equivalent, and for harmless sub-delimiters. */
function canonicalPath(path: string): string {
  const upper = path.replace(/%[0-9a-fA-F]{2}/g, (triplet) => triplet.toUpperCase())
  const plain = upper.replace(/%(?:2D|2E|5F|7E|3[0-9]|[46][1-9A-F]|[57][0-9A])/g, (triplet) =>
    decodeURIComponent(triplet),
  )
  return plain.replace(/[!$&'()*+:@"<>\\^`{|}]|[^\x21-\x7e]/gu, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  )
}

/** RFC 3986's query, brackets forgiven in names. */
const isQueryText = (text: string) =>
  /^(?:[A-Za-z0-9\-._~!$'()*,;:@/?[\]|]|%[0-9A-Fa-f]{2})*$/.test(text)
const isFormText = (text: string) =>
  /^(?:[A-Za-z0-9\-._~!$'()*,;:@/?+[\]|]|%[0-9A-Fa-f]{2})*$/.test(text)
const isCookieText = (text: string) =>
  /^(?:[\x21\x23-\x2b\x2c\x2d-\x3a\x3c-\x5b\x5d-\x7e])*$/.test(text)

interface RawPair {
  readonly name: string
  readonly raw: string
  isTaken: boolean
}

function pairDifferences(
  what: string,
  expected: readonly ExpectedPair[],
  text: string | null,
  isText: (text: string) => boolean,
): string[] {
  const isForm = what === 'form body'
  const decoded = (raw: string) => {
    try {
      return decodeURIComponent(isForm ? raw.replaceAll('+', ' ') : raw)
    } catch {
      return `<broken ${raw}>`
    }
  }
  const separators = what === 'cookies' ? /; |&/ : /&/
  const rest: RawPair[] =
    (text ?? '') === ''
      ? []
      : (text ?? '').split(separators).map((pair) => {
          const at = pair.includes('=') ? pair.indexOf('=') : pair.length
          return { name: decoded(pair.slice(0, at)), raw: pair.slice(at + 1), isTaken: false }
        })
  const found: string[] = []
  for (const pair of rest) {
    const isReserved = expected.some(
      ({ name, allowReserved }) => allowReserved && name === pair.name,
    )
    const isFree = isReserved || (expected.some((one) => one.isForm) && isFormText(pair.raw))
    if (!isText(pair.raw) && !isFree) found.push(`${what} ${pair.name}: not encoded: ${pair.raw}`)
  }
  const sameName = (left: string, right: string) => left === right
  for (const one of expected) {
    const pair = rest.find(({ name, isTaken }) => !isTaken && sameName(name, one.name))
    if (pair === undefined) {
      found.push(`${what}: expected ${one.name}=${one.pieces.join('|')}, got ${show(text)}`)
      continue
    }
    pair.isTaken = true
    const spellings = one.delimiters.length === 0 ? [null] : one.delimiters
    const isSame = spellings.some((delimiter) => {
      const pieces = delimiter === null ? [pair.raw] : pair.raw.split(delimiter)
      const texts = one.isForm ? pieces.map((piece) => piece.replaceAll('+', ' ')) : pieces
      return isDeepStrictEqual(texts.map(decoded), [...one.pieces])
    })
    if (!isSame) found.push(`${what} ${one.name}: expected ${show(one.pieces)}, got ${pair.raw}`)
    else if (one.allowReserved && /%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/i.test(pair.raw)) {
      if (what === 'query') found.push(`${what} ${one.name}: reserved but encoded: ${pair.raw}`)
    }
  }
  for (const { isTaken, name, raw } of rest) {
    if (!isTaken) found.push(`${what}: unexpected ${name}=${raw}`)
  }
  return found
}

/** What the connector writes into every request. */
const ownHeaders = new Set([
  'host',
  'user-agent',
  'accept',
  'accept-encoding',
  'connection',
  'content-type',
  'content-length',
  'cookie',
  'idempotency-key',
  'traceparent',
])

function headerDifferences({ headers }: ExpectedRequest, arrived: ArrivedRequest): string[] {
  const found: string[] = []
  for (const [name, wanted] of headers) {
    const values = headerValues(arrived, name)
    const [value = ''] = values
    const isSame = spaceless(value) === spaceless(wanted) || isSameJson(value, wanted)
    if (!isSame || values.length !== 1)
      found.push(`header ${name}: expected ${wanted}, got ${show(values)}`)
  }
  for (const [name] of arrived.headers) {
    if (headers.has(name) || ownHeaders.has(name) || name.startsWith('x-tengine-')) continue
    found.push(`header: unexpected ${name}`)
  }
  return found
}

/** Where a header holds JSON, characters may be escaped. */
const isSameJson = (left: string, right: string) =>
  /^[{["]/.test(right) && isDeepStrictEqual(parseJson(left), parseJson(right))

/** RFC 9110 §5.6.1: spaces after the comma of a list say nothing. */
const spaceless = (value: string) => value.replace(/, +/g, ',')

function cookieDifferences(expected: ExpectedRequest, arrived: ArrivedRequest): string[] {
  const values = headerValues(arrived, 'cookie')
  if (values.length > 1) return [`cookies: ${values.length} headers`]
  return pairDifferences('cookies', expected.cookies, values[0] ?? null, isCookieText)
}

function bodyDifferences(expected: ExpectedBody, arrived: ArrivedRequest): string[] {
  const [stated = ''] = headerValues(arrived, 'content-type')
  const text = arrived.body.toString()
  if (expected.kind === 'none') {
    return arrived.body.length === 0 ? [] : [`body: expected none, got ${show(text)}`]
  }
  const found: string[] = []
  const wanted = expected.contentType ?? stated
  const isOf = (type: string | null) => type !== null && essence(stated) === essence(type)
  if (!isOf(wanted) && !(expected.kind === 'bytes' && isOf(expected.finerType))) {
    found.push(`content-type: expected ${wanted}, got ${stated}`)
  }
  if (expected.kind === 'json') {
    const value = parseJson(text)
    if (!isDeepStrictEqual(value, JSON.parse(JSON.stringify(expected.value)))) {
      found.push(`body: expected ${show(expected.value)}, got ${show(text)}`)
    }
  } else if (expected.kind === 'xml') {
    found.push(...xmlDifferences(expected.root, text))
  } else if (expected.kind === 'form') {
    found.push(...pairDifferences('form body', expected.pairs, text, isFormText))
  } else if (expected.kind === 'bytes') {
    if (!expected.bytes.equals(arrived.body)) {
      found.push(`body: expected ${show(expected.bytes.toString())}, got ${show(text)}`)
    }
  } else found.push(...partDifferences(expected.parts, stated, arrived.body))
  return found
}

function xmlDifferences(wanted: XmlElement, text: string): string[] {
  try {
    const got = readXml(text)
    // A root without a name may have any.
    const root = wanted.name === '' ? { ...wanted, name: got.name } : wanted
    return isDeepStrictEqual(got, root) ? [] : [`xml: expected ${show(root)}, got ${show(text)}`]
  } catch (error) {
    return [`xml: ${String(error)}`]
  }
}

const essence = (type: string) => (type.split(';')[0] ?? '').trim().toLowerCase()

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return `<no JSON: ${text}>`
  }
}

function partDifferences(expected: readonly ExpectedPart[], type: string, body: Buffer): string[] {
  try {
    const parts = readParts(type, body)
    const found: string[] = []
    const rest = [...parts]
    for (const one of expected) {
      const at = rest.findIndex(({ name }) => name === one.name)
      const [part] = at < 0 ? [] : rest.splice(at, 1)
      if (part === undefined) found.push(`part ${one.name}: missing`)
      else found.push(...onePart(one, part))
    }
    return [...found, ...rest.map(({ name }) => `part ${name}: unexpected`)]
  } catch (error) {
    return [`multipart: ${String(error)} in ${show(body.toString())}`]
  }
}

const isSameForm = (left: Buffer, right: Buffer) =>
  isDeepStrictEqual(
    [...new URLSearchParams(left.toString())],
    [...new URLSearchParams(right.toString())],
  )

function onePart(one: ExpectedPart, part: ReturnType<typeof readParts>[number]): string[] {
  const found: string[] = []
  const stated = essence(part.contentType ?? 'text/plain')
  if (!one.contentTypes.map(essence).includes(stated)) {
    found.push(`part ${one.name}: expected type ${one.contentTypes}, got ${part.contentType}`)
  }
  const isSame = one.contentTypes.includes('application/x-www-form-urlencoded')
    ? isSameForm(one.bytes, part.bytes)
    : one.json === undefined
      ? one.bytes.equals(part.bytes)
      : isDeepStrictEqual(parseJson(part.bytes.toString()), JSON.parse(one.bytes.toString()))
  if (!isSame)
    found.push(
      `part ${one.name}: expected ${show(one.bytes.toString())}, got ${show(part.bytes.toString())}`,
    )
  if (one.isFile && part.filename === null) found.push(`part ${one.name}: a file without filename`)
  if (!one.isFile && part.filename !== null) found.push(`part ${one.name}: a filename but no file`)
  if (one.filename !== null && part.filename !== one.filename) {
    found.push(`part ${one.name}: expected file ${one.filename}, got ${part.filename}`)
  }
  return found
}
