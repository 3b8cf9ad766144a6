import { rawJws } from '../helpers/assertions.ts'
import {
  attacker,
  audience,
  claims,
  claimText,
  dead,
  derOf,
  ec,
  ecdsa,
  ed,
  foreign,
  good,
  goodText,
  header,
  hmac,
  loosely,
  now,
  ofLength,
  order,
  p384,
  payload,
  place,
  posing,
  resigned,
  rsa,
  spliced,
  turnBit,
  twice,
  twinOf,
  unsigned,
} from './assertion_makers.ts'

const refused = (code: string, problem: string) =>
  [401, problem, `Invalid member assertion: ${code}`] as const
const unresolved = 'Could not resolve member_external_id'

/** Status, code and literal detail (wire.md §3). */
export const refusals = {
  /** MALFORMED before a kid is known. */
  UNREADABLE: refused('MALFORMED', 'assertion_malformed'),
  MALFORMED: refused('MALFORMED', 'assertion_malformed'),
  ALG_NOT_ALLOWED: refused('ALG_NOT_ALLOWED', 'assertion_alg_not_allowed'),
  MISSING_KID: refused('MISSING_KID', 'assertion_missing_kid'),
  KEY_NOT_FOUND: refused('KEY_NOT_FOUND', 'assertion_key_not_found'),
  INVALID_SIGNATURE: refused('INVALID_SIGNATURE', 'assertion_invalid_signature'),
  AUD_MISMATCH: refused('AUD_MISMATCH', 'assertion_aud_mismatch'),
  TTL_TOO_LONG: refused('TTL_TOO_LONG', 'assertion_ttl_too_long'),
  EXPIRED: refused('EXPIRED', 'assertion_expired'),
  IAT_IN_FUTURE: refused('IAT_IN_FUTURE', 'assertion_iat_in_future'),
  NOT_YET_VALID: refused('NOT_YET_VALID', 'assertion_not_yet_valid'),
  member_unresolved: [400, 'member_unresolved', unresolved],
  sub_invalid: [400, 'sub_invalid', unresolved],
  assertion_required: [400, 'assertion_required', 'Provide member_assertion or member_external_id'],
  body_too_large: [413, 'body_too_large', 'The request body is too large'],
} as const

/** A line of `refusals`. */
export type Refusal = keyof typeof refusals
/** Refusals before a kid is known. */
export const withoutKid: readonly Refusal[] = ['UNREADABLE', 'ALG_NOT_ALLOWED', 'MISSING_KID']
export const withoutReason: readonly Refusal[] = ['assertion_required', 'body_too_large']

/** Its name, what comes of it, and what makes it. */
type Vector = readonly [string, Refusal | 'OK', () => unknown]

const algorithms: readonly Vector[] = [
  ['case 64: alg none', 'ALG_NOT_ALLOWED', unsigned('none')],
  ['case 64: alg None', 'ALG_NOT_ALLOWED', unsigned('None')],
  ['case 64: alg NONE', 'ALG_NOT_ALLOWED', unsigned('NONE')],
  ['case 64: alg none over a good signature', 'ALG_NOT_ALLOWED', header({ alg: 'none' })],
  ['case 64: an empty signature', 'INVALID_SIGNATURE', unsigned('ES256')],
  ['case 64: no signature part', 'UNREADABLE', () => unsigned('ES256')().slice(0, -1)],
  ['case 65: HS256 with the public PEM', 'ALG_NOT_ALLOWED', hmac(rsa.publicPem)],
  ['case 65: HS256 with the EC PEM', 'ALG_NOT_ALLOWED', hmac(ec.publicPem)],
  [
    'case 65: HS256 with the public DER',
    'ALG_NOT_ALLOWED',
    hmac(rsa.publicKey.export({ type: 'spki', format: 'der' })),
  ],
  ['case 65: HS512 with the PEM', 'ALG_NOT_ALLOWED', hmac(rsa.publicPem, 'HS512')],
  ['case 65: an HMAC under the name RS256', 'INVALID_SIGNATURE', hmac(rsa.publicPem, 'RS256')],
  ['case 66: RS256 under an ES256 kid', 'INVALID_SIGNATURE', posing(rsa, { kid: 'ec-1' })],
  ['case 66: ES256 under an Ed25519 kid', 'INVALID_SIGNATURE', posing(ec, { kid: 'ed-1' })],
  ['case 66: EdDSA under an ES256 kid', 'INVALID_SIGNATURE', posing(ed, { kid: 'ec-1' })],
  ['case 66: the name ES384 for an ES256 key', 'INVALID_SIGNATURE', header({ alg: 'ES384' })],
  [
    'a P-384 signature under the name ES256',
    'INVALID_SIGNATURE',
    () => p384.sign(good(), { alg: 'ES256' }),
  ],
  ['case 65: PS256 for an RSA key', 'ALG_NOT_ALLOWED', posing(rsa, { alg: 'PS256' })],
  ['alg in lower case', 'ALG_NOT_ALLOWED', header({ alg: 'es256' })],
  ['alg ES256K', 'ALG_NOT_ALLOWED', header({ alg: 'ES256K' })],
  ['alg missing', 'ALG_NOT_ALLOWED', header({ alg: undefined })],
  ['alg a list', 'ALG_NOT_ALLOWED', header({ alg: ['ES256'] })],
  ['alg null', 'ALG_NOT_ALLOWED', header({ alg: null })],
]

