import type { Seeded } from './seeded.ts'

/** Gives a text that a regular expression accepts; null where the expression is beyond it. */
export function patternText(pattern: string, minLength: number, random: Seeded): string | null {
  const accepts = acceptor(pattern)
  for (let extra = 0; extra < 40; extra++) {
    try {
      const reader = new PatternReader(pattern, extra, random)
      const text = reader.alternatives()
      if (text.length >= minLength && accepts(text)) return text
    } catch {
      return null
    }
  }
  return null
}

function acceptor(pattern: string): (text: string) => boolean {
  try {
    const expression = new RegExp(pattern, 'u')
    return (text) => expression.test(text)
  } catch {
    const expression = new RegExp(pattern)
    return (text) => expression.test(text)
  }
}

const digits = '0123456789'
const letters = 'abcdefghijklmnopqrstuvwxyz'
const wordCharacters = `${letters}${letters.toUpperCase()}${digits}_`
const printable = `${wordCharacters} -.,:;/!?()`

/** Walks an expression and writes one text that it describes. */
class PatternReader {
  private at = 0
  private readonly pattern: string
  private readonly extra: number
  private readonly random: Seeded

  constructor(pattern: string, extra: number, random: Seeded) {
    this.pattern = pattern
    this.extra = extra
    this.random = random
  }

  alternatives(): string {
    const texts = [this.sequence()]
    while (this.pattern[this.at] === '|') {
      this.at++
      texts.push(this.sequence())
    }
    return texts[this.random.below(texts.length)] ?? ''
  }

  private sequence(): string {
    let text = ''
    while (this.at < this.pattern.length && !'|)'.includes(this.pattern[this.at] ?? '')) {
      const start = this.at
      const one = this.atom()
      const end = this.at
      const count = this.count()
      if (count === 0) continue
      text += one
      const after = this.at
      for (let more = 1; more < count; more++) {
        this.at = start
        text += this.atom()
        if (this.at !== end) throw new Error('unread')
      }
      this.at = after
    }
    return text
  }

  private atom(): string {
    const character = this.pattern[this.at++] ?? ''
    if (character === '^' || character === '$') return ''
    if (character === '(') return this.group()
    if (character === '[') return this.any(this.characters())
    if (character === '\\') return this.any(this.escaped())
    if (character === '.') return this.any(wordCharacters)
    return character
  }

  private group(): string {
    if (this.pattern.startsWith('?:', this.at)) this.at += 2
    else if (/^\?<[A-Za-z]/.test(this.pattern.slice(this.at))) {
      this.at = this.pattern.indexOf('>', this.at) + 1
    } else if (/^\?(!|=|<)/.test(this.pattern.slice(this.at))) {
      const isWanted = this.pattern[this.at + 1] === '='
      this.at += this.pattern[this.at + 1] === '<' ? 3 : 2
      this.alternatives()
      this.at++
      if (isWanted && this.extra > 20) throw new Error('lookahead')
      return ''
    }
    const text = this.alternatives()
    this.at++
    return text
  }

  private any(from: string): string {
    return from[this.random.below(from.length)] ?? ''
  }

  private escaped(): string {
    const letter = this.pattern[this.at++] ?? ''
    if (letter === 'd') return digits
    if (letter === 'w') return wordCharacters
    if (letter === 's') return ' '
    if (letter === 'S' || letter === 'D') return letters
    if (letter === 'W') return '-'
    if (letter === 'n') return '\n'
    if (letter === 't') return '\t'
    if (letter === 'b' || letter === 'B') return ''
    if (letter === 'p' || letter === 'P') {
      const end = this.pattern.indexOf('}', this.at)
      const name = this.pattern.slice(this.at + 1, end)
      this.at = end + 1
      return this.pattern[this.at] === 'P' ? '-' : /^N/.test(name) ? digits : letters
    }
    if (letter === 'u' || letter === 'x') {
      const found = /^\{?([0-9a-fA-F]+)\}?/.exec(
        this.pattern.slice(this.at, this.at + (letter === 'u' ? 6 : 2)),
      )
      const size = letter === 'x' ? 2 : found?.[0].startsWith('{') ? found[0].length : 4
      const code = this.pattern.slice(this.at, this.at + size).replace(/[{}]/g, '')
      this.at += size
      return String.fromCodePoint(Number.parseInt(code, 16))
    }
    return letter
  }

  private characters(): string {
    const isNegated = this.pattern[this.at] === '^'
    if (isNegated) this.at++
    let members = ''
    for (
      let first = true;
      this.pattern[this.at] !== ']' || (first && members === '');
      first = false
    ) {
      if (this.at >= this.pattern.length) throw new Error('unclosed')
      if (this.pattern[this.at] === ']') break
      let from = this.pattern[this.at++] ?? ''
      if (from === '\\') from = this.escaped()
      const next = this.pattern[this.at + 1]
      if (
        this.pattern[this.at] === '-' &&
        next !== ']' &&
        next !== undefined &&
        from.length === 1
      ) {
        this.at++
        let to = this.pattern[this.at++] ?? ''
        if (to === '\\') to = this.escaped()
        const last = Math.min(to.codePointAt(0) ?? 0, (from.codePointAt(0) ?? 0) + 120)
        for (let code = from.codePointAt(0) ?? 0; code <= last; code++) {
          members += String.fromCodePoint(code)
        }
      } else members += from
    }
    this.at++
    if (!isNegated) {
      const plain = [...members].filter((one) => wordCharacters.includes(one)).join('')
      return plain === '' ? members : plain
    }
    return [...printable].filter((one) => !members.includes(one)).join('')
  }

  private count(): number {
    const found = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/.exec(this.pattern.slice(this.at))
    if (found === null) return 1
    this.at += found[0].length
    const sign = found[0][0]
    if (sign === '?') return this.extra > 0 ? 1 : 0
    if (sign === '*') return this.extra
    if (sign === '+') return 1 + this.extra
    const least = Number(found[1])
    if (found[2] === '') return least
    const most = found[3] === '' ? least + this.extra : Number(found[3])
    return Math.min(most, Math.max(least, 1) + this.extra)
  }
}
