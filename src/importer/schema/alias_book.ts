import { reservedVariables } from '../../model/tool.ts'

/** Longest property name that every model API takes. */
const MAX_NAME_LENGTH = 64
/** What Anthropic takes as a property name, the narrowest of the model APIs. */
const portable = /^[a-zA-Z0-9_.-]{1,64}$/
const reserved: ReadonlySet<string> = new Set(reservedVariables)
const prototypeNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * Whether a property name needs no alias: every model API takes it, it is not reserved, and arguments
 * may have it (`parseJson` refuses `constructor` and the like).
 */
export function isPortableName(name: string): boolean {
  return portable.test(name) && !reserved.has(name.toLowerCase()) && !prototypeNames.has(name)
}

/** Whether no object can have a member of this name without harm, on the wire or elsewhere. */
export function isUnspeakable(name: string): boolean {
  return name === '__proto__'
}

/**
 * The model-friendly names of the properties of one tool's body, unique in both directions. An alias
 * never equals a declared name. The same names give the same aliases, in whatever order they come.
 */
export class AliasBook {
  private readonly aliases = new Map<string, string>()

  /** `names`: every property name declared anywhere in the body (`declaredNames`). */
  constructor(names: Iterable<string> = []) {
    const declared = new Set(names)
    const taken = new Set(declared)
    const unportable = [...declared].filter(needsAlias).sort()
    for (const name of unportable) {
      const alias = argumentName(name, taken)
      taken.add(alias)
      this.aliases.set(name, alias)
    }
  }

  /** The name a model sees; the name itself where it is portable. */
  alias(name: string): string {
    return this.aliases.get(name) ?? name
  }

  /** `RequestMap.aliases`: alias to wire name, only of names that differ. */
  entries(): Record<string, string> {
    return Object.fromEntries([...this.aliases].map(([name, alias]) => [alias, name]))
  }

  /** Whether every name stands for itself. */
  get isEmpty(): boolean {
    return this.aliases.size === 0
  }
}

/**
 * The argument a parameter of a group gets: its own name where models take it and no other has it,
 * else one like it (`$filter` -> `filter`, `ids[]` -> `ids`, `StartTime<` -> `StartTime_lt`,
 * `project_id` -> `api_project_id`).
 * @param taken - names the result must differ from: of the group's other parameters.
 */
export function argumentName(name: string, taken: ReadonlySet<string>): string {
  if (isPortableName(name) && !taken.has(name)) return name
  const wanted = shorten(likeName(name), name)
  if (!taken.has(wanted)) return wanted
  for (let number = 2; ; number++) {
    const suffix = `_${number}`
    const next = wanted.slice(0, MAX_NAME_LENGTH - suffix.length) + suffix
    if (!taken.has(next)) return next
  }
}

const needsAlias = (name: string) => !isPortableName(name) && !isUnspeakable(name)

const comparisons: readonly [RegExp, string][] = [
  [/<=/g, '_lte_'],
  [/>=/g, '_gte_'],
  [/!=/g, '_ne_'],
  [/</g, '_lt_'],
  [/>/g, '_gt_'],
  [/!/g, '_not_'],
  [/=/g, '_eq_'],
  [/\+/g, '_plus_'],
  [/\*/g, '_all_'],
  [/&/g, '_and_'],
]

function likeName(name: string): string {
  if (reserved.has(name.toLowerCase()) || prototypeNames.has(name)) return `api_${trim(name)}`
  let text = name.normalize('NFKD').replace(/\p{M}/gu, '')
  for (const [symbol, word] of comparisons) text = text.replace(symbol, word)
  const hasForeign = /\P{ASCII}/u.test(text)
  const plain = trim(text.replace(/[^a-zA-Z0-9_.-]+/g, '_').replace(/__+/g, '_'))
  if (plain === '') return `field_${shortHash(name)}`
  if (reserved.has(plain.toLowerCase())) return `api_${plain}`
  return hasForeign ? `${plain.slice(0, 40)}_${shortHash(name)}` : plain
}

const trim = (text: string) => text.replace(/^[_.-]+|[_.-]+$/g, '')

function shorten(alias: string, name: string): string {
  if (alias.length <= MAX_NAME_LENGTH) return alias
  const hash = shortHash(name)
  return `${trim(alias.slice(0, MAX_NAME_LENGTH - hash.length - 1))}_${hash}`
}

/** Six characters that stay the same for a name. */
const shortHash = (name: string) =>
  new Bun.CryptoHasher('sha256').update(name).digest('hex').slice(0, 6)