const kids: readonly Vector[] = [
  ['case 67: no kid', 'MISSING_KID', header({ kid: undefined })],
  ['case 67: an unknown kid', 'KEY_NOT_FOUND', header({ kid: 'ec-2' })],
  ['case 67: a kid in other case', 'KEY_NOT_FOUND', header({ kid: 'EC-1' })],
  ["case 67: another project's kid", 'KEY_NOT_FOUND', posing(foreign, { kid: foreign.kid })],
  ['case 68: kid ""', 'UNREADABLE', header({ kid: '' })],
  ['case 68: kid a number', 'UNREADABLE', header({ kid: 1 })],
  ['case 68: kid null', 'UNREADABLE', header({ kid: null })],
  ['case 68: kid an object', 'UNREADABLE', header({ kid: { toString: 'ec-1' } })],
  ['case 68: kid a list', 'UNREADABLE', header({ kid: ['ec-1'] })],
  ['case 68: kid of 10 KB', 'body_too_large', header({ kid: 'k'.repeat(10_240) })],
  ['case 68: kid of 129 characters', 'UNREADABLE', header({ kid: 'k'.repeat(129) })],
  ['case 68: kid ../../etc/passwd', 'KEY_NOT_FOUND', header({ kid: '../../etc/passwd' })],
  ['case 68: kid with SQL', 'KEY_NOT_FOUND', header({ kid: "ec-1'--" })],
  ['case 68: kid that is always true', 'UNREADABLE', header({ kid: "' OR 1=1 --" })],
  ['case 68: kid of SQL wildcards', 'KEY_NOT_FOUND', header({ kid: '%' })],
  ['case 68: kid with NUL', 'UNREADABLE', header({ kid: 'ec-1\0' })],
  ['case 68: kid with a newline', 'UNREADABLE', header({ kid: 'ec-1\n' })],
  ['case 69: a deactivated key', 'KEY_NOT_FOUND', () => dead.sign(good())],
]

