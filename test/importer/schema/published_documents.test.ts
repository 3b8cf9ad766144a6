import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ApiOperation } from '../../../src/importer/api_document.ts'
import { readDocument } from '../../../src/importer/read_document.ts'
import { AliasBook } from '../../../src/importer/schema/alias_book.ts'
import { declaredNames, type SchemaDefs } from '../../../src/importer/schema/declared_names.ts'
import { lintTool } from '../../../src/importer/schema/lint_tool.ts'
import { originalSchema } from '../../../src/importer/schema/original_schema.ts'
import { portableSchema } from '../../../src/importer/schema/portable_schema.ts'
import type { JsonObject, JsonValue } from '../../../src/lib/json.ts'
import { compileSchema } from '../../../src/lib/json_schema/compile_schema.ts'

const folder = resolve(import.meta.dir, '../../../../shared/openapi')
const files = [
  'github-rest.json.gz',
  'kubernetes-v2.json.gz',
  'stripe-2022.yaml.gz',
  'rm-polymorphism.json',
  'train-travel-v31.yaml',
  'qdrant.json.gz',
].filter((file) => existsSync(resolve(folder, file)))
if (files.length === 0) console.warn('Skipped: ../shared/openapi is not there')

const settings = {
  baseUrl: null,
  serverVariables: {},
  namePrefix: '',
  maxNameLength: 64,
  scopePattern: null,
  scopesFromSecurity: false,
  scopeRules: [],
  overlays: [],
}

function read(file: string) {
  const bytes = readFileSync(resolve(folder, file))
  const text = new TextDecoder().decode(file.endsWith('.gz') ? Bun.gunzipSync(bytes) : bytes)
  const entry = file.replace(/\.gz$/, '')
  return readDocument({ files: new Map([[entry, text]]), entry, url: null }, settings)
}

/** Both schemas of an operation's arguments. */
function schemasOf(operation: ApiOperation, defs: SchemaDefs) {
  const portable: JsonObject = {}
  const original: JsonObject = {}
  const query = new AliasBook(operation.parameters.map(({ name }) => name))
  const context = {
    defs,
    aliases: null,
    maxBytes: 4000,
    isInput: true,
    hasFiles: false,
    isTop: false,
  }
  for (const parameter of operation.parameters) {
    const { schema } = portableSchema(parameter.schema, context)
    portable[query.alias(parameter.name)] = schema
    original[parameter.name] = parameter.schema
  }
  const [content] = operation.body?.contents ?? []
  if (content !== undefined) {
    const aliases = new AliasBook(declaredNames(content.schema, defs))
    portable['body'] = portableSchema(content.schema, {
      ...context,
      aliases,
      maxBytes: 12_000,
    }).schema
    original['body'] = content.schema
  }
  const rules = originalSchema({ type: 'object', properties: original }, { defs, hasFiles: true })
  return { portable: { type: 'object', properties: portable }, rules }
}

/** A few times what a machine with nothing else to do takes. */
const MAX_CPU_MS_PER_OPERATION = 4

describe('schemas of published documents', () => {
  test.each(files)(
    '%s: all portable and compilable, in a bounded time',
    (file) => {
      const { operations, defs } = read(file)
      const start = process.cpuUsage()
      const made = operations.map((operation) => schemasOf(operation, defs))
      const used = process.cpuUsage(start)
      for (const [index, { portable, rules }] of made.entries()) {
        const found = lintTool({
          name: 'tool',
          description: 'A tool.',
          inputSchema: portable,
          outputSchema: null,
        })
        expect(
          found.map(({ rule, pointer }) => `${operations[index]?.key} ${rule} ${pointer}`),
        ).toEqual([])
        compileSchema(portable)
        compileSchema(rules.schema)
        expect(rules.findings).toEqual([])
        expect(JSON.stringify(rules.schema as JsonValue)).not.toContain('"description":"')
      }
      const budgetMs = 500 + operations.length * MAX_CPU_MS_PER_OPERATION
      expect((used.user + used.system) / 1000).toBeLessThan(budgetMs)
    },
    60_000,
  )
})
