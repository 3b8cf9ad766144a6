import type { Command } from 'commander'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { type ApiCall, type ApiOptions, apiAction, apiCommand } from '../api_command.ts'
import { given } from '../given.ts'
import { spanSeconds } from '../moment.ts'
import { cell, column, pageText } from '../print.ts'
import type { Surroundings } from '../surroundings.ts'
import type { Column } from '../text_table.ts'

const path = '/api/v1/signing-keys'

interface RotateOptions extends ApiOptions {
  readonly overlap?: string
}

/** `gatehouse signing-key …`: the server's own keys, which sign session tokens. */
export function addSigningKeyCommands(program: Command, surroundings: Surroundings): void {
  const key = program.command('signing-key').description("manage the server's own signing keys")
  apiCommand(key, 'list', 'list the keys that session tokens are signed with').action(
    apiAction(surroundings, list),
  )
  apiCommand(key, 'rotate', 'sign with a new key from now on')
    .option('--overlap <span>', 'how long older tokens count; 0 ends them (default: their life)')
    .action(apiAction(surroundings, rotate))
}

async function list(call: ApiCall<ApiOptions>): Promise<void> {
  printKeys(call, await call.api.get(path))
}

async function rotate(call: ApiCall<RotateOptions>): Promise<void> {
  const { overlap } = call.options
  const seconds = overlap === undefined ? undefined : spanSeconds(overlap)
  printKeys(call, await call.api.post(`${path}/rotate`, given({ overlap_seconds: seconds })))
}

function printKeys({ print, surroundings }: ApiCall<ApiOptions>, answer: JsonObject): void {
  const items = Array.isArray(answer.items) ? answer.items.filter(isJsonObject) : []
  print(answer, () => pageText({ items, next_cursor: null }, columns, surroundings))
}

const columns: readonly Column<JsonObject>[] = [
  column('kid', 'kid', true),
  { title: 'created', text: (key) => cell(key.created_at).slice(0, 10) },
  { title: 'state', text: stateOf },
]

function stateOf({ is_current: isCurrent, not_after: notAfter }: JsonObject): string {
  return isCurrent === true ? 'current' : `until ${cell(notAfter).slice(5)}`
}
