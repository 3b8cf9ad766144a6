import { AppError } from '../errors.ts'
import type { ImportSettings } from '../model/openapi_source.ts'
import type { ApiDocument, ApiTag } from './api_document.ts'
import { Bundle } from './read/bundle.ts'
import { FindingList } from './read/finding_list.ts'
import { applyOverlays } from './read/overlay.ts'
import type { ParsedText } from './read/parse_text.ts'
import { readPaths } from './read/paths.ts'
import {
  child,
  isObjectPlace,
  items,
  members,
  type ObjectPlace,
  type Place,
  textAt,
} from './read/place.ts'
import type { Reading } from './read/reading.ts'
import { References } from './read/references.ts'
import { SchemaReader } from './read/schema_reader.ts'
import { readSecuritySchemes } from './read/security.ts'
import { documentServers, selfAddress } from './read/servers.ts'
import { detectVersion } from './read/spec_version.ts'
import { unreadable } from './read/unreadable.ts'

/** An API description as it was given: one file, or a bundle of files that refer to each other. */
export interface DocumentInput {
  /** Path to text. */
  readonly files: ReadonlyMap<string, string>
  /** Path of the file to begin with. */
  readonly entry: string
  /** Where it came from, for relative servers; null for nowhere. */
  readonly url: string | null
}

/**
 * Reads an API description of OpenAPI 2.0 to 3.2, JSON or YAML, into one form, as far as it can be
 * read: what is broken is left out and told in `findings`. Pure and synchronous.
 * @throws AppError document_unreadable where nothing can be read, or an overlay cannot be applied
 */
export function readDocument(input: DocumentInput, settings: ImportSettings): ApiDocument {
  try {
    return readWhole(input, settings)
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw unreadable('It is built in a way that cannot be read. Import it in parts.', cause)
  }
}

function readWhole(input: DocumentInput, settings: ImportSettings): ApiDocument {
  const findings = new FindingList()
  const bundle = new Bundle(input)
  const parsed = bundle.parseEntry()
  noteText(findings, parsed)
  overlay(bundle, { parsed, settings, findings })
  const reading = begin({ bundle, settings, findings })
  const document = {
    ...about(reading),
    securitySchemes: readSecuritySchemes(reading),
    operations: readPaths(reading),
  }
  const defs = reading.schemas.readDefs()
  noteLeftOut(reading)
  return { ...document, defs, findings: findings.list() }
}

interface Start {
  readonly bundle: Bundle
  readonly settings: ImportSettings
  readonly findings: FindingList
}

function overlay(
  bundle: Bundle,
  { parsed, settings, findings }: Omit<Start, 'bundle'> & { readonly parsed: ParsedText },
): void {
  if (settings.overlays.length === 0) return
  detectVersion(bundle.root(bundle.entry))
  // Overlays change values in place: what YAML aliases share must not change with them.
  const root = JSON.parse(JSON.stringify(parsed.value))
  applyOverlays({ root, findings }, settings.overlays)
  bundle.replaceEntry(root)
}

function begin({ bundle, settings, findings }: Start): Reading {
  const { version, isPlain } = detectVersion(bundle.root(bundle.entry))
  const references = new References(bundle)
  if (version === '3.1' || version === '3.2') references.useAnchors()
  const root = references.file(bundle.entry)
  if (root === null || !isObjectPlace(root)) throw unreadable('It is not an object.')
  if (!isPlain) noteVersion(findings, version)
  const self = selfAddress(root)
  if (self !== null) bundle.alias(self)
  const url = bundle.url ?? (self !== null && URL.canParse(self) ? self : null)
  const schemas = new SchemaReader({ references, findings, version })
  const tally = { ignoredHeaders: 0, callbacks: 0, getBodies: 0 }
  return { root, version, url, settings, findings, references, schemas, tally }
}

type About = Pick<
  ApiDocument,
  'title' | 'version' | 'description' | 'specVersion' | 'tags' | 'servers'
>

function about(reading: Reading): About {
  const info = child(reading.root, 'info')
  return {
    title: reading.references.text(child(info, 'title')) || 'API',
    version: reading.references.text(child(info, 'version')) ?? '',
    description: reading.references.text(child(info, 'description')),
    specVersion: reading.version,
    servers: documentServers(reading),
    tags: items(child(reading.root, 'tags'))
      .map((tag) => readTag(reading, tag))
      .filter((tag) => tag !== null),
  }
}

function readTag(reading: Reading, place: Place): ApiTag | null {
  const name = textAt(place) ?? textAt(child(place, 'name'))
  if (name === null || name === '') return null
  const description = reading.references.text(child(place, 'description'))
  return { name, description, parent: textAt(child(place, 'parent')) }
}

function noteText(findings: FindingList, { reservedKeys, furtherDocuments }: ParsedText): void {
  if (reservedKeys > 0) {
    findings.warning({
      code: 'reserved_key',
      pointer: '#',
      reason: `${reservedKeys} members called __proto__ are left out.`,
      fix: 'Give them another name.',
    })
  }
  if (furtherDocuments === 0) return
  findings.warning({
    code: 'further_documents',
    pointer: '#',
    reason: `The text holds ${furtherDocuments + 1} YAML documents; one is read.`,
    fix: 'Import each as a document of its own.',
  })
}

function noteVersion(findings: FindingList, version: string): void {
  findings.note({
    code: 'version_unclear',
    pointer: '#',
    reason: `The version of OpenAPI is not written as it should be; the document is read as ${version}.`,
    fix: `Write "${version === '2.0' ? "swagger: '2.0'" : `openapi: ${version}.0`}".`,
  })
}

function noteLeftOut({ root, findings, tally }: Reading): void {
  const webhooks = members(child(root, 'webhooks')).length
  for (const [count, pointer, code, what] of [
    [
      webhooks,
      '#/webhooks',
      'webhooks_left_out',
      'Webhooks, calls of the API to you, are no tools',
    ],
    [tally.callbacks, '#/paths', 'callbacks_left_out', 'Operations whose callbacks are no tools'],
    [tally.ignoredHeaders, '#/paths', 'headers_left_out', ownHeaders],
    [tally.getBodies, '#/paths', 'get_with_body', 'GET operations with a body, which is sent'],
  ] as const) {
    const reason = `${what}: ${count}.`
    if (count > 0) findings.note({ code, pointer, reason, fix: 'Nothing need be done.' })
  }
  if (child(root, 'paths').value === undefined) noPaths(root, findings)
}

const ownHeaders =
  'Header parameters Accept, Content-Type and Authorization, left out as OpenAPI says'

function noPaths(root: ObjectPlace, findings: FindingList): void {
  findings.note({
    code: 'no_paths',
    pointer: root.pointer,
    reason: 'The document has no paths, so there is nothing to call.',
    fix: 'Give the document that has them.',
  })
}
