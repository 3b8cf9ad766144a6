import type { ApiDocument, ApiOperation } from '../api_document.ts'
import { identifierWords, joinWords, sentenceWords, squeezedWords } from './name_words.ts'
import { vendorHints } from './vendor_hints.ts'

/** Names that Gatehouse's own tools have. */
export const ownToolNames: ReadonlySet<string> = new Set([
  'mcp_whoami',
  'search_tools',
  'describe_tool',
  'call_tool',
  'result_read',
  'run_status',
])

/** How names are made, from `ImportSettings`. */
export interface NameStyle {
  readonly prefix: string
  /** Prefix included. */
  readonly maxLength: number
}

/** One operation on its way to a name. */
export interface NamedOperation {
  readonly key: string
  readonly base: readonly string[]
  /** Whether the words are prose, whose end can be left out. */
  readonly isSentence: boolean
  readonly operation: ApiOperation
}

/** What every tool name in a list of model APIs may be; some refuse a digit in front. */
const startsWithLetter = /^[a-z_]/

/** What an operation is named by: its extension, summary, operationId, or method and path. */
function namedOperation(operation: ApiOperation): NamedOperation {
  const { key, summary, operationId, method } = operation
  const isSentence = /\s/.test((summary ?? '').trim())
  const ways = [
    { words: identifierWords(vendorHints(operation.extensions).name ?? ''), isSentence: false },
    {
      words: isSentence ? sentenceWords(summary ?? '') : identifierWords(summary ?? ''),
      isSentence,
    },
    { words: identifierWords(operationId ?? ''), isSentence: false },
  ]
  const found = ways.find(({ words }) => words.some(isTelling) && !remarks.has(words[0] ?? ''))
  if (found === undefined)
    return { key, operation, base: methodAndPath(operation), isSentence: false }
  const { words } = found
  const base = startsWithLetter.test(words[0] ?? '') ? words : [method.toLowerCase(), ...words]
  return { key, operation, base, isSentence: found.isSentence }
}

const isTelling = (word: string): boolean => /[a-z]/.test(word)
/** First words of a summary that is a remark about the operation. */
const remarks = new Set(['note', 'warning', 'important', 'caution', 'notice'])

function methodAndPath({ method, path }: ApiOperation): readonly string[] {
  return [method.toLowerCase(), ...pathWords(path)]
}

/** The words of a path: `/users/{id}/keys` is users, by, id, keys. */
function pathWords(path: string): string[] {
  return path.split('/').flatMap((segment) => {
    const variable = /^\{([^{}]+)\}$/.exec(segment)?.[1]
    return variable === undefined
      ? identifierWords(segment.replace(/%[0-9a-f]{2}/gi, ' '))
      : ['by', ...identifierWords(variable)]
  })
}

/** The prefix and the words within the length allowed, cut between words. */
function styledName(words: readonly string[], { prefix, maxLength }: NameStyle): string {
  return `${prefix}${joinWords(words, Math.max(1, maxLength - prefix.length))}`
}

/** The prefix and all of the words, some of them shortened, where that is enough; else cut. */
export function fullName(words: readonly string[], style: NameStyle): string {
  const squeezed = squeezedWords(words, Math.max(1, style.maxLength - style.prefix.length))
  return squeezed === null ? styledName(words, style) : `${style.prefix}${squeezed}`
}

/** The name its words give, before anything else is known: prose cut, an identifier whole. */
export function plainName({ base, isSentence }: NamedOperation, style: NameStyle): string {
  return isSentence ? styledName(base, style) : fullName(base, style)
}

/**
 * A name with six characters of the key's hash at its end: the same for a key in every import, and
 * alone to it.
 */
export function hashedName(named: NamedOperation, style: NameStyle): string {
  const hash = new Bun.CryptoHasher('sha256').update(named.key).digest('hex').slice(0, 6)
  const short = { ...style, maxLength: style.maxLength - hash.length - 1 }
  return `${styledName(named.base, short)}_${hash}`
}

/** The operations of a document with the words they are named by. */
export function namedOperations(document: ApiDocument): NamedOperation[] {
  return document.operations.map(namedOperation)
}

/**
 * The ways to tell operations of one name apart, plainest first: by all their words where some were
 * cut, by what their paths have that the name has not, by that and the method, by operationId, by method and whole path.
 */
export const distinctions: readonly ((
  named: NamedOperation,
  shared: ReadonlySet<string>,
) => readonly string[])[] = [
  ({ base }) => base,
  (named, shared) => [...named.base, ...ownPathWords(named, shared)],
  (named, shared) => [
    ...named.base,
    ...ownPathWords(named, shared),
    named.operation.method.toLowerCase(),
  ],
  ({ operation }) => identifierWords(operation.operationId ?? ''),
  ({ operation }) => methodAndPath(operation),
]

function ownPathWords({ base, operation }: NamedOperation, shared: ReadonlySet<string>): string[] {
  const known = new Set(base.flatMap((word) => [word, singular(word)]))
  const words = pathSteps(operation.path).filter(
    (step) => !shared.has(step) && !step.split('_').every((word) => known.has(singular(word))),
  )
  return words.length === 0
    ? []
    : [words.some((step) => step.startsWith('by_')) ? '' : 'in', ...words]
        .filter((word) => word !== '')
        .flatMap((step) => step.split('_'))
}

/** The segments of a path as words: `users`, `by_id`. */
export function pathSteps(path: string): string[] {
  return path
    .split(/[/?#&]/)
    .map((segment) => pathWords(segment).join('_'))
    .filter((step) => step !== '')
}

const singular = (word: string): string => word.replace(/(?<=[a-z]{2})s$/, '')

/** Words of a sentence for a name the operator gave, and whether it needed any change. */
export function givenName(name: string): string {
  return /^[a-zA-Z0-9_-]{1,64}$/.test(name) ? name : sentenceWords(name).join('_').slice(0, 64)
}
