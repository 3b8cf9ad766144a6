import { rewrittenJson } from './rewritten_json.ts'

/** A body in another form, and in words what it is: `the body with a newline at its end`. */
export type OtherBody = readonly [what: string, bytes: Uint8Array]

/** Larger bodies are not written anew: every attempt costs as much as the body is long. */
export const maxRewrittenBytes = 64 * 1024

/**
 * A body as frameworks and people change it before somebody signs or verifies it, the simplest change
 * first.
 */
export function otherBodies(bytes: Uint8Array): OtherBody[] {
  if (bytes.byteLength === 0) {
    return ['{}', 'null', '""', '[]'].map((text) => [
      `${text} in place of the empty body`,
      Buffer.from(text),
    ])
  }
  const body = Buffer.from(bytes)
  const none: OtherBody = ['an empty body in place of the one given', Buffer.alloc(0)]
  const small = body.byteLength <= maxRewrittenBytes
  return [...byLineEnds(body), none, ...(small ? [...byParsing(body), ...byCharset(body)] : [])]
}

function byLineEnds(body: Buffer): OtherBody[] {
  const edit = (change: (text: string) => string) =>
    Buffer.from(change(body.toString('latin1')), 'latin1')
  return [
    ['the body without the newline at its end', edit((text) => text.replace(/\r?\n$/, ''))],
    ['the body with a newline at its end', edit((text) => `${text}\n`)],
    ['the body with a CRLF at its end', edit((text) => `${text}\r\n`)],
    ['the body with LF line ends', edit((text) => text.replaceAll('\r\n', '\n'))],
    ['the body with CRLF line ends', edit((text) => text.replace(/\r?\n/g, '\r\n'))],
  ]
}

function byParsing(body: Buffer): OtherBody[] {
  const rewritten = rewrittenJson(body).map(({ text, how }): OtherBody => {
    return [`the body parsed and written again as ${how}`, Buffer.from(text)]
  })
  const quoted = Buffer.from(JSON.stringify(body.toString('utf8')))
  return [...rewritten, ['the body written as a JSON string', quoted]]
}

function byCharset(body: Buffer): OtherBody[] {
  return [
    ['the body read as Latin-1 and written as UTF-8', Buffer.from(body.toString('latin1'))],
    ['the body read as UTF-8 and written as Latin-1', Buffer.from(body.toString(), 'latin1')],
  ]
}
