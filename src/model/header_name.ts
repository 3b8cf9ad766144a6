const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/

const framing = [
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'upgrade',
  'expect',
  'te',
  'trailer',
]
const ours = ['idempotency-key', 'traceparent']
const never = new Set([...framing, ...ours, 'cookie'])

/** Whether a text is a header name (RFC 9110 §5.6.2 token), 128 characters at most. */
export function isHeaderToken(name: string): boolean {
  return TOKEN.test(name)
}

/**
 * A header name as receivers compare it: lower case, and `_` as `-`, because CGI and WSGI servers
 * read `X_Tengine_Member_Id` and `X-Tengine-Member-Id` as one.
 */
export function comparableName(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}

/**
 * Whether a header frames the message, names the caller or its run: no template and no argument sets
 * it (reliability.md case 143).
 * @param name comparable
 */
export function isConnectionHeader(name: string): boolean {
  return never.has(name) || name.startsWith('x-tengine-') || name.startsWith('proxy-')
}
