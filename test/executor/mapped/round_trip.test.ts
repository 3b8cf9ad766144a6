import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { AppError } from '../../../src/errors.ts'
import type { RenderedRequest } from '../../../src/executor/render_request.ts'
import type { JsonValue } from '../../../src/lib/json.ts'
import type { MappedParameter, ParameterStyle } from '../../../src/model/request_map.ts'
import { encoding, sendBody, sendOne } from './mapped_fixture.ts'

const nasty = fc.constantFrom(
  ...['..', '.', '/', '\\', '%2e', '%', '?', '#', '&', '=', ';', ',', '|', '+', ' ', '"', "'"],
  ...['\r\n', '\t', '[', ']', '--', 'ä', '\u{1F600}', '&admin=true', '//evil', '<a>', ':', '@'],
)
const text = fc
  .array(fc.oneof(nasty, fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 5 })
  .map((pieces) => pieces.join('').toWellFormed().replaceAll('\0', ''))
const some = text.filter((value) => value !== '')
const key = fc.oneof(fc.string({ minLength: 1, maxLength: 4 }), some).filter(isOwnKey)
const items = fc.array(text, { minLength: 1, maxLength: 4 })
const members = fc.dictionary(key, text, { minKeys: 1, maxKeys: 4 })

function isOwnKey(name: string): boolean {
  return !['__proto__', 'constructor', 'prototype', 'member_id', 'project_id'].includes(name)
}

/** What comes out, or null where the value was refused with one of the codes that may refuse it. */
function attempt(render: () => RenderedRequest): RenderedRequest | null {
  try {
    return render()
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    expect(['invalid_argument', 'invalid_header_value']).toContain(error.code)
    return null
  }
}

const decode = decodeURIComponent
const pairsOf = (query: string, separator = '&'): [string, string][] =>
  query.split(separator).map((pair) => {
    const at = pair.indexOf('=')
    return at < 0 ? [decode(pair), ''] : [decode(pair.slice(0, at)), decode(pair.slice(at + 1))]
  })

const queryOf = (request: RenderedRequest) => request.target.slice('/?'.length)

test('case 144: whatever a query list holds, a reader gets that list back (3,000 requests)', () => {
  const how = fc.constantFrom<Partial<MappedParameter>>(
    { explode: true },
    { explode: false },
    { style: 'pipeDelimited', explode: false },
    { style: 'spaceDelimited', explode: false },
    { style: 'deepObject' },
    { explode: true, allowReserved: true },
    { explode: false, allowReserved: true },
  )
  const separators: Partial<Record<ParameterStyle, string>> = {
    pipeDelimited: '%7C',
    spaceDelimited: '%20',
  }
  const check = (parts: Partial<MappedParameter>, list: string[]) => {
    // A percent-encoded triplet stands for itself where reserved characters may stay.
    fc.pre(parts.allowReserved !== true || !list.some((item) => /%[0-9a-f]{2}/i.test(item)))
    const request = attempt(() => sendOne(parts, list))
    if (request === null) return
    const query = queryOf(request)
    expect(query).toMatch(/^[\x21\x24-\x5a\x5c\x5e-\x7e]*$/)
    if (parts.style === 'deepObject') {
      expect(pairsOf(query)).toEqual(list.map((item, index) => [`color[${index}]`, item]))
    } else if (parts.explode === true) {
      expect(pairsOf(query)).toEqual(list.map((item) => ['color', item]))
    } else {
      const separator = separators[parts.style ?? 'form'] ?? ','
      expect(query.startsWith('color=')).toBe(true)
      expect(query.slice('color='.length).split(separator).map(decode)).toEqual(list)
    }
  }
  fc.assert(fc.property(how, items, check), { numRuns: 3_000 })
})

test('whatever an object holds, a reader gets it back (3,000 requests)', () => {
  const how = fc.constantFrom<Partial<MappedParameter>>(
    { explode: true },
    { explode: false },
    { style: 'deepObject' },
  )
  const check = (parts: Partial<MappedParameter>, value: Record<string, string>) => {
    const request = attempt(() => sendOne(parts, value as JsonValue))
    if (request === null) return
    const query = queryOf(request)
    const entries = Object.entries(value)
    if (parts.style === 'deepObject') {
      expect(pairsOf(query)).toEqual(entries.map(([name, item]) => [`color[${name}]`, item]))
    } else if (parts.explode === true) expect(pairsOf(query)).toEqual(entries)
    else expect(query.slice('color='.length).split(',').map(decode)).toEqual(entries.flat())
  }
  fc.assert(fc.property(how, members, check), { numRuns: 3_000 })
})

