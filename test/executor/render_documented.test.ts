import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalogue } from '../../src/errors.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { bodyText, render } from './request_fixture.ts'

const page = readFileSync(join(import.meta.dir, '../../docs/templates.md'), 'utf8')
const block = (language: string) =>
  new RegExp(`\`\`\`${language}\n(.*?)\n\`\`\``, 's').exec(page)?.[1] ?? 'no such block'

test('docs/templates.md: the first tool sends what the page says', () => {
  const tool = JSON.parse(block('json'))
  const args: JsonObject = JSON.parse(/Called with `(\{.*\})` it sends/.exec(page)?.[1] ?? 'null')
  const request = render(
    {
      inputSchema: tool.input_schema,
      baseUrl: tool.base_url,
      httpMethod: tool.http_method,
      endpointPath: tool.endpoint_path,
      queryTemplate: tool.query_template,
      headersTemplate: tool.headers_template,
      bodyTemplate: tool.body_template,
    },
    args,
  )
  const lines = [
    `${request.method} ${request.target} HTTP/1.1`,
    ...request.headers.map(([name, value]) => `${name}: ${value}`),
    '',
    bodyText(request),
  ]
  expect(lines.join('\n')).toBe(block('http'))
})

test('docs/templates.md: every error in its tables has that code, status and sentence', () => {
  const rows = [...page.matchAll(/^\| `([a-z_]+)` \| (\d{3}) \| (?:`([^`]+)`)?/gm)]
  expect(rows.length).toBe(11)
  for (const [, code, status, sentence] of rows) {
    const line = Object.entries(catalogue).find(([name]) => name === code)?.[1]
    expect(line?.status).toBe(Number(status) as NonNullable<typeof line>['status'])
    if (sentence?.startsWith('endpoint_path')) expect(line?.detail).toBe(sentence as never)
  }
})
