import { afterAll, beforeAll, expect, test } from 'bun:test'
import { failed, type HouseCli, startHouseCli } from './house_cli.ts'

let cli: HouseCli

beforeAll(async () => {
  cli = await startHouseCli({})
  for (const name of ['orders-list', 'order-get']) {
    const { code } = await cli.on(`tool add --name ${name} --url ${cli.house.upstream.url}/${name}`)
    expect(code).toBe(0)
  }
})
afterAll(() => cli.house.stop())

const projects = () => cli.json('project show')

test('tool pin and unpin say what is so now, and tool list shows it with what each tool costs', async () => {
  expect((await cli.on('tool pin order-get')).stdout).toBe('order-get is pinned.\n')
  const { items } = await cli.json('tool list')
  expect(items.map(({ is_pinned }: { is_pinned: boolean }) => is_pinned)).toEqual([false, true])
  const [, ...lines] = (await cli.on('tool list')).stdout.trim().split('\n')
  const last = lines.map((line) => line.trim().split(/\s+/).slice(-2))
  expect(last).toEqual([
    [String(items[0].tokens), 'on'],
    [String(items[1].tokens), 'pinned'],
  ])
  await cli.on('tool disable order-get')
  expect((await cli.on('tool list')).stdout).toMatch(/order-get .* off\n$/)
  await cli.on('tool enable order-get')
  expect((await cli.on('tool unpin order-get')).stdout).toBe('order-get is not pinned.\n')
  expect((await cli.json('tool show order-get')).is_pinned).toBe(false)
})

test('project update sets the mode and the budget, and project show adds the tools up', async () => {
  const { items } = await cli.json('tool list')
  const sum = items.reduce((all: number, { tokens }: { tokens: number }) => all + tokens, 0)
  const before = await projects()
  expect(before).toMatchObject({
    tool_mode: 'auto',
    tool_budget_tokens: 20_000,
    tool_tokens: { all: sum, enabled: sum, listed: sum },
  })
  const { id } = before
  const after = await cli.json(`project update ${id} --tool-mode search --tool-budget 8000`)
  expect(after).toMatchObject({
    tool_mode: 'search',
    tool_budget_tokens: 8_000,
    tool_tokens: { all: sum, enabled: sum, listed: 0 },
  })
  expect((await cli.on('project show')).stdout).toMatch(
    new RegExp(`Tool tokens all +${sum}\\nTool tokens enabled +${sum}\\nTool tokens listed +0\\n`),
  )
})

test('a mode or a budget that is none is refused, and nothing is sent', async () => {
  const mode = await cli.on('project update 1 --tool-mode none')
  expect([mode.code, mode.sent]).toEqual([2, []])
  expect(mode.stderr).toContain('auto, list, search')
  const budget = await cli.on('project update 1 --tool-budget lots')
  expect([failed(budget), budget.sent]).toEqual([
    [2, 'error: "lots" is not a number of tokens'],
    [],
  ])
})

test('--tag gives words to find a tool by', async () => {
  await cli.on('tool update orders-list --tag Sales --tag orders')
  expect((await cli.json('tool show orders-list')).tags).toEqual(['Sales', 'orders'])
})
