const minMs = 60_000
const maxMs = 24 * 60 * 60_000

/**
 * How long a client metadata document is used again, in milliseconds: what `max-age` says, a minute at
 * least and a day at most; a minute where it says nothing or forbids keeping (RFC 9111 §5.2.2).
 */
export function documentLifetimeMs(cacheControl: string | null): number {
  const directives = (cacheControl ?? '').toLowerCase().split(',')
  const words = directives.map((directive) => directive.trim())
  if (words.some((word) => /^no-(?:store|cache)\b/.test(word))) return minMs
  const ages = words.map((word) => /^max-age="?(\d{1,12})"?$/.exec(word)?.[1]).filter(Boolean)
  return Math.min(maxMs, Math.max(minMs, Number(ages[0] ?? 0) * 1000))
}
