import type { Command } from 'commander'
import { type ApiCall, type ApiOptions, localAction, localCommand } from '../api_command.ts'
import { cell } from '../print.ts'
import type { Surroundings } from '../surroundings.ts'

/** `gatehouse setup-url`: the link for the first owner, on this machine only. */
export function addSetupUrlCommand(program: Command, surroundings: Surroundings): void {
  localCommand(program, 'setup-url', 'make the link by which the first owner is set up').action(
    localAction(surroundings, setupUrl),
  )
}

async function setupUrl({ api, print }: ApiCall<ApiOptions>): Promise<void> {
  const link = await api.post('/api/v1/setup-url', {})
  print(
    link,
    () => `${cell(link.url)}

Open it in a browser. It works once, until ${cell(link.expires_at)}; the one before is of no use now.
`,
  )
}
