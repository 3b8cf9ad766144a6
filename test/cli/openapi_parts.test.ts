import { describe, expect, test } from 'bun:test'
import { bundleOf } from '../../src/cli/openapi/bundle_files.ts'
import { diffText } from '../../src/cli/openapi/diff_text.ts'
import { everyFinding, findingsText } from '../../src/cli/openapi/findings_text.ts'
import { planText } from '../../src/cli/openapi/plan_text.ts'
import { progressLine } from '../../src/cli/openapi/progress_line.ts'
import type { Surroundings } from '../../src/cli/surroundings.ts'
import { trains } from './openapi_documents.ts'

describe('the files of a bundle', () => {
  const files = trains('https://trains.example.com')
  const bundle = (
    all: Readonly<Record<string, string>>,
    path: string,
    { cwd = '/srv', others = [] as readonly string[] } = {},
  ) =>
    bundleOf(
      { path, text: all[path] ?? '' },
      others.map((other) => ({ path: other, text: all[other] ?? '' })),
      { env: {}, readFile: (name) => all[name] ?? null, cwd },
    )

  test('are those that references lead to, by their paths from the folder of them all', () => {
    const { files: sent, entry } = bundle(files, '/srv/trains/openapi.yaml')
    expect(entry).toBe('openapi.yaml')
    expect([...sent.keys()].toSorted()).toEqual([
      'openapi.yaml',
      'paths/stations.json',
      'paths/trips.yaml',
      'schemas/trip.yaml',
    ])
  })

  test('never lie outside the document and the working directory', () => {
    const text = `a: {$ref: '../../etc/depots.yaml'}\nb: {$ref: /etc/depots.yaml}\nc: {"$ref": "file:///etc/depots.yaml"}`
    const all = { ...files, '/srv/trains/openapi.yaml': text }
    expect([...bundle(all, '/srv/trains/openapi.yaml').files.keys()]).toEqual(['openapi.yaml'])
    const beside = { '/srv/a/root.yaml': '$ref: ../b/c.yaml#/d', '/srv/b/c.yaml': 'd: 1' }
    const below = bundle(beside, '/srv/a/root.yaml')
    expect([below.entry, ...below.files.keys()]).toEqual(['a/root.yaml', 'a/root.yaml', 'b/c.yaml'])
    expect([...bundle(beside, '/srv/a/root.yaml', { cwd: '/home' }).files.keys()]).toEqual([
      'root.yaml',
    ])
    const others = ['/srv/b/c.yaml']
    const named = bundle(beside, '/srv/a/root.yaml', { cwd: '/home', others })
    expect([...named.files.keys()]).toEqual(['a/root.yaml', 'b/c.yaml'])
  })

  test('that refer to each other in a circle, or are not there, end it', () => {
    const all = {
      '/d/a.json': '{"$ref":"b.json#/x"}',
      '/d/b.json': '{"$ref": "a.json", "y": {"$ref":"no.json"}}',
    }
    expect([...bundle(all, '/d/a.json').files.keys()]).toEqual(['a.json', 'b.json'])
  })

  test('are found whatever the spelling: escaped, encoded, bare', () => {
    const all = {
      '/d/a.json': '{"x":{"$ref":"p\\/b.json"},"y":{"$ref":"c%20d.yaml#/z"}}',
      '/d/p/b.json': '$ref: ./e.yaml',
      '/d/p/e.yaml': '',
      '/d/c d.yaml': '',
    }
    expect([...bundle(all, '/d/a.json').files.keys()].toSorted()).toEqual([
      'a.json',
      'c d.yaml',
      'p/b.json',
      'p/e.yaml',
    ])
  })
})

describe('progress', () => {
  const shown = (isTerminal: boolean, json = false, columns = 60) => {
    let text = ''
    const stderr = { isTerminal, write: (part: string) => (text += part) }
    const line = progressLine({ stderr, columns } as unknown as Surroundings, { json })
    const step = (phase: string, done: number, total: number) =>
      line.show({ progress: { phase, done, total } })
    step('reading', 0, 0)
    step('drafting', 0, 200)
    step('drafting', 100, 200)
    step('drafting', 100, 200)
    step('drafting', 200, 200)
    line.end()
    return text
  }

  test('is one line on a terminal, written over and no wider than it, and gone at the end', () => {
    const lines = shown(true).split('\r')
    expect(lines[2]).toBe(`Planning tools ${'░'.repeat(30)} 0/200\u001b[K`)
    expect(lines[3]).toBe(`Planning tools ${'█'.repeat(15)}${'░'.repeat(15)} 100/200\u001b[K`)
    expect(lines).toHaveLength(6)
    expect(lines.at(-1)).toBe('\u001b[K')
    const narrow = shown(true, false, 36).split('\r')
    expect(narrow.filter((line) => Bun.stringWidth(line) > 36)).toEqual([])
  })

  test('is a line per step in a pipe, and nothing beside JSON', () => {
    expect(shown(false)).toBe('Reading the document …\nPlanning tools …\n')
    expect([shown(true, true), shown(false, true)]).toEqual(['', ''])
  })
})

