import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type HouseCli, startHouseCli } from './house_cli.ts'

let cli: HouseCli
let count = 0
let toolId = 0

beforeAll(async () => {
  cli = await startHouseCli({})
  const { house } = cli
  const tool = await house.addTool({
    name: 'write',
    http_method: 'POST',
    timeout_ms: 100,
    input_schema: { type: 'object', properties: { n: { type: 'integer' } } },
    verify: { path: '/things', done: 'ok' },
  })
  toolId = tool.id
})
afterAll(() => cli.house.stop())

/** A write that the upstream never answers; yields its run. */
async function unknownRun(): Promise<string> {
  const { house } = cli
  house.upstream.answer = (hit) =>
    hit.method === 'GET' ? Response.json({ ok: true }) : new Promise(() => {})
  const body = { arguments: { n: ++count } }
  const answer = await house.api('POST', `/api/v1/custom-tools/${toolId}/execute`, body)
  expect(answer.status).toBe(409)
  return answer.body.request_id
}

test('runs show says of an unknown outcome what happened and what to do', async () => {
  const id = await unknownRun()
  const { stdout } = await cli.on(`runs show ${id}`)
  expect(stdout).toContain(
    'no answer came within the timeout of the tool: it may have taken effect',
  )
  expect(stdout).toContain(`gatehouse runs resolve ${id} --outcome done`)
})

test('runs resolve settles it, with a note', async () => {
  const id = await unknownRun()
  const settled = await cli.json(`runs resolve ${id} --outcome done`, ['--note', 'it is there'])
  expect(settled).toMatchObject({
    state: 'done',
    settled_by: 'operator',
    settled_note: 'it is there',
  })
  const again = await cli.on(`runs resolve ${id} --outcome not_done`)
  expect(again.code).not.toBe(0)
  expect(again.stderr).toContain('The outcome of the run is not unknown')
})

test('runs resolve takes one of two outcomes', async () => {
  for (const words of ['', ' --outcome maybe']) {
    const { code, sent } = await cli.on(`runs resolve ${crypto.randomUUID()}${words}`)
    expect([code === 0, sent]).toEqual([false, []])
  }
})

test('runs verify asks the API', async () => {
  const id = await unknownRun()
  const { code, stdout } = await cli.on(`runs verify ${id}`)
  expect([code, stdout]).toEqual([0, 'done: The API shows that the request took effect.\n'])
  expect(await cli.json(`runs show ${id}`)).toMatchObject({ state: 'done', settled_by: 'verify' })
})
