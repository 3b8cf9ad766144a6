/** The beginning of a text that fits, at a line's end where one is near; never half a character. */
export function cutText(text: string, maxBytes: number): string {
  const end = boundedEnd(text, 0, maxBytes)
  if (end === text.length) return text
  const line = text.lastIndexOf('\n', end - 1) + 1
  return text.slice(0, line > end * LINE_SHARE ? line : end)
}

/** How much of what fits must be left when the last, broken line is dropped. */
const LINE_SHARE = 0.75

/** Where in a text so many bytes of UTF-8 end, from a start on; never inside a character. */
function boundedEnd(text: string, start: number, maxBytes: number): number {
  const most = Math.min(text.length, start + maxBytes)
  if (Buffer.byteLength(text.slice(start, most)) <= maxBytes) return wholeEnd(text, start, most)
  let [fits, over] = [start, most]
  while (over - fits > 1) {
    const middle = (fits + over) >> 1
    if (Buffer.byteLength(text.slice(start, middle)) <= maxBytes) fits = middle
    else over = middle
  }
  return wholeEnd(text, start, fits)
}

/** Where a string literal of so many bytes ends, quotes included; never inside a character. */
export function boundedLiteralEnd(text: string, start: number, maxBytes: number): number {
  let [fits, over] = [start, Math.min(text.length, start + Math.max(0, maxBytes)) + 1]
  while (over - fits > 1) {
    const middle = (fits + over) >> 1
    if (Buffer.byteLength(JSON.stringify(text.slice(start, middle))) <= maxBytes) fits = middle
    else over = middle
  }
  return wholeEnd(text, start, fits)
}

/** The end, moved before a pair of surrogates that it would part. */
export function wholeEnd(text: string, start: number, end: number): number {
  return end > start && end < text.length && isSecondHalf(text, end) ? end - 1 : end
}

/** Whether a pair of surrogates goes on at an index. */
export function isSecondHalf(text: string, at: number): boolean {
  const [before, here] = [text.charCodeAt(at - 1), text.charCodeAt(at)]
  return before >= 0xd800 && before <= 0xdbff && here >= 0xdc00 && here <= 0xdfff
}
