import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Bootstrapped } from '../helpers/running_app.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'
import { type CatalogueWorld, startCatalogueWorld } from './catalogue_world.ts'
import { importDocument } from './imported_document.ts'
import type { Raw } from './reference/document_graph.ts'
import { hasSharedDocuments, readSharedDocument, sharedNames } from './shared_documents.ts'

const inspectorPackage = fileURLToPath(
  import.meta.resolve('@modelcontextprotocol/inspector/package.json'),
)
const inspector = join(dirname(inspectorPackage), 'clients/launcher/build/index.js')
const home = temporaryDir()

/** What the Inspector's command line says of a list of tools. */
async function lint({ mcp_url, api_key }: Bootstrapped): Promise<Raw> {
  const words = ['--cli', mcp_url, '--method', 'tools/list', '--strict', '--format', 'json', '-q']
  const more = ['--transport', 'http', '--header', `Authorization: Bearer ${api_key}`]
  const run = Bun.spawn(
    [process.execPath, inspector, ...words, '--protocol-era', 'auto', ...more],
    {
      env: { HOME: home, PATH: process.env.PATH ?? '' },
      cwd: home,
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
      timeout: 60_000,
    },
  )
  const [stdout, stderr] = await Promise.all([run.stdout.text(), run.stderr.text()])
  const code = await run.exited
  if (stdout === '') throw new Error(`The Inspector ended with ${code}: ${stderr.slice(0, 2000)}`)
  return { code, ...JSON.parse(stdout) }
}

if (!hasSharedDocuments) console.log('Skipped: the published OpenAPI documents are not here.')

describe('the strict lint of the MCP Inspector passes for every published document', () => {
  let world: CatalogueWorld
  let project: Bootstrapped
  let tools = 0

  beforeAll(async () => {
    world = await startCatalogueWorld()
    project = await world.openProject('lint')
    for (const name of hasSharedDocuments ? sharedNames : []) {
      const document = await readSharedDocument(name)
      if (document === null) continue
      const { sourceId, importId, report } = await importDocument(world.app, document, {
        project_id: project.project_id,
        settings: {
          base_url: world.echo.url,
          name_prefix: `${name.slice(0, 12).replace(/\W/g, '_')}_`,
        },
      })
      tools += report.counts.tools
      const path = `/api/v1/openapi-sources/${sourceId}/imports/${importId}/apply`
      const { status, body } = await world.app.api('POST', path, {
        enable: { reads: true, writes: true },
      })
      if (status !== 200) throw new Error(`${name}: ${JSON.stringify(body)}`)
    }
  }, 120_000)
  afterAll(async () => {
    await world.stop()
    rmSync(home, { recursive: true, force: true })
  })

  test('without an error, and for arguments without a warning', async () => {
    const { code, result, schemaFindings = [] } = await lint(project)
    expect(code).toBe(0)
    expect(result.tools.length).toBeGreaterThanOrEqual(tools)
    const inputs = schemaFindings.flatMap((one: Raw) =>
      one.findings
        .filter(({ schema }: Raw) => schema === 'inputSchema')
        .map(({ rule, path }: Raw) => `${one.toolName} ${path}: ${rule}`),
    )
    expect(inputs.slice(0, 10)).toEqual([])
  }, 90_000)
})
