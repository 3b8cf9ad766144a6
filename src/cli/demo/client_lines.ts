/** How a client reaches a project. */
export interface ClientTarget {
  readonly name: string
  readonly mcpUrl: string
  readonly apiKey: string
}

/** The lines to paste for each kind of client, headed by its name. */
export function clientLines({ name, mcpUrl, apiKey }: ClientTarget): string {
  const bearer = `Authorization: Bearer ${apiKey}`
  const call = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
  const cursor = {
    mcpServers: { [name]: { url: mcpUrl, headers: { Authorization: `Bearer ${apiKey}` } } },
  }
  return `Claude Code
  claude mcp add --transport http ${name} ${mcpUrl} --header "${bearer}"

Codex
  export GATEHOUSE_KEY=${apiKey}
  codex mcp add ${name} --url ${mcpUrl} --bearer-token-env-var GATEHOUSE_KEY

Cursor (.cursor/mcp.json)
  ${JSON.stringify(cursor)}

curl
  curl ${mcpUrl} -H "${bearer}" -H "Content-Type: application/json" \\
    -d '${call}'
`
}
