import { beforeAll, describe, expect, test } from 'bun:test'
import { asRun, constant, runSession, sessionOf, type Transcript } from '../docs/session.ts'

const session = sessionOf('docs/openapi.md')
let transcript: Transcript
beforeAll(async () => {
  transcript = await runSession(session)
}, 240_000)

/** What the tools cost is an estimate that may be refined. */
const printed = (text: string) =>
  constant(text, 'text')
    .replace(/\b[\d,]+ tokens?\b/g, 'N tokens')
    .replace(/\(\d[\d,]* if all/g, '(N if all')
    .replace(/^((?:visits|tickets) .*) \d+$/gm, '$1 N')
    .replace(/^(\w+ (?:GET|POST|DELETE) \S+) \d+ /gm, '$1 N ')

const showing = session.steps.flatMap(({ commands, shown }, index) =>
  shown === null ? [] : [[commands.trim().split('\n').at(0), shown.text, index] as const],
)

describe('the commands of docs/openapi.md', () => {
  test('run one after the other as written; only progress goes to standard error', () => {
    const complaints = transcript.complaints.replace(/^[A-Z][a-z ]+ …\n/gm, '')
    expect(complaints).toBe('')
    expect(transcript.outputs).toHaveLength(session.steps.length + 1)
    expect(showing.length).toBeGreaterThanOrEqual(7)
  })

  test.each(showing)('%s prints what is shown', (_name, text, index) => {
    expect(printed(transcript.outputs[index] ?? '')).toBe(printed(asRun(text)))
  })

  test('fit a terminal of 80 columns', () => {
    const commands = session.steps.flatMap(({ commands: text }) => text.split('\n'))
    expect(commands.filter((line) => line.length > 80)).toEqual([])
  })
})
