import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type RunningApp, startApp } from '../helpers/running_app.ts'
import {
  type ConformanceRun,
  type Revision,
  readBaseline,
  requiredScenarios,
  runConformance,
} from './conformance_run.ts'
import { type CredentialProxy, startCredentialProxy } from './credential_proxy.ts'
import { type FixtureApi, startFixtureApi } from './fixture_api.ts'
import { editATool, registerFixtureTools } from './fixture_tools.ts'

const revisions: readonly Revision[] = ['2026-07-28', '2025-11-25']

/** The tasks extension (SEP-2663) is optional and not offered; the suite runs it all the same. */
const isOfTasksExtension = (scenario: string) => scenario.startsWith('tasks-')

let api: FixtureApi
let proxy: CredentialProxy
let app: RunningApp
const runs = new Map<Revision, ConformanceRun>()

const runOf = (revision: Revision): ConformanceRun => {
  const run = runs.get(revision)
  if (run === undefined) throw new Error(`The suite did not run for ${revision}.`)
  return run
}

beforeAll(async () => {
  api = startFixtureApi()
  proxy = startCredentialProxy()
  app = await startApp({ settings: { egress_allow: [api.url], public_url: proxy.url } })
  const project = await app.bootstrap()
  proxy.target = { url: app.url, apiKey: project.api_key }
  api.onChangeTools = () => editATool(app, project.project_id)
  await registerFixtureTools(app, project, api.url)
  const url = `${proxy.url}/mcp`
  await Promise.all(
    revisions.map(async (revision) => runs.set(revision, await runConformance(url, revision))),
  )
}, 90_000)

afterAll(async () => {
  await app.stop()
  await proxy.stop()
  await api.stop()
})

describe.each(revisions)('the official conformance suite, requirements %s', (revision) => {
  test('runs every required scenario and exits 0 with the expected failures', () => {
    const { exitCode, output, scenarios } = runOf(revision)
    expect(output).toContain('Baseline check passed: all failures are expected.')
    expect(exitCode).toBe(0)
    for (const required of requiredScenarios(revision)) expect(scenarios).toContain(required)
  })

  test('fails in exactly the checks the baseline names, warnings counted', () => {
    const { failed } = runOf(revision)
    const scored = failed.filter(({ scenario }) => !isOfTasksExtension(scenario))
    const names = scored.map(({ scenario, check }) => `${scenario}:${check}`)
    const expected = readBaseline(revision).map(({ name }) => name)
    expect([...new Set(names)].sort()).toEqual(expected.toSorted())
  })

  test('has failures only where a prompt, a resource or a question to the client is needed', () => {
    for (const { name, reason } of readBaseline(revision)) {
      expect(`${name} # ${reason}`).toMatch(
        /# needs a (?:prompt|resource|question to the client)|# needs .*(?:sampling|elicitation)/,
      )
    }
  })
})

test('every message of both revisions is valid by the schema of its revision', () => {
  for (const revision of revisions) {
    const checks = runOf(revision).failed.map(({ check }) => check)
    expect(checks).not.toContain('wire-schema-valid')
    expect(checks).not.toContain('wire-schema-harness-error')
  }
})
