/**
 * Writes docs/errors.md from the catalogue in src/errors.ts and the table in error_causes.ts.
 *   bun scripts/generate_errors_page.ts
 */
import { resolve } from 'node:path'
import { catalogue, type ErrorCode } from '../src/errors.ts'
import { type ErrorGroup, errorCauses, errorGroups } from './error_causes.ts'

/** Where the page is kept. */
export const errorsPagePath = resolve(import.meta.dir, '../docs/errors.md')

const head = `<!-- Written by scripts/generate_errors_page.ts: change that, not this. -->

# Errors

Every failure has a \`code\` for programs, a \`detail\` for people that is always the same sentence,
and often a \`reason\` that says what exactly and what to do. This page lists the codes. What is
shown to a caller never holds a secret.

Where you meet them:

| where | form |
|---|---|
| \`/api/v1\`, and HTTP failures of \`/mcp\` | \`application/problem+json\` with \`status\`, \`code\`, \`detail\`, \`reason\`, \`errors[]\`, \`request_id\`; its \`type\` is \`/docs/errors#code\` |
| a tool called over MCP | HTTP 200 and a result with \`isError: true\`; \`_meta["tengine/error"]\` has \`status\`, \`code\`, \`detail\` and \`request_id\`, the Run ID |
| a malformed MCP request | a JSON-RPC error; -32602 for an unknown tool |
| \`gatehouse\` | \`error: \` and the detail on stderr, the reason below; with \`--json\` an object \`error\` |
| run history | \`error_code\` and \`error_reason\` |

The status given here is the HTTP status at the management API and the \`status\` of
\`tengine/error\`. Answers of status 429 and 503 carry \`Retry-After\`.
`

const codes = Object.keys(catalogue) as ErrorCode[]

/** The whole page as Markdown. */
export function errorsPage(): string {
  const groups = Object.keys(errorGroups) as ErrorGroup[]
  const contents = groups.map(contentsLine).join('\n')
  return `${head}\n${contents}\n\n${groups.map(section).join('\n')}`
}

const codesOf = (group: ErrorGroup) => codes.filter((code) => errorCauses[code].group === group)

function contentsLine(group: ErrorGroup): string {
  const links = codesOf(group).map((code) => `[\`${code}\`](#${code})`)
  return wrapped(`* ${errorGroups[group].title}: ${links.join(' ')}`, '  ')
}

function section(group: ErrorGroup): string {
  const { title, about } = errorGroups[group]
  return `## ${title}\n\n${wrapped(about)}\n\n${codesOf(group).map(entry).join('\n')}`
}

function entry(code: ErrorCode): string {
  const { status, detail } = catalogue[code]
  const { cause, fix } = errorCauses[code]
  const head = `### \`${code}\`\n\n${status} · \`${detail}\``
  return `${head}\n\n${wrapped(`**Cause.** ${cause}`)}\n\n${wrapped(`**Fix.** ${fix}`)}\n`
}

/** Breaks a paragraph into lines of 100 characters, as the other pages have them. */
function wrapped(paragraph: string, indent = ''): string {
  const lines: string[] = []
  let line = ''
  for (const word of paragraph.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > 100) {
      lines.push(line)
      line = indent + word
    } else line += line === '' ? word : ` ${word}`
  }
  return [...lines, line].join('\n')
}

if (import.meta.main) await Bun.write(errorsPagePath, errorsPage())
