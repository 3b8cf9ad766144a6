import { describe, expect, test } from 'bun:test'
import { newToolSchema, toolSchema } from '../../src/http/schemas/tool_schemas.ts'
import { apiKeyPermissions } from '../../src/model/principal.ts'
import { authStrategies } from '../../src/model/tool.ts'
import { readPage } from './markdown.ts'

const page = readPage('docs/tools.md')
const least = { name: 'n', base_url: 'https://a.test', http_method: 'GET', endpoint_path: '/' }
const defaults: Readonly<Record<string, unknown>> = newToolSchema.parse(least)
const fields = Object.keys(newToolSchema.shape).filter((field) => field !== 'project_id')

/** The default column of a field: JSON between backticks, or a word. */
function defaultOf(field: string): string | undefined {
  return new RegExp(`^\\| \`${field}\` \\| ([^|]+) \\|`, 'm').exec(page)?.[1]
}

/** What holds where a field is not given, as the page writes it. */
function expected(field: string): string {
  if (Object.hasOwn(least, field)) return 'required'
  if (field === 'input_schema') return 'no arguments'
  return field in defaults ? JSON.stringify(defaults[field]) : 'none'
}

describe('docs/tools.md', () => {
  test.each(fields)('lists %s with its default', (field) => {
    const [, json] = /^`(.*)`$/.exec(defaultOf(field) ?? '') ?? []
    const shown = json === undefined ? defaultOf(field) : JSON.stringify(JSON.parse(json))
    expect(shown).toBe(expected(field))
  })

  test('names what an answer has beside the fields', () => {
    const others = Object.keys(toolSchema.shape).filter((field) => !fields.includes(field))
    for (const field of others) expect(page).toContain(`\`${field}\``)
  })

  test('lists every auth strategy', () => {
    for (const strategy of authStrategies) expect(page).toContain(`\n| \`${strategy}\` |`)
  })
})

test('docs/getting-started.md lists every permission', () => {
  const guide = readPage('docs/getting-started.md')
  for (const permission of apiKeyPermissions) expect(guide).toContain(`\n| \`${permission}\` |`)
})
