import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import type { Surroundings } from '../surroundings.ts'

/** Shows how far something is. */
export interface ProgressLine {
  show(step: JsonObject): void
  /** Takes the line away again. */
  end(): void
}

const phases: Readonly<Record<string, string>> = {
  waiting: 'Waiting for other imports',
  fetching: 'Fetching the document',
  reading: 'Reading the document',
  drafting: 'Planning tools',
}

const silent: ProgressLine = { show: () => {}, end: () => {} }

/** One line that is written over on a terminal, a line per step in a pipe, nothing beside JSON. */
export function progressLine(
  { stderr, columns }: Surroundings,
  options: { readonly json?: boolean },
): ProgressLine {
  if (options.json) return silent
  let last = ''
  if (!stderr.isTerminal) {
    const show = (step: JsonObject) => {
      const text = wordsOf(step)
      if (text === null || text === last) return
      last = text
      stderr.write(`${text} …\n`)
    }
    return { show, end: () => {} }
  }
  const show = (step: JsonObject) => {
    const text = wordsOf(step)
    const line = text === null ? last : text + barOf(step, columns - text.length)
    if (line !== last) stderr.write(`\r${line}\u001b[K`)
    last = line
  }
  return { show, end: () => last !== '' && stderr.write('\r\u001b[K') }
}

const wordsOf = (step: JsonObject) => phases[String(progressOf(step).phase)] ?? null

function progressOf(step: JsonObject): JsonObject {
  return isJsonObject(step.progress) ? step.progress : {}
}

const widest = 30

function barOf(step: JsonObject, room: number): string {
  const { done, total } = progressOf(step)
  if (typeof done !== 'number' || typeof total !== 'number' || total === 0) return ' …'
  const count = `${done}/${total}`
  const width = Math.min(widest, room - count.length - 4)
  if (width < 5) return ` ${count}`
  const full = Math.round((Math.min(done, total) / total) * width)
  return ` ${'█'.repeat(full)}${'░'.repeat(width - full)} ${count}`
}
