/** Where JSON text stops being JSON. */
export interface TextPlace {
  /** From 1. */
  readonly line: number
  /** In UTF-16 units, from 1. */
  readonly column: number
}

const TOKEN =
  /[ \t\r\n]*(?:([[\]{},:])|("(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])|true(?!\w)|false(?!\w)|null(?!\w)))/y

/** What may come next: a value, a first or later key, a colon, or what follows a value. */
type Expected = 'value' | 'value_or_end' | 'key' | 'key_or_end' | 'colon' | 'after'

/** Finds the first place where RFC 8259 JSON is broken; null where it is whole. */
export function jsonErrorPlace(text: string): TextPlace | null {
  const offset = new Scan(text).errorOffset()
  return offset === null ? null : placeOf(text, offset)
}

/** Line and column of an offset. */
function placeOf(text: string, offset: number): TextPlace {
  const before = text.slice(0, offset)
  const lastBreak = before.lastIndexOf('\n')
  let line = 1
  for (let at = before.indexOf('\n'); at >= 0; at = before.indexOf('\n', at + 1)) line++
  return { line, column: offset - lastBreak }
}

class Scan {
  private readonly text: string
  private readonly open: string[] = []
  private expected: Expected = 'value'

  constructor(text: string) {
    this.text = text
  }

  errorOffset(): number | null {
    const end = this.text.trimEnd().length
    let at = 0
    while (at < end) {
      TOKEN.lastIndex = at
      const match = TOKEN.exec(this.text)
      const start = match ? TOKEN.lastIndex - (match[1] ?? match[2] ?? match[3] ?? '').length : -1
      if (!match) return this.skipSpace(at)
      if (!this.takes(match[1] ?? (match[2] === undefined ? 'literal' : 'string'))) return start
      at = TOKEN.lastIndex
    }
    return this.open.length === 0 && this.expected === 'after' ? null : end
  }

  private skipSpace(from: number): number {
    let at = from
    while (' \t\r\n'.includes(this.text.charAt(at))) at++
    return at
  }

  private takes(token: string): boolean {
    if (token === ':') return this.move('colon', 'value')
    if (token === ',') return this.comma()
    if (token === '}' || token === ']') return this.close(token)
    if (token === 'string' && this.expected.startsWith('key')) return this.next('colon')
    if (!this.expected.startsWith('value')) return false
    if (token === '{' || token === '[') {
      this.open.push(token)
      return this.next(token === '{' ? 'key_or_end' : 'value_or_end')
    }
    return this.next('after')
  }

  private comma(): boolean {
    const inside = this.open.at(-1)
    return inside !== undefined && this.move('after', inside === '{' ? 'key' : 'value')
  }

  private close(token: string): boolean {
    const opening = token === '}' ? '{' : '['
    const isDone = this.expected === 'after' || this.expected.endsWith('_or_end')
    return isDone && this.open.pop() === opening && this.next('after')
  }

  private move(from: Expected, to: Expected): boolean {
    return this.expected === from && this.next(to)
  }

  private next(expected: Expected): true {
    this.expected = expected
    return true
  }
}
