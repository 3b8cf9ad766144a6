import type { Cut } from './cut_json.ts'
import { pointerOf } from './json_path.ts'
import { stringBytes } from './json_size.ts'

/** What a note says of an answer that was cut. */
export interface CutFacts {
  readonly shownBytes: number
  readonly totalBytes: number
  readonly cuts: readonly Cut[]
  /** Null where the rest was not kept. */
  readonly handle: string | null
  readonly maxBytes: number
}

/** Bytes of a path, as JSON, up to which a note quotes it in its example. */
const MAX_POINTER_BYTES = 160

/**
 * Tells a model that the answer above it was cut, what is missing where, and how to read on. What it
 * says first matters most: places beyond the room are counted only.
 */
export function cutNote(facts: CutFacts): string {
  const { handle, cuts, maxBytes } = facts
  const head = `[Answer cut to fit: ${facts.shownBytes} of ${facts.totalBytes} bytes shown.`
  const tail = handle === null ? ' The rest was not kept.]' : ` ${howTo(handle, cuts[0])}]`
  let middle = ''
  for (const [index, cut] of cuts.entries()) {
    const rest = index + 1 < cuts.length ? ` And ${cuts.length - index - 1} more places.` : ''
    const next = `${middle} ${placeOf(cut)}`
    if (Buffer.byteLength(head + next + rest + tail) > maxBytes) {
      return head + middle + moreOf(cuts.length - index) + tail
    }
    middle = next
  }
  return head + middle + tail
}

const moreOf = (count: number) => ` ${count} ${count === 1 ? 'place is' : 'places are'} cut.`

function howTo(handle: string, cut: Cut | undefined): string {
  const pointer = cut === undefined ? '' : pointerOf(cut.path)
  const path = stringBytes(pointer) > MAX_POINTER_BYTES ? '' : pointer
  const offset = cut === undefined || path !== pointer ? 0 : cut.shown
  const example = JSON.stringify({ handle, path, offset })
  return `The whole answer can be read for an hour with the tool result_read: ${example}`
}

const units = { list: 'items', object: 'members', string: 'characters' } as const

function placeOf({ path, kind, shown, total, names }: Cut): string {
  const pointer = pointerOf(path)
  const where = pointer === '' ? 'The whole' : pointer
  const missing = names.length === 0 ? '' : `, without ${quoted(names)}`
  return `${where} shows ${shown} of ${total} ${units[kind]}${missing}.`
}

const quoted = (names: readonly string[]) => names.map((name) => JSON.stringify(name)).join(', ')
