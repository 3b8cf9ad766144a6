import type { BuiltinAnswer } from '../builtin_tools.ts'
import type { Era } from '../protocol.ts'

/** An object, or the JSON text of one, as text and as structured content (wire.md §7). */
export function builtinResult(value: object | string, era: Era): BuiltinAnswer {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const content = `{"content":[{"type":"text","text":${JSON.stringify(text)}}]`
  return { resultJson: `${content},"structuredContent":${text}${tailOf(era)}` }
}

/** A failure that the model can do something about; `text` says what. */
export function builtinFailure(text: string, era: Era): BuiltinAnswer {
  const content = JSON.stringify([{ type: 'text', text }])
  return { resultJson: `{"content":${content},"isError":true${tailOf(era)}` }
}

const tailOf = (era: Era) => (era === 'modern' ? ',"resultType":"complete"}' : '}')
