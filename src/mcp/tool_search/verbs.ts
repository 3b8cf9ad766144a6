import type { HttpMethod } from '../../model/tool.ts'
import { knownStemOf } from './words.ts'

/** What is done to a thing. */
export type Deed = 'read' | 'create' | 'update' | 'delete'

/** Verbs of each deed, as APIs and people say them. */
const verbs: Readonly<Record<Deed, string>> = {
  read: `get list show fetch retrieve find read view see display look lookup search query browse check
    return what which who download preview export`,
  create: `create add new make insert register open start begin generate build publish send upload
    write invite submit post`,
  update: `update edit change modify set alter replace rename mark adjust configure put patch move
    assign`,
  delete: `delete remove cancel destroy drop clear revoke erase stop end terminate unset detach`,
}

const deedByStem: ReadonlyMap<string, Deed> = new Map(
  (Object.entries(verbs) as [Deed, string][]).flatMap(([deed, words]) =>
    words.split(/\s+/).map((each) => [knownStemOf(each), deed] as const),
  ),
)

/** Words that mean the same in the mouth of a user; the groups of nouns are those of APIs at large. */
const synonymGroups: readonly string[] = [
  'get list show fetch retrieve find read view see display look lookup return browse',
  'search find query lookup',
  'create add new make insert register',
  'start begin open create initiate',
  'send submit email dispatch',
  'update edit change modify set alter replace',
  'delete remove destroy drop erase',
  'cancel stop abort terminate end',
  'trigger dispatch start run',
  'rerun again retry repeat',
  'repository repo',
  'organization organisation org',
  'application app',
  'configuration config setting preference',
  'information info detail',
  'authentication auth authorization',
  'document file doc',
  'folder directory',
  'trash bin',
  'person people user member',
  'image picture photo',
  'message msg',
  'environment env',
  'database db',
  'administrator admin',
  'permission right access',
  'authenticated current me',
  'company business enterprise',
  'client customer',
  'previous earlier past version history',
  'content item',
  'diff compare difference changed',
]

const synonymsByStem = new Map<string, Set<string>>()
for (const group of synonymGroups) {
  const stems = group.split(' ').map(knownStemOf)
  for (const stem of stems) {
    const known = synonymsByStem.get(stem) ?? new Set<string>()
    synonymsByStem.set(stem, known)
    for (const other of stems) if (other !== stem) known.add(other)
  }
}

/** Short forms that stand for several words. */
const shortForms: Readonly<Record<string, readonly string[]>> = {
  pr: ['pull', 'request'],
  prs: ['pull', 'requests'],
  '2fa': ['two', 'factor', 'authentication'],
  mfa: ['two', 'factor', 'authentication'],
  sso: ['single', 'sign', 'on'],
  ci: ['workflow', 'run'],
}

/** The deed a stem names; null where it names none. */
export function deedOf(stem: string): Deed | null {
  return deedByStem.get(stem) ?? null
}

/** Stems that mean nearly the same. */
export function synonymsOf(stem: string): ReadonlySet<string> {
  return synonymsByStem.get(stem) ?? none
}

const none: ReadonlySet<string> = new Set()

/** The words a short form stands for; the word itself where it is none. */
export function longForm(word: string): readonly string[] {
  return shortForms[word] ?? [word]
}

const deedByMethod: Readonly<Record<HttpMethod, Deed>> = {
  GET: 'read',
  POST: 'create',
  PUT: 'update',
  PATCH: 'update',
  DELETE: 'delete',
}

/** The deed of a method, where words do not tell. */
export function methodDeed(method: HttpMethod): Deed {
  return deedByMethod[method]
}

const httpWords: ReadonlySet<string> = new Set(['get', 'post', 'put', 'patch'])

/** Whether a word is a method rather than a verb: names made from method and path begin so. */
export function isMethodWord(word: string): boolean {
  return httpWords.has(word)
}