describe('findings', () => {
  const one = (changes: object) => ({
    severity: 'error',
    code: 'method_left_out',
    operation: null,
    pointer: '#/paths/~1a/head',
    reason: 'HEAD is left out.',
    fix: 'Nothing.',
    ...changes,
  })

  test('are grouped by what is the matter, the gravest first, and cut where told', () => {
    const more = ['b', 'c', 'd'].map((path) => one({ pointer: `#/paths/~1${path}/head` }))
    const note = one({ severity: 'note', code: 'x', reason: 'Fine.', operation: 'GET /a' })
    const text = findingsText([note, one({}), ...more], { places: 2, notesBy: 'COMMAND' })
    expect(text).toBe(`Left out:
  HEAD is left out.
    #/paths/~1a/head
    #/paths/~1b/head
    … and 2 more
    Fix: Nothing.

Worth knowing: 1 note, shown by COMMAND
`)
    expect(findingsText([note], everyFinding)).toContain('    GET /a  #/paths/~1a/head\n')
  })

  test('of one kind with different reasons tell each', () => {
    const text = findingsText([one({}), one({ reason: 'Other.' })], everyFinding)
    expect(text).toContain('  method left out\n    #/paths/~1a/head\n      HEAD is left out.\n')
    expect(text).toContain('      Other.\n')
  })

  test('of a hostile document: what it says cannot steer the terminal', () => {
    const evil = one({ reason: '\u001b[2Jgone\u202e', pointer: 'a\nb' })
    const text = findingsText([evil], everyFinding) + diffText([hostile], 80)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    expect(text).not.toMatch(/[\u001b\u202e]/)
    expect(text).not.toContain('a\nb')
  })
})

const hostile = {
  change: 'changed',
  name: 'x\u001b]0;y',
  key: 'GET /\u202e',
  changes: [{ field: 'f\u001b', before: '\u001b[31m', after: 'two\nlines', is_dangerous: true }],
}

describe('a difference', () => {
  test('fits the terminal and marks what is dangerous', () => {
    const change = { field: 'host', before: 'https://a.test', after: 'x'.repeat(200) }
    const changes = [{ ...change, is_dangerous: true }]
    const text = diffText([{ change: 'changed', name: 'get_a', key: 'GET /a', changes }], 40)
    expect(text).toBe(
      `~ get_a  GET /a\n  ! host\n      - https://a.test\n      + ${'x'.repeat(31)}…\n`,
    )
  })

  test('of nothing says so', () => {
    expect(diffText([{ change: 'unchanged' }], 80)).toBe('Nothing changes.\n')
  })
})

describe('a plan', () => {
  const operation = (path: string, changes: object = {}) => ({
    ...{ path, method: 'GET', tags: [], tokens: 1000, is_selected: true, is_enabled: true },
    ...{ is_gone: false, quarantine: null, change: 'added' },
    ...changes,
  })
  const plan = (operations: object[], tags: object[] = []) =>
    ({
      ...{ operations, tags, findings: [], source: { applied_import_id: null } },
      project: { tool_mode: 'auto', tool_budget_tokens: 1500 },
      found: { document: null, counts: { operations: operations.length } },
    }) as unknown as Parameters<typeof planText>[0]

  test('counts what will be on as --enable wishes, and tells a list over its budget', () => {
    const operations = [operation('/a'), operation('/a', { method: 'POST', is_enabled: false })]
    const kept = operation('/b', { method: 'PUT', is_enabled: false, change: 'unchanged' })
    const text = (wish: object) => planText(plan([...operations, kept]), wish, 80)
    expect(text({})).toContain('3 operations in it, 3 tools: 1 read (on), 2 writes (off).')
    expect(text({})).not.toContain('budget')
    expect(text({ writes: true })).toContain('1 read (on), 2 writes (1 on).')
    expect(text({ writes: true })).toContain('over the budget of 1,500')
    expect(text({ reads: false })).toContain('about 0 tokens (3,000 if all were on).')
  })

  test('has tags under their parents, without those that hold no tool', () => {
    const tags = [
      { name: 'money', parent: null },
      { name: 'refunds', parent: 'money' },
      { name: 'empty', parent: null },
      { name: 'odd', parent: 'nobody' },
    ]
    const operations = [
      operation('/a', { tags: ['refunds'] }),
      operation('/b', { tags: ['odd'] }),
      operation('/c'),
    ]
    const [, tree = ''] = planText(plan(operations, tags), {}, 80).split('TAG')
    expect(
      tree
        .split('\n')
        .slice(1)
        .map((line) => line.slice(0, 11).trimEnd()),
    ).toEqual(['money', '  refunds', 'odd', '(no tag)', ''])
  })

  test('without tags is by the beginning of paths, and long ones are cut', () => {
    const paths = ['/v1/charges', '/v1/charges/{id}', '/2.0/files#add', '/', '/{id}']
    const text = planText(plan(paths.map((path) => operation(path))), {}, 80)
    const rows = text.split('PATH')[1]?.split('\n').slice(1) ?? []
    expect(rows.map((row) => row.split(' ')[0])).toEqual(['/v1/charges', '/2.0/files', '/', ''])
    const many = Array.from({ length: 45 }, (_, index) => operation(`/p${index}`))
    expect(planText(plan(many), {}, 80)).toEndWith('… and 15 more\n')
  })
})
