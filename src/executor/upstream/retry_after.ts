const DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/**
 * Reads `Retry-After` (RFC 9110 §10.2.3): seconds, or an HTTP date, whose past is now.
 * @returns milliseconds to wait; null for a header that is missing or says neither (case 195)
 */
export function retryAfterMs(header: string | null, epochMs: number): number | null {
  if (header === null) return null
  const text = header.trim()
  if (/^\d{1,12}$/.test(text)) return Number(text) * 1000
  if (!DATE.test(text)) return null
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - epochMs)
}
