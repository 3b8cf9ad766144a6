/** A request as it arrived, taken apart but not decoded. */
export interface ArrivedRequest {
  readonly method: string
  readonly path: string
  /** Without the `?`; null where there is none. */
  readonly query: string | null
  /** Name in lower case and value, in order. */
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer
}

/** Takes a request's head apart. */
export function readArrived(head: string, body: Buffer): ArrivedRequest {
  const [line = '', ...rest] = head.trimEnd().split('\r\n')
  const [method = '', target = ''] = line.split(' ')
  const at = target.indexOf('?')
  return {
    method,
    path: at < 0 ? target : target.slice(0, at),
    query: at < 0 ? null : target.slice(at + 1),
    headers: rest.map((text) => {
      const colon = text.indexOf(':')
      const value = Buffer.from(text.slice(colon + 1).trim(), 'latin1').toString()
      return [text.slice(0, colon).toLowerCase(), value] as const
    }),
    body,
  }
}

/** The values of a header. */
export const headerValues = ({ headers }: ArrivedRequest, name: string): string[] =>
  headers.filter(([one]) => one === name).map(([, value]) => value)

/** A part of a multipart body as it arrived. */
export interface ArrivedPart {
  readonly name: string
  readonly filename: string | null
  /** Null where the part does not say. */
  readonly contentType: string | null
  readonly bytes: Buffer
}

/** Takes a multipart body apart (RFC 7578). @throws Error where it is none */
export function readParts(contentType: string, body: Buffer): ArrivedPart[] {
  const found = /boundary=(?:"([^"]+)"|([^;\s]+))/.exec(contentType)
  const boundary = found?.[1] ?? found?.[2]
  if (boundary === undefined) throw new Error('no boundary')
  const text = body.toString('latin1')
  const pieces = `\r\n${text}`.split(`\r\n--${boundary}`)
  if (pieces.at(-1)?.startsWith('--') !== true) throw new Error('no closing boundary')
  return pieces.slice(1, -1).map((piece) => {
    const end = piece.indexOf('\r\n\r\n')
    const head = Buffer.from(piece.slice(0, end), 'latin1').toString()
    const disposition = /^content-disposition: *form-data; *(.*)$/im.exec(head)?.[1]
    if (disposition === undefined) throw new Error(`no disposition in ${head}`)
    const word = (name: string) =>
      new RegExp(`(?:^|; *)${name}="((?:[^"\\\\]|\\\\.)*)"`).exec(disposition)?.[1]
    return {
      name: unescapeName(word('name') ?? ''),
      filename: word('filename') ?? null,
      contentType: /^content-type: *(.*)$/im.exec(head)?.[1] ?? null,
      bytes: Buffer.from(piece.slice(end + 4), 'latin1'),
    }
  })
}

/** As the HTML standard writes names. */
const unescapeName = (name: string) =>
  name.replaceAll('%22', '"').replaceAll('%0D', '\r').replaceAll('%0A', '\n')
