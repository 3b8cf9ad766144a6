import { createHash, createHmac } from 'node:crypto'
import { explainSignature, type SignatureQuestion } from '../../../src/crypto/explain_signature.ts'
import { requestId } from '../../executor/sign_fixture.ts'

/** Unix seconds of the request, and of the clock unless told otherwise. */
export const now = 1_760_000_000
/** The secret of the tool; it happens to be base64. */
export const secret = 'c2VjcmV0LW9mLXRoaXMtdG9vbA=='

/** What Gatehouse sent, in the words of wire.md §6 alone. */
interface Sent {
  readonly timestamp: string
  readonly requestId: string
  readonly method: string
  readonly target: string
  readonly body: string | Buffer
}

/** A request with something in it for every mistake. */
export const sent: Sent = {
  timestamp: String(now),
  requestId,
  method: 'POST',
  target: '/v1/contacts/a%20b/c?x=1&tag=y%2Fz',
  body: '{"contact_id":"ü/1","a":[1,{"z":true,"b":"<&>"}],"n":null,"e":{},"l":[]}',
}

/** SHA-256 in hex. */
export const hex = (body: string | Buffer) => createHash('sha256').update(body).digest('hex')
/** HMAC-SHA256. */
export const hmac = (line: string | Buffer, key: string | Buffer = secret) =>
  createHmac('sha256', key).update(line).digest()
/** A header of one signature. */
export const tng2 = (digest: Buffer) => `tng2=${digest.toString('hex')}`
/** The parts of the line. */
export const wordsOf = (request: Sent) => {
  const { timestamp, requestId: id, method, target, body } = request
  return ['tng2', timestamp, id, method, target, hex(body)]
}
/** The line. */
export const lineOf = (request: Sent) => wordsOf(request).join(' ')
/** The signature somebody makes who has these parts. */
export const signed = (changes: Partial<Sent> = {}, key: string | Buffer = secret) =>
  tng2(hmac(lineOf({ ...sent, ...changes }), key))

/** What a test asks about in place of the request. */
export type Given = Partial<Omit<SignatureQuestion, 'body'> & { body: string | Buffer }>

/** Explains a signature presented for the request. */
export function explain(signature: string | null, changes: Given = {}) {
  const { body = sent.body, ...rest } = changes
  return explainSignature({
    ...sent,
    body: Buffer.from(body as string),
    signature,
    secrets: [secret],
    baseUrl: 'https://api.example.com',
    nowSeconds: now,
    ...rest,
  })
}

/** One of the checks that were made. */
export const checkOf = (found: ReturnType<typeof explain>, name: string) =>
  found.checks.find((check) => check.name === name)
