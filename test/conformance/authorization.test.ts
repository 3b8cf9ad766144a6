import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { approveByHttp } from '../flows/script_browser.ts'
import { type RunningApp, startApp } from '../helpers/running_app.ts'
import { setUpOwner, type Visitor } from '../http/visitor.ts'
import { type AuthorizationRun, runAuthorizationConformance } from './authorization_run.ts'
import type { Revision } from './conformance_run.ts'

let app: RunningApp
let owner: Visitor

beforeAll(async () => {
  app = await startApp()
  await app.bootstrap()
  owner = await setUpOwner(app)
})
afterAll(() => app.stop())

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() })
  const { port = 0 } = server
  await server.stop(true)
  return port
}

async function run(revision: Revision): Promise<AuthorizationRun> {
  const port = await freePort()
  const { body } = await app.api('POST', '/api/v1/mcp-oauth/register', {
    ...{ client_name: 'Conformance suite', token_endpoint_auth_method: 'none' },
    redirect_uris: [`http://127.0.0.1:${port}/callback`],
  })
  const approve = (url: string) => approveByHttp(owner, url)
  const target = { issuer: app.url, mcpUrl: `${app.url}/mcp`, clientId: body.client_id, port }
  return runAuthorizationConformance({ ...target, approve }, revision)
}

describe.each(['2026-07-28', '2025-11-25'] as const)('authorization scenarios, %s', (revision) => {
  test('both pass, without a warning', async () => {
    const { exitCode, output, checks } = await run(revision)
    expect(checks.toSorted(), output).toEqual([
      'authorization-code-grant/authorization-code-grant: SUCCESS',
      'authorization-server-metadata-endpoint/authorization-server-metadata-cimd: SUCCESS',
      'authorization-server-metadata-endpoint/authorization-server-metadata: SUCCESS',
    ])
    expect(exitCode).toBe(0)
  }, 30_000)
})