const headers: readonly Vector[] = [
  [
    'case 70: an embedded jwk of the signer',
    'INVALID_SIGNATURE',
    () => attacker.sign(good(), { jwk: attacker.publicKey.export({ format: 'jwk' }) }),
  ],
  ['case 70: jku', 'INVALID_SIGNATURE', () => attacker.sign(good(), { jku: place.decoyUrl })],
  ['case 70: x5u', 'INVALID_SIGNATURE', () => attacker.sign(good(), { x5u: place.decoyUrl })],
  ['case 70: x5c', 'INVALID_SIGNATURE', () => attacker.sign(good(), { x5c: ['MIIB'] })],
  [
    'case 70: jku and no known kid',
    'KEY_NOT_FOUND',
    () => attacker.sign(good(), { jku: place.decoyUrl, kid: 'new' }),
  ],
  [
    'case 70: a kid that is a URL',
    'KEY_NOT_FOUND',
    () => attacker.sign(good(), { kid: place.decoyUrl }),
  ],
  [
    'case 70: jku beside a good signature is not read',
    'OK',
    () => ec.sign(good(), { jku: place.decoyUrl }),
  ],
  [
    'case 70: x5u beside a good signature is not read',
    'OK',
    () => ec.sign(good(), { x5u: place.decoyUrl }),
  ],
  ['case 70: jwk beside a good signature is not read', 'OK', header({ jwk: { kty: 'oct' } })],
  ['case 71: crit unknown', 'UNREADABLE', header({ crit: ['exp'], exp: 1 })],
  ['case 71: crit empty', 'UNREADABLE', header({ crit: [] })],
  ['case 71: b64 false', 'UNREADABLE', header({ b64: false, crit: ['b64'] })],
  ['case 71: b64 false, uncritical', 'UNREADABLE', header({ b64: false })],
  [
    'case 81: alg twice',
    'UNREADABLE',
    () => ec.signWith('{"alg":"none","alg":"ES256","kid":"ec-1"}', good()),
  ],
  [
    'case 81: kid twice',
    'UNREADABLE',
    () => ec.signWith('{"alg":"ES256","kid":"ed-1","kid":"ec-1"}', good()),
  ],
  ['a header that is a list', 'UNREADABLE', () => ec.signWith('[]', good())],
  ['a header that is null', 'UNREADABLE', () => ec.signWith('null', good())],
  ['a header that is no JSON', 'UNREADABLE', () => ec.signWith('alg=ES256', good())],
]

const times: readonly Vector[] = [
  ['case 72: exp missing', 'MALFORMED', claims({ exp: undefined })],
  ['case 72: iat missing', 'MALFORMED', claims({ iat: undefined })],
  ['case 74: exp a string', 'MALFORMED', claims({ exp: String(now + 60) })],
  ['case 74: iat a string', 'MALFORMED', claims({ iat: String(now) })],
  ['case 74: exp a float', 'MALFORMED', claims({ exp: now + 59.5 })],
  ['case 74: iat a float', 'MALFORMED', claims({ iat: now + 0.5 })],
  ['case 74: exp 1e308', 'MALFORMED', claimText('exp', '1e308')],
  ['case 74: exp 1e400', 'MALFORMED', claimText('exp', '1e400')],
  ['case 74: exp beyond 2^53', 'MALFORMED', claimText('exp', '9007199254740993')],
  ['case 74: iat of 400 digits', 'MALFORMED', claimText('iat', '9'.repeat(400))],
  ['case 74: exp negative', 'MALFORMED', claims({ exp: -1 })],
  ['case 74: iat negative', 'MALFORMED', claims({ iat: -1 })],
  ['case 74: exp NaN', 'UNREADABLE', claimText('exp', 'NaN')],
  ['case 74: exp Infinity', 'UNREADABLE', claimText('exp', 'Infinity')],
  ['case 74: exp null', 'MALFORMED', claims({ exp: null })],
  ['case 74: exp true', 'MALFORMED', claims({ exp: true })],
  ['case 74: exp a list', 'MALFORMED', claims({ exp: [now + 60] })],
  ['case 73: exp an hour ahead', 'TTL_TOO_LONG', claims({ exp: now + 3600 })],
  ['case 73: 61 s of life', 'TTL_TOO_LONG', claims({ exp: now + 61 })],
  ['case 73: 61 s of life, most over', 'TTL_TOO_LONG', claims({ iat: now - 50, exp: now + 11 })],
  ['case 73: exp at the end of time', 'TTL_TOO_LONG', claims({ exp: Number.MAX_SAFE_INTEGER })],
  ['case 73: 60 s of life', 'OK', claims({ iat: now - 1, exp: now + 59 })],
  ['exp as early as iat', 'MALFORMED', claims({ exp: now })],
  ['exp before iat', 'MALFORMED', claims({ iat: now + 5, exp: now + 1 })],
  ['case 75: expired 6 s ago', 'EXPIRED', claims({ iat: now - 60, exp: now - 6 })],
  ['case 75: expired in 1970', 'EXPIRED', claims({ iat: 0, exp: 1 })],
  ['case 75: expired 4 s ago', 'OK', claims({ iat: now - 60, exp: now - 4 })],
  ['case 75: expired 5 s ago', 'OK', claims({ iat: now - 60, exp: now - 5 })],
  ['case 76: iat 6 s ahead', 'IAT_IN_FUTURE', claims({ iat: now + 6, exp: now + 60 })],
  ['case 90: iat 30 s ahead', 'IAT_IN_FUTURE', claims({ iat: now + 30, exp: now + 90 })],
  ['case 76: iat 5 s ahead', 'OK', claims({ iat: now + 5, exp: now + 65 })],
  ['case 76: nbf 6 s ahead', 'NOT_YET_VALID', claims({ nbf: now + 6 })],
  ['case 76: nbf a string', 'MALFORMED', claims({ nbf: 'soon' })],
  ['case 76: nbf 5 s ahead', 'OK', claims({ nbf: now + 5 })],
]

