import { type HttpMethod, httpMethods } from '../../model/tool.ts'
import type { ApiOperation, ApiServer, SecurityRequirement } from '../api_document.ts'
import { readOperation } from './operations.ts'
import { child, isObjectPlace, kindOf, members, type ObjectPlace, type Place } from './place.ts'
import { neededObject, OperationProblem, type Reading } from './reading.ts'
import { readSecurity } from './security.ts'
import { documentServers } from './servers.ts'

/** What operations have from their document. */
interface Inherited {
  readonly servers: readonly ApiServer[]
  readonly security: readonly SecurityRequirement[]
}

/** A path with its item, and where it is listed. */
interface PathEntry {
  readonly path: string
  readonly pointer: string
  readonly item: ObjectPlace
}

/** Reads the operations of the document, one broken one never in the way of the others. */
export function readPaths(reading: Reading): ApiOperation[] {
  const inherited = {
    servers: documentServers(reading),
    security: readSecurity(reading, child(reading.root, 'security')) ?? [],
  }
  const operations = new Map<string, ApiOperation>()
  for (const entry of pathEntries(reading)) {
    for (const operation of readEntry(reading, entry, inherited)) {
      if (operations.has(operation.key)) warnRepeated(reading, operation)
      else operations.set(operation.key, operation)
    }
  }
  return [...operations.values()]
}

/** Items of `paths`, and of `x-ms-paths`, where paths with a query have their place. */
function* pathEntries(reading: Reading): Generator<PathEntry> {
  for (const key of ['paths', 'x-ms-paths']) {
    const paths = child(reading.root, key)
    if (paths.value === undefined || paths.value === null) continue
    const map = guarded(reading, paths, () => neededObject(reading, paths, 'the paths'))
    for (const [written, place] of map ? members(map) : []) {
      if (/^x-/i.test(written) || place.value === null) continue
      const item = guarded(reading, place, () => pathItem(reading, place, written))
      const path = written.startsWith('/') ? written : slashed(reading, place, written)
      if (item) yield { path, pointer: place.pointer, item }
    }
  }
}

/** Longest path template that is taken. */
const maxPathLength = 2_000

/** A Path Item; what stands beside its `$ref` goes before what that leads to. */
function pathItem(reading: Reading, place: Place, path: string): ObjectPlace {
  if (path.length > maxPathLength || /\p{Cc}/u.test(path)) {
    throw new OperationProblem({
      code: 'path_invalid',
      pointer: place.pointer,
      reason: `A path is longer than ${maxPathLength} characters or has control characters.`,
      fix: 'Write the path that requests have.',
    })
  }
  const item = neededObject(reading, place, 'a path item')
  if (!isObjectPlace(place) || item.value === place.value) return item
  const { $ref, ...own } = place.value
  if (Object.keys(own).length === 0) return item
  return { ...item, value: { ...item.value, ...own } }
}

function slashed(reading: Reading, place: Place, written: string): string {
  reading.findings.warning({
    code: 'path_without_slash',
    pointer: place.pointer,
    reason: `The path ${written.slice(0, 80)} does not begin with a slash; one is added.`,
    fix: 'Begin it with a slash.',
  })
  return `/${written}`
}

const leftOut = new Set(['head', 'options', 'trace', 'query', 'connect'])

function* readEntry(
  reading: Reading,
  entry: PathEntry,
  inherited: Inherited,
): Generator<ApiOperation> {
  for (const [word, place] of members(entry.item)) {
    const lower = word.toLowerCase()
    const method = httpMethods.find((known) => known.toLowerCase() === lower)
    if (leftOut.has(lower)) noteLeftOut(reading, place, word.toUpperCase())
    else if (word === 'additionalOperations') noteAdditional(reading, place)
    if (method === undefined || place.value === null) continue
    const operation = readOne(reading, { entry, method, word, place, inherited })
    if (operation !== null) yield operation
  }
}

interface One {
  readonly entry: PathEntry
  readonly method: HttpMethod
  readonly word: string
  readonly place: Place
  readonly inherited: Inherited
}

function readOne(reading: Reading, one: One): ApiOperation | null {
  const { entry, method, word, place, inherited } = one
  const key = `${method} ${entry.path}`
  reading.findings.operation = key
  const operation = guarded(reading, place, () =>
    readOperation(reading, {
      ...inherited,
      key,
      method,
      path: entry.path,
      pointer: `${entry.pointer}/${word}`,
      item: entry.item,
      operation: neededObject(reading, place, 'the operation'),
    }),
  )
  reading.findings.operation = null
  return operation
}

/** Runs what may fail on a broken document; null and an `error` finding where it does. */
function guarded<T>(reading: Reading, place: Place, run: () => T): T | null {
  try {
    return run()
  } catch (error) {
    const isKnown = error instanceof OperationProblem
    reading.findings.error({
      code: isKnown ? error.code : 'operation_unreadable',
      pointer: isKnown ? error.pointer : place.pointer,
      reason: isKnown ? error.message : `It is ${kindOf(place.value)} that cannot be read.`,
      fix: isKnown ? error.fix : 'Mend it, or take it out with an overlay.',
    })
    return null
  }
}

function noteLeftOut(reading: Reading, place: Place, method: string): void {
  reading.findings.note({
    code: 'method_left_out',
    pointer: place.pointer,
    reason: `${method} operations do not become tools.`,
    fix: 'Nothing need be done; use GET, POST, PUT, PATCH or DELETE for what a model shall call.',
  })
}

function noteAdditional(reading: Reading, place: Place): void {
  for (const [method, inner] of members(place)) noteLeftOut(reading, inner, method.slice(0, 40))
}

function warnRepeated(reading: Reading, { key, pointer }: ApiOperation): void {
  reading.findings.error({
    code: 'operation_repeated',
    pointer,
    reason: `${key} stands there more than once; the first counts.`,
    fix: 'Take the others out.',
  })
}
