import { afterAll, beforeAll, expect, test } from 'bun:test'
import { failed, type HouseCli, startHouseCli } from './house_cli.ts'

const url = 'https://client.example/doc'
const document = JSON.stringify({
  client_id: url,
  client_name: 'Pinned',
  redirect_uris: ['http://localhost/callback'],
})

let cli: HouseCli
beforeAll(async () => {
  cli = await startHouseCli({ '/srv/doc.json': document })
})
afterAll(() => cli.house.stop())

const lines = (text: string) => text.trimEnd().split('\n')

test('integration create --kind oauth_client prints what the dialog of Claude Desktop asks for', async () => {
  const { code, stdout } = await cli.on('integration create Claude --kind oauth_client')
  expect(code).toBe(0)
  expect(lines(stdout)).toEqual([
    expect.stringMatching(/^Integration {12}Claude \(id \d+\)$/),
    `Remote MCP server URL  ${cli.house.url}/mcp/demo`,
    expect.stringMatching(/^OAuth Client ID {8}mcp_[A-Za-z0-9_-]{24}$/),
    expect.stringMatching(/^OAuth Client Secret {4}tng_ocs_[A-Za-z0-9_-]{43}$/),
    '',
    'The secret is shown this once.',
  ])
  const shown = await cli.json('integration show Claude')
  expect(shown).toMatchObject({ kind: 'oauth_client', api_key: null })
  expect(shown.oauth_client.redirect_uris).toHaveLength(2)
})

test('integration create, update and rotate take what belongs to an OAuth client', async () => {
  const words = [
    '--redirect-uri',
    'http://localhost:3118/callback',
    '--redirect-uri',
    'cursor://x/cb',
  ]
  const made = await cli.json('integration create Cursor --kind oauth_client', words)
  expect(made.integration.oauth_client.redirect_uris).toEqual([words[1], words[3]])
  const to = ['--redirect-uri', 'https://a.example/cb']
  const updated = await cli.json('integration update Cursor', to)
  expect(updated.oauth_client.redirect_uris).toEqual(['https://a.example/cb'])
  const rotated = await cli.json('integration rotate Cursor --overlap 1h')
  expect(rotated.client_id).toBe(made.client_id)
  expect(rotated.client_secret).not.toBe(made.client_secret)
  expect(rotated.integration.oauth_client.previous_secret_expires_at).toBe(
    new Date(cli.time.nowMs + 3_600_000).toISOString(),
  )
  const again = await cli.on('integration rotate Cursor')
  expect(again.stdout).toContain('OAuth Client Secret')
})

test('integration rotate refuses an overlap of an API key', async () => {
  await cli.json('integration create plain')
  const outcome = await cli.on('integration rotate plain --overlap 1h')
  expect(failed(outcome).join('\n')).toContain('overlap_seconds')
})

test('oauth-client pin puts a document in place, which list, show and delete know', async () => {
  const pinned = await cli.on(`oauth-client pin ${url}`, ['--document', '@/srv/doc.json'])
  expect(pinned).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Pinned Pinned \(id \d+\)\.\n$/),
  })
  const listed = await cli.on('oauth-client list')
  expect(lines(listed.stdout)[0]).toMatch(/^ID +NAME +KIND +CLIENT ID +LAST USED$/)
  expect(listed.stdout).toContain(url)
  expect((await cli.on('oauth-client list --project demo')).stdout).not.toContain(url)
  expect(await cli.json(`oauth-client show ${url}`)).toMatchObject({ is_pinned: true })
  const deleted = await cli.on(`oauth-client delete ${url}`)
  expect(deleted.stdout).toBe(`Deleted ${url}.\n`)
  expect(failed(await cli.on(`oauth-client show ${url}`))[1]).toContain(`no OAuth client "${url}"`)
})

test('oauth-client pin sends nothing that is no JSON object', async () => {
  const outcome = await cli.on(`oauth-client pin ${url}`, ['--document', '[]'])
  expect(failed(outcome)[0]).toBe(2)
  expect(outcome.sent).toEqual([])
})

test('oauth-client delete refuses the client of an integration and names the integration', async () => {
  const made = await cli.json('integration create Kept --kind oauth_client')
  const outcome = await cli.on(`oauth-client delete ${made.client_id}`)
  expect(failed(outcome).join('\n')).toContain(`Delete integration ${made.integration.id}`)
})
