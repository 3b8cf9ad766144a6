import type { Command } from 'commander'
import { type ApiCall, type ApiOptions, localAction, localCommand } from '../api_command.ts'
import { given } from '../given.ts'
import { cell } from '../print.ts'
import type { Surroundings } from '../surroundings.ts'
import { textDetails } from '../text_table.ts'

interface BootstrapOptions extends ApiOptions {
  readonly project: string
  readonly integration?: string
}

/** `gatehouse bootstrap`: a first project with a key and an admin token, on this machine only. */
export function addBootstrapCommand(program: Command, surroundings: Surroundings): void {
  localCommand(program, 'bootstrap', 'make a project, an API key for it and an admin token')
    .requiredOption('--project <name>', 'name of the project')
    .option('--integration <name>', 'name of the integration that owns the key')
    .action(localAction(surroundings, bootstrap))
}

async function bootstrap({ api, options, print }: ApiCall<BootstrapOptions>): Promise<void> {
  const { project, integration } = options
  const answer = await api.post('/api/v1/bootstrap', { project, ...given({ integration }) })
  const url = cell(answer.mcp_url)
  const key = cell(answer.api_key)
  print(
    answer,
    () =>
      `${textDetails([
        ['Project', `${project} (id ${cell(answer.project_id)})`],
        ['MCP URL', url],
        ['API key', key],
        ['Admin token', cell(answer.admin_token)],
      ])}
The key and the token are shown this once. Connect a client, for example:

  claude mcp add --transport http ${url.slice(url.lastIndexOf('/') + 1)} ${url} \\
    --header "Authorization: Bearer ${key}"
`,
  )
}
