import type { Command } from 'commander'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { escapeUnprintableLines } from '../../lib/printable.ts'
import { type ApiCall, type ApiOptions, apiAction } from '../api_command.ts'
import { findProject, findTool, idOf } from '../find_object.ts'
import { cell, jsonText } from '../print.ts'
import type { Surroundings } from '../surroundings.ts'
import { readText } from '../text_input.ts'
import { readJsonObject } from '../tool_definition.ts'

interface CallOptions extends ApiOptions {
  readonly project?: string
  readonly args: string
  readonly dryRun?: boolean
}

/** `gatehouse tool call`: one call through the same path as a model's, or what it would send. */
export function addToolCallCommand(command: Command, surroundings: Surroundings): void {
  command
    .option('--args <json>', 'arguments: a JSON object, @file or -', '{}')
    .option('--dry-run', 'show what would be sent and send nothing')
    .action(apiAction(surroundings, callTool))
}

async function callTool(call: ApiCall<CallOptions>, wanted: string): Promise<void> {
  const { api, options, surroundings, print } = call
  const args = readJsonObject('--args', await readText('--args', options.args, surroundings))
  const project = idOf(await findProject(api, options.project))
  const id = idOf(await findTool(api, project, wanted))
  const isDryRun = options.dryRun === true
  const answer = await api.post(`/api/v1/custom-tools/${id}/execute`, {
    arguments: args,
    ...(isDryRun && { dry_run: true }),
  })
  print(answer, () => (isDryRun ? previewText(answer) : contentText(answer)))
  if (isDryRun || options.json === true) return
  const { upstream_status: status, duration_ms: duration, run_id: run } = answer
  surroundings.stderr.write(`HTTP ${cell(status)} in ${cell(duration)} ms, run ${cell(run)}\n`)
}

/** What the tool gave back: JSON indented, other text as it is, a note in place of a binary. */
function contentText({ content, structured_content: structured }: JsonObject): string {
  if (structured !== undefined) return `${jsonText(structured)}\n`
  const parts = Array.isArray(content) ? content.filter(isJsonObject) : []
  return parts.map((part) => `${escapeUnprintableLines(partText(part))}\n`).join('')
}

function partText({ type, text, mimeType, data }: JsonObject): string {
  if (typeof text === 'string') return text
  const size = typeof data === 'string' ? `, ${data.length} characters of base64` : ''
  return `(${cell(type)} ${cell(mimeType)}${size})`
}

/** The request line, headers and body that would be sent, and whether the policy lets it out. */
function previewText(answer: JsonObject): string {
  const headers = Array.isArray(answer.headers) ? answer.headers.filter(Array.isArray) : []
  const lines = [
    `${answer.method} ${answer.url}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(typeof answer.body === 'string' ? ['', answer.body] : []),
    '',
    typeof answer.egress_refusal === 'string'
      ? `Would be refused: ${answer.egress_refusal}`
      : 'Nothing was sent.',
  ]
  return `${lines.map(escapeUnprintableLines).join('\n')}\n`
}
