import type { JsonObject, JsonValue } from '../../lib/json.ts'
import { isJsonObject } from '../../lib/json.ts'
import type { ApiDocument } from '../api_document.ts'
import { kindOf, member } from './place.ts'
import { unreadable } from './unreadable.ts'

/** A version of OpenAPI that can be read. */
export type SpecVersion = ApiDocument['specVersion']

/** What a document says of its version. */
export interface DetectedVersion {
  readonly version: SpecVersion
  /** Whether the text names that version plainly, as `3.0.3` does. */
  readonly isPlain: boolean
}

/**
 * Tells the version of OpenAPI by `swagger` or `openapi`, however it is spelled.
 * @throws AppError document_unreadable that says what the document is instead
 */
export function detectVersion(root: JsonValue | undefined): DetectedVersion {
  if (!isJsonObject(root)) {
    throw unreadable(`It is ${kindOf(root)}, not an API description. Give an OpenAPI document.`)
  }
  const written = versionText(root)
  if (written === null) return guessed(root)
  const [, major, minor = ''] = /^\D{0,3}(\d+)(?:\.(\d+))?/.exec(written) ?? []
  const version = versionOf(major, minor)
  if (version !== null) return { version, isPlain: /^\d+\.\d+(?:\.\d+)?$/.test(written) }
  throw unreadable(otherVersion(written))
}

function versionText(root: JsonObject): string | null {
  for (const key of ['openapi', 'swagger', 'OpenAPI', 'Swagger', 'openApi']) {
    const value = member(root, key)
    if (typeof value === 'string') return value.trim()
    if (typeof value === 'number') return Number.isInteger(value) ? `${value}.0` : String(value)
  }
  return null
}

function versionOf(major: string | undefined, minor: string): SpecVersion | null {
  if (major === '2') return '2.0'
  if (major !== '3') return null
  if (minor === '' || minor === '0') return '3.0'
  return minor === '1' ? '3.1' : '3.2'
}

function otherVersion(written: string): string {
  const text = written.slice(0, 40)
  return /^\D?1/.test(written)
    ? `It is Swagger ${text}. Convert it to OpenAPI 2.0 or later.`
    : `It says OpenAPI version "${text}". Give 2.0, 3.0, 3.1 or 3.2.`
}

/** A document that forgot to say its version but has paths. */
function guessed(root: JsonObject): DetectedVersion {
  const other = otherKinds.find((kind) => kind.holds(root))
  if (other) throw unreadable(`It is ${other.name}, not OpenAPI. ${other.fix}`)
  if (!isJsonObject(member(root, 'paths'))) {
    const keys = Object.keys(root)
      .slice(0, 5)
      .map((key) => key.slice(0, 40))
    const has = keys.length === 0 ? 'no members' : `the members ${keys.join(', ')}`
    throw unreadable(`It has neither "openapi" nor "swagger" but ${has}. Give an OpenAPI document.`)
  }
  const isOld = root['definitions'] !== undefined || root['basePath'] !== undefined
  return { version: isOld || root['host'] !== undefined ? '2.0' : '3.0', isPlain: false }
}

interface OtherKind {
  readonly name: string
  readonly fix: string
  readonly holds: (root: JsonObject) => boolean
}

const exportIt = 'Export it as OpenAPI and import that.'
const has = (key: string) => (root: JsonObject) => member(root, key) !== undefined

const otherKinds: readonly OtherKind[] = [
  { name: 'an AsyncAPI document', fix: 'Only HTTP APIs can be imported.', holds: has('asyncapi') },
  { name: 'an Arazzo document', fix: 'Import the API it refers to.', holds: has('arazzo') },
  { name: 'an OpenAPI Overlay', fix: 'Give it as overlay of a source.', holds: has('overlay') },
  { name: 'Swagger 1.x', fix: 'Convert it to OpenAPI 2.0 or later.', holds: has('swaggerVersion') },
  {
    name: 'a Postman collection',
    fix: exportIt,
    holds: (root) => has('item')(root) && (has('info')(root) || has('variable')(root)),
  },
  { name: 'an Insomnia export', fix: exportIt, holds: has('__export_format') },
  {
    name: 'a HAR file',
    fix: exportIt,
    holds: (root) => member(root['log'], 'entries') !== undefined,
  },
  { name: 'a RAML or API Blueprint document', fix: exportIt, holds: has('baseUri') },
  { name: 'a WADL or Google discovery document', fix: exportIt, holds: has('discoveryVersion') },
  { name: 'a GraphQL schema', fix: 'Only HTTP APIs can be imported.', holds: has('__schema') },
  {
    name: 'a bare JSON Schema',
    fix: 'Give the API description that uses it.',
    holds: (root) => has('$schema')(root) && !has('paths')(root),
  },
]
