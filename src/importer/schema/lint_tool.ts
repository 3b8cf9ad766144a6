import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import { escapeSegment } from '../../lib/json_schema/run.ts'
import { isVisibleText } from '../../model/visible_text.ts'
import { type LintReport, schemaRules } from './lint_rules.ts'
import { bytesOf } from './write_forms.ts'

/** What of a tool a model API looks at. */
export interface LintedTool {
  readonly name: string
  readonly description: string
  readonly inputSchema: JsonObject
  readonly outputSchema: JsonObject | null
}

/** A published rule that a tool breaks. */
export interface LintFinding {
  /** Id of the rule: `top_level_type`, `property_name`, … */
  readonly rule: string
  /** `error`: some API or client refuses the tool, or the whole list. `advice`: it may go worse. */
  readonly severity: 'error' | 'advice'
  /** JSON pointer into the tool: `/inputSchema/properties/a`. */
  readonly pointer: string
  readonly message: string
}

/** OpenAI, Anthropic and Gemini alike; Gemini also takes dots and colons. */
const toolName = /^[a-zA-Z0-9_-]{1,64}$/
/** OpenAI refuses longer descriptions of a function. */
const MAX_DESCRIPTION_CHARS = 1024
const MAX_SCHEMA_BYTES = 32 * 1024
/** Deepest nesting of schemas looked into; the validator takes 64 levels of JSON. */
const MAX_DEPTH = 60
/** Of OpenAI's structured outputs: properties, enumerated values and nested objects of a schema. */
const MAX_PROPERTIES = 5000
const MAX_ENUM_VALUES = 1000
const MAX_NESTING = 10
const MAX_FINDINGS = 100

/**
 * What the model APIs and MCP clients have against a tool; empty for one that all of them take. The
 * rules: OpenAI (function calling, structured outputs), Anthropic (tool use), Gemini (function
 * declarations) and the schema lint of the MCP Inspector (`--strict`).
 */
export function lintTool(tool: LintedTool): LintFinding[] {
  const report = new Report()
  lintWords(tool, report)
  lintTop(tool.inputSchema, '/inputSchema', report)
  new SchemaLint(report).walk(tool.inputSchema, '/inputSchema')
  if (tool.outputSchema !== null) {
    lintTop(tool.outputSchema, '/outputSchema', report)
    new SchemaLint(report).walk(tool.outputSchema, '/outputSchema')
  }
  return report.findings
}

class Report implements LintReport {
  readonly findings: LintFinding[] = []

  error(rule: string, pointer: string, message: string): void {
    this.add({ rule, severity: 'error', pointer, message })
  }

  advice(rule: string, pointer: string, message: string): void {
    this.add({ rule, severity: 'advice', pointer, message })
  }

  private add(finding: LintFinding): void {
    if (this.findings.length < MAX_FINDINGS) this.findings.push(finding)
  }
}

function lintWords({ name, description }: LintedTool, report: Report): void {
  if (!toolName.test(name)) {
    report.error('tool_name', '/name', `"${name}" does not match ${toolName.source}.`)
  }
  if (description.trim() === '') {
    report.advice('tool_description', '/description', 'A model chooses tools by their description.')
  }
  if (!isVisibleText(description)) {
    report.error('hidden_text', '/description', 'Characters in it are invisible or reorder others.')
  }
  if (description.length > MAX_DESCRIPTION_CHARS) {
    const message = `Longer than ${MAX_DESCRIPTION_CHARS} characters, which some clients cut.`
    report.advice('tool_description_length', '/description', message)
  }
}

function lintTop(schema: JsonObject, pointer: string, report: Report): void {
  if (schema.type !== 'object') {
    report.error('top_level_type', pointer, 'The type at the top must be "object".')
  }
  for (const keyword of ['anyOf', 'oneOf', 'allOf', 'enum', 'const', 'not']) {
    if (schema[keyword] === undefined) continue
    report.error(
      'top_level_union',
      `${pointer}/${keyword}`,
      `No "${keyword}" may stand at the top.`,
    )
  }
  if (!isJsonObject(schema.properties)) {
    report.error('top_level_properties', pointer, 'The object at the top must have "properties".')
  }
  const bytes = bytesOf(schema)
  if (bytes > MAX_SCHEMA_BYTES) {
    report.advice('schema_size', pointer, `${bytes} bytes cost a model many tokens.`)
  }
}

/** Looks through one schema. */
class SchemaLint {
  private readonly report: Report
  private properties = 0
  private values = 0
  private nesting = 0

  constructor(report: Report) {
    this.report = report
  }

  walk(schema: JsonObject, pointer: string): void {
    this.schema(schema, { pointer, depth: 0, objects: 0 })
    const { report } = this
    if (this.properties > MAX_PROPERTIES) {
      report.error('property_count', pointer, `More than ${MAX_PROPERTIES} properties.`)
    }
    if (this.values > MAX_ENUM_VALUES) {
      report.error('enum_count', pointer, `More than ${MAX_ENUM_VALUES} enumerated values.`)
    }
    if (this.nesting > MAX_NESTING) {
      report.advice('nesting', pointer, `Objects nest deeper than ${MAX_NESTING} levels.`)
    }
  }

  private schema(schema: JsonValue, at: Place): void {
    const { report } = this
    if (!isJsonObject(schema)) {
      report.error('boolean_schema', at.pointer, 'A schema must be an object here.')
      return
    }
    if (at.depth > MAX_DEPTH) {
      report.error('depth', at.pointer, `Schemas nest deeper than ${MAX_DEPTH} levels.`)
      return
    }
    for (const rule of schemaRules) rule(schema, at.pointer, report)
    if (Array.isArray(schema.enum)) this.values += schema.enum.length
    const objects = at.objects + (schema.type === 'object' ? 1 : 0)
    this.nesting = Math.max(this.nesting, objects)
    this.children(schema, { ...at, depth: at.depth + 1, objects })
  }

  private children(schema: JsonObject, at: Place): void {
    const to = (path: string): Place => ({ ...at, pointer: `${at.pointer}/${path}` })
    const { properties, items, additionalProperties: rest } = schema
    if (isJsonObject(properties)) {
      for (const [name, child] of Object.entries(properties)) {
        this.properties++
        this.schema(child, to(`properties/${escapeSegment(name)}`))
      }
    }
    if (items !== undefined) this.schema(items, to('items'))
    if (rest !== undefined && typeof rest !== 'boolean')
      this.schema(rest, to('additionalProperties'))
    for (const keyword of ['anyOf', 'oneOf', 'allOf', 'prefixItems']) {
      const forms = schema[keyword]
      if (!Array.isArray(forms)) continue
      for (const [index, form] of forms.entries()) this.schema(form, to(`${keyword}/${index}`))
    }
  }
}

interface Place {
  readonly pointer: string
  readonly depth: number
  /** How many objects it stands in. */
  readonly objects: number
}