const audiences: readonly Vector[] = [
  ['case 77: aud of another project', 'AUD_MISMATCH', claims({ aud: 'tengine:project:4711' })],
  ['case 77: aud that ours begins', 'AUD_MISMATCH', () => ec.sign(good({ aud: audience('0') }))],
  ['case 77: aud with a space', 'AUD_MISMATCH', () => ec.sign(good({ aud: audience(' ') }))],
  [
    'case 77: aud in upper case',
    'AUD_MISMATCH',
    () => ec.sign(good({ aud: audience('').toUpperCase() })),
  ],
  ['case 77: aud missing', 'AUD_MISMATCH', claims({ aud: undefined })],
  ['case 77: aud empty', 'AUD_MISMATCH', claims({ aud: '' })],
  ['case 77: aud null', 'AUD_MISMATCH', claims({ aud: null })],
  [
    'case 78: aud a list of only ours',
    'AUD_MISMATCH',
    () => ec.sign(good({ aud: [audience('')] })),
  ],
  [
    'case 78: aud a list with ours',
    'AUD_MISMATCH',
    () => ec.sign(good({ aud: ['tengine:project:4711', audience('')] })),
  ],
  ['case 78: aud an object', 'AUD_MISMATCH', () => ec.sign(good({ aud: { 0: audience('') } }))],
  ['case 78: aud a number', 'AUD_MISMATCH', () => ec.sign(good({ aud: place.projectId }))],
  ['case 81: aud twice', 'UNREADABLE', twice('aud', 'tengine:project:4711')],
]
const subjects: readonly Vector[] = [
  ['case 79: sub missing', 'member_unresolved', claims({ sub: undefined })],
  ['case 79: sub empty', 'member_unresolved', claims({ sub: '' })],
  ['case 79: sub a number', 'member_unresolved', claims({ sub: 1 })],
  ['case 79: sub an object', 'member_unresolved', claims({ sub: { id: 'alice' } })],
  ['case 79: sub a list', 'member_unresolved', claims({ sub: ['alice'] })],
  ['case 79: sub null', 'member_unresolved', claims({ sub: null })],
  ['case 79: sub true', 'member_unresolved', claims({ sub: true })],
  ['case 79: sub a big integer', 'member_unresolved', claimText('sub', '9007199254740993')],
  [
    'case 80: sub with CR LF',
    'sub_invalid',
    claims({ sub: 'mallory\r\nX-Tengine-Member-Id: alice' }),
  ],
  ['case 80: sub with a tab', 'sub_invalid', claims({ sub: 'mal\tlory' })],
  ['case 80: sub with DEL', 'sub_invalid', claims({ sub: 'mallory\x7f' })],
  ['case 80: sub with a bidi override', 'sub_invalid', claims({ sub: 'mallory\u202e' })],
  ['case 80: sub with a zero-width space', 'sub_invalid', claims({ sub: 'mal\u200blory' })],
  ['case 80: sub with invisible tags', 'sub_invalid', claims({ sub: 'mallory\u{e0041}' })],
  ['case 80: sub with a line separator', 'sub_invalid', claims({ sub: 'mal\u2028lory' })],
  ['case 80: sub with a space before', 'sub_invalid', claims({ sub: ' mallory' })],
  ['case 80: sub with a space after', 'sub_invalid', claims({ sub: 'mallory ' })],
  ['case 80: sub of spaces', 'sub_invalid', claims({ sub: '   ' })],
  ['case 80: sub of 256 bytes', 'sub_invalid', claims({ sub: 'm'.repeat(256) })],
  ['case 80: sub of 256 bytes in 128 letters', 'sub_invalid', claims({ sub: 'ü'.repeat(128) })],
  ['case 80: sub of 255 bytes', 'OK', claims({ sub: 'a'.repeat(255) })],
  ['case 80: sub with NUL', 'UNREADABLE', claims({ sub: 'mallory\0' })],
  ['case 80: sub with half a character', 'UNREADABLE', claimText('sub', '"\\ud800"')],
  ['case 81: sub twice', 'UNREADABLE', twice('sub', 'mallory')],
  ['case 81: sub twice, once in escapes', 'UNREADABLE', twice('s\\u0075b', 'mallory')],
  ['case 82: __proto__', 'UNREADABLE', claimText('__proto__', '{"sub":"mallory"}')],
  ['case 82: constructor', 'UNREADABLE', claimText('constructor', '{"prototype":{}}')],
]