test('cases 136–140: no value of a path leaves its segment (3,000 requests)', () => {
  const how = fc.constantFrom<Partial<MappedParameter>>(
    { style: 'simple', explode: false },
    { style: 'label', explode: true },
    { style: 'matrix', explode: true },
    { style: 'simple', explode: false, allowReserved: true },
  )
  const check = (parts: Partial<MappedParameter>, list: string[]) => {
    const request = attempt(() => sendOne({ in: 'path', ...parts }, list))
    if (request === null) return
    const segments = request.target.slice(1).split('/')
    if (parts.allowReserved !== true) expect(segments).toHaveLength(1)
    for (const segment of segments) {
      expect(segment).toMatch(/^[A-Za-z0-9._~!$&'()*+,;=:@%-]+$/)
      expect(['.', '..']).not.toContain(decode(segment))
    }
    const whole = request.target.slice(1)
    if (parts.style === 'simple') expect(whole.split(',').map(decode)).toEqual(list)
    if (parts.style === 'matrix') {
      expect(pairsOf(whole.slice(1), ';')).toEqual(list.map((item) => ['color', item]))
    }
  }
  fc.assert(fc.property(how, items, check), { numRuns: 3_000 })
})

test('case 142: no header and no cookie becomes two (2,000 requests)', () => {
  const how = fc.constantFrom<Partial<MappedParameter>>(
    { in: 'header', name: 'X-Color', style: 'simple', explode: false },
    { in: 'cookie', explode: false },
    { in: 'cookie', style: 'cookie', explode: false },
  )
  const check = (parts: Partial<MappedParameter>, list: string[]) => {
    const request = attempt(() => sendOne(parts, list))
    if (request === null) return
    const carried =
      request.cookie ?? request.headers.find(([name]) => name === 'X-Color')?.[1] ?? ''
    expect(carried).toMatch(/^[\x20-\x7e]*$/)
    const value = parts.in === 'cookie' ? carried.slice('color='.length) : carried
    const read = parts.in === 'cookie' && parts.style !== 'cookie' ? decode : String
    expect(value.split(',').map(read)).toEqual(list)
    if (parts.in === 'cookie') expect(value).not.toContain(';')
  }
  fc.assert(fc.property(how, items, check), { numRuns: 2_000 })
})

test('case 146: a form is read back as what was written (2,000 requests)', () => {
  const check = (value: Record<string, string>, isStyled: boolean) => {
    const encodings = Object.fromEntries(Object.keys(value).map((name) => [name, encoding()]))
    const contentType = 'application/x-www-form-urlencoded'
    const parts = { kind: 'form', contentType, encoding: isStyled ? encodings : {} } as const
    const sent = Buffer.from(sendBody(parts, value).body ?? []).toString('utf8')
    expect([...new URLSearchParams(sent)]).toEqual(Object.entries(value))
  }
  fc.assert(fc.property(members, fc.boolean(), check), { numRuns: 2_000 })
})

test('case 146: multipart is read back as what was written (1,000 requests)', async () => {
  const values = fc.dictionary(key, fc.oneof(text, fc.uint8Array({ maxLength: 20 })), {
    minKeys: 1,
    maxKeys: 4,
  })
  const check = async (value: Record<string, string | Uint8Array>) => {
    const isBytes = (item: string | Uint8Array) => typeof item !== 'string'
    const encodings = Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, encoding({ isFile: isBytes(item) })]),
    )
    const args = Object.fromEntries(
      Object.entries(value).map(([name, item]) => [
        name,
        typeof item === 'string' ? item : { base64: Buffer.from(item).toString('base64') },
      ]),
    )
    const contentType = 'multipart/form-data'
    const request = sendBody({ kind: 'multipart', contentType, encoding: encodings }, args)
    const type = request.headers.find(([name]) => name === 'content-type')?.[1] ?? ''
    const boundary = /boundary=(.*)$/.exec(type)?.[1] ?? ''
    const parts = split(Buffer.from(request.body ?? []), boundary)
    expect(parts).toEqual(
      Object.entries(value).map(([name, item]) => ({
        name: name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A'),
        content: Buffer.from(item as string).toString('hex'),
      })),
    )
  }
  await fc.assert(fc.asyncProperty(values, check), { numRuns: 1_000 })
})

/** Reads a multipart body by RFC 2046 alone. */
function split(bytes: Buffer, boundary: string) {
  const parts: { name: string; content: string }[] = []
  const mark = Buffer.from(`\r\n--${boundary}`)
  let at = bytes.indexOf(`--${boundary}\r\n`) + boundary.length + 4
  for (let end = bytes.indexOf(mark, at); end >= 0; end = bytes.indexOf(mark, at)) {
    const part = bytes.subarray(at, end)
    const blank = part.indexOf('\r\n\r\n')
    const head = part.subarray(0, blank).toString('utf8')
    const name = /name="([^"]*)"/.exec(head)?.[1] ?? ''
    parts.push({ name, content: part.subarray(blank + 4).toString('hex') })
    at = end + mark.length + 2
  }
  return parts
}
