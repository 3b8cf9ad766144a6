import { beforeAll, describe, expect, test } from 'bun:test'
import { asRun, constant, runSession, sessionOf, type Transcript } from './session.ts'

/** The first run on a machine installs Bun and the dependencies. */
const timeoutMs = 240_000

/** Pages with a session, and how many of its outputs they show at least. */
const pages = [
  ['README.md', 7],
  ['docs/getting-started.md', 4],
  ['docs/tools.md', 4],
] as const

describe.each(pages)('the shell session of %s', (path, fewest) => {
  const session = sessionOf(path)
  let transcript: Transcript
  beforeAll(async () => {
    transcript = await runSession(session)
  }, timeoutMs)

  const showing = session.steps.flatMap(({ commands, shown }, index) =>
    shown === null ? [] : [[commands.trim().split('\n').at(-1), shown, index] as const],
  )

  test('runs to its end without a complaint', () => {
    expect(transcript.complaints).toBe('')
    expect(transcript.outputs.length).toBe(session.steps.length + 1)
    expect(showing.length).toBeGreaterThanOrEqual(fewest)
  })

  test.each(showing)('%s prints what is shown', (_name, { words, text }, index) => {
    const printed = constant(transcript.outputs[index] ?? '', words[0])
    expect(printed).toBe(constant(asRun(text), words[0]))
  })

  test('fits a terminal of 80 columns', () => {
    const commands = [session.server, ...session.steps.map((step) => step.commands)].join('\n')
    expect(commands.split('\n').filter((line) => line.length > 80)).toEqual([])
  })
})

test('the README fetches a post over MCP, and its title comes back', () => {
  const { steps } = sessionOf('README.md')
  const answer = steps.find(({ shown }) => shown?.words[0] === 'json')?.shown?.text ?? '{}'
  expect(JSON.parse(answer).result.structuredContent.title).toBe('Post 7')
})