const identities: readonly Vector[] = [
  ['email a number', 'MALFORMED', claims({ email: 1 })],
  ['email a list', 'MALFORMED', claims({ email: ['a@example.com'] })],
  ['email with CR LF', 'MALFORMED', claims({ email: 'a@example.com\r\nX-Evil: 1' })],
  ['email of 321 characters', 'MALFORMED', claims({ email: `${'a'.repeat(309)}@example.com` })],
  ['email null, as if absent', 'OK', claims({ email: null })],
  ['roles a string', 'MALFORMED', claims({ roles: 'admin' })],
  ['roles an object', 'MALFORMED', claims({ roles: { 0: 'admin' } })],
  ['a role with a comma', 'MALFORMED', claims({ roles: ['user,admin'] })],
  ['a role with CR LF', 'MALFORMED', claims({ roles: ['user\r\nX-Evil: 1'] })],
  ['a role that is empty', 'MALFORMED', claims({ roles: ['user', ''] })],
  ['a role that is a number', 'MALFORMED', claims({ roles: ['user', 1] })],
  ['65 roles', 'MALFORMED', claims({ roles: Array.from({ length: 65 }, (_, i) => `r${i}`) })],
  ['64 roles', 'OK', claims({ roles: Array.from({ length: 64 }, (_, i) => `r${i}`) })],
  ['jti empty', 'MALFORMED', claims({ jti: '' })],
  ['jti a number', 'MALFORMED', claims({ jti: 1 })],
  ['jti null', 'MALFORMED', claims({ jti: null })],
  ['jti of 256 characters', 'MALFORMED', claims({ jti: 'j'.repeat(256) })],
  ['jti of 255 characters', 'OK', claims({ jti: 'j'.repeat(255) })],
]

const forms: readonly Vector[] = [
  ['case 85: a payload that is a list', 'UNREADABLE', payload('[{"sub":"alice"}]')],
  ['case 85: a payload that is a string', 'UNREADABLE', payload('"alice"')],
  ['case 85: a payload that is a number', 'UNREADABLE', payload('1')],
  ['case 85: a payload that is no JSON', 'UNREADABLE', payload("{'sub':'alice'}")],
  ['case 85: a payload with more after it', 'UNREADABLE', () => ec.sign(`${goodText()}{}`)],
  ['case 85: a payload with a BOM', 'UNREADABLE', () => ec.sign(`\ufeff${goodText()}`)],
  [
    'case 85: a payload of invalid UTF-8',
    'UNREADABLE',
    () => ec.sign(Buffer.from(goodText().replace('alice', 'al\xff'), 'latin1')),
  ],
  ['case 85: a payload in UTF-16', 'UNREADABLE', () => ec.sign(Buffer.from(goodText(), 'utf16le'))],
  [
    'case 85: a payload 65 levels deep',
    'UNREADABLE',
    claimText('x', '['.repeat(64) + ']'.repeat(64)),
  ],
  ['case 85: no payload', 'UNREADABLE', () => rawJws({ alg: 'ES256', kid: 'ec-1' }, '', 'x')],
  ['case 85: a JWE of five parts', 'UNREADABLE', () => `${ec.sign(good())}.QQ.QQ`],
  ['case 85: = padding', 'UNREADABLE', () => `${ec.sign(good())}==`],
  ['case 83: a newline after it', 'UNREADABLE', () => `${ec.sign(good())}\n`],
  ['case 83: a space after it', 'UNREADABLE', () => `${ec.sign(good())} `],
  ['case 83: a space before it', 'UNREADABLE', () => ` ${ec.sign(good())}`],
  ['case 83: a signature in loose base64url', 'UNREADABLE', () => loosely(ec.sign(good()))],
  ['case 83: base64 with + and /', 'UNREADABLE', () => ec.sign(good()).replace(/.{4}$/, '+/+/')],
  ['Bearer before it', 'UNREADABLE', () => `Bearer ${ec.sign(good())}`],
  ['some text', 'UNREADABLE', () => 'assertion'],
  ["the caller's API key", 'UNREADABLE', () => place.apiKey],
  ['a number', 'assertion_required', () => 7],
  ['a list with an assertion', 'assertion_required', () => [ec.sign(good())]],
  ['an empty text', 'assertion_required', () => ''],
  ['case 87: 8,193 characters', 'body_too_large', ofLength(8193)],
  ['case 87: 8,192 characters', 'OK', ofLength(8192)],
  ['case 87: a megabyte', 'body_too_large', () => ec.sign(good({ pad: 'x'.repeat(2 ** 20) }))],
]
const signatures: readonly Vector[] = [
  ['case 86: all zero', 'INVALID_SIGNATURE', resigned(() => Buffer.alloc(64))],
  ['case 86: r 1 and s 0', 'INVALID_SIGNATURE', resigned(() => ecdsa(1n, 0n))],
  ['case 86: r and s the order', 'INVALID_SIGNATURE', resigned(() => ecdsa(order, order))],
  ['case 86: in DER', 'INVALID_SIGNATURE', resigned((_, text) => derOf(text))],
  ['a signature cut short', 'INVALID_SIGNATURE', resigned((right) => right.subarray(0, 63))],
  ['a longer signature', 'INVALID_SIGNATURE', resigned((right) => Buffer.concat([right, right]))],
  ['one bit of it turned', 'INVALID_SIGNATURE', resigned(turnBit)],
  [
    'an Ed25519 signature of zeros',
    'INVALID_SIGNATURE',
    () => rawJws({ alg: 'EdDSA', kid: 'ed-1' }, good(), Buffer.alloc(64)),
  ],
  [
    'an RSA signature of zeros',
    'INVALID_SIGNATURE',
    () => rawJws({ alg: 'RS256', kid: 'rsa-1' }, good(), Buffer.alloc(256)),
  ],
  ['the key of someone else', 'INVALID_SIGNATURE', () => attacker.sign(good())],
  ['claims of one under the signature of another', 'INVALID_SIGNATURE', spliced],
  ['case 83: the other half of a signature (r, n-s)', 'OK', resigned(twinOf)],
]

const vectors = [
  ...algorithms,
  ...kids,
  ...headers,
  ...times,
  ...audiences,
  ...subjects,
  ...identities,
  ...forms,
  ...signatures,
]

/** What must be refused, and how. */
export const hostile = vectors.flatMap(([name, outcome, make]) =>
  outcome === 'OK' ? [] : [[name, outcome, make] as const],
)
/** What lies just inside the rules. */
export const harmless = vectors.flatMap(([name, outcome, make]) =>
  outcome === 'OK' ? [[name, make] as const] : [],
)
