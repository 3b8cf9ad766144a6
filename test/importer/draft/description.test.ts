import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { plainText } from '../../../src/importer/draft/plain_text.ts'
import { isVisibleText } from '../../../src/model/visible_text.ts'
import { body, content, document, draftOf, draftsOf, operation } from './api_documents.ts'

const described = (given: Parameters<typeof operation>[1], key = 'GET /a') =>
  draftOf(operation(key, given)).description

test('what only a page shows is left out, and what is said stays', () => {
  const markdown = [
    '# Contents',
    '- [One](#one)',
    '- [Two](#two)',
    '',
    'Sends **one** <em>message</em> to the [channel](https://example.com/c "C").<br>Costs &lt;5&#8364;.',
    '![badge](https://img.example.com/x.png)',
    '```sh',
    'curl https://secret.example.com',
    '```',
    'Use `Bearer <token>` and',
    'wait. <!-- hidden words -->',
  ].join('\n')
  expect(plainText(markdown)).toBe(
    'Contents\nSends one message to the channel.\nCosts <5€.\nUse `Bearer <token>` and wait.',
  )
})

test('no description hides anything from people (case 283)', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (description) => {
      expect(isVisibleText(described({ summary: description, description }))).toBe(true)
    }),
    { numRuns: 500 },
  )
  expect(described({ description: 'a\u202eb\u200bc\u{e0041}d' })).toBe('abcd')
})

test('a long description ends with a sentence at about a thousand characters', () => {
  const text = described({
    summary: 'Say',
    description: 'This is a sentence of words. '.repeat(100),
  })
  expect(text).toStartWith('Say.\nThis is')
  expect(text).toEndWith('words.')
  expect(text.length).toBeGreaterThan(900)
  expect(text.length).toBeLessThanOrEqual(1_000)
})

test('a summary that the description repeats is said once', () => {
  expect(described({ summary: 'Get a pet', description: 'Get a pet.' })).toBe('Get a pet.')
  expect(described({ summary: 'Get a pet', description: 'Get a pet. By id.' })).toBe(
    'Get a pet. By id.',
  )
})

test('deprecation, the body and answers that tell something are said', () => {
  const text = described(
    {
      summary: 'Add item',
      isDeprecated: true,
      body: {
        ...body(content('application/json', {})),
        description: 'The item to add to the cart.',
      },
      responses: [
        { status: '201', description: 'Made', contents: [] },
        { status: '404', description: 'Not found', contents: [] },
        { status: '409', description: 'The cart was checked out already.', contents: [] },
      ],
    },
    'POST /a',
  )
  expect(text).toBe(
    'Deprecated. Add item.\nBody: The item to add to the cart.\n409: The cart was checked out already.',
  )
})

test('an answer that every operation describes alike is not repeated in each', () => {
  const responses = [{ status: '404', description: 'No such object in this API.', contents: [] }]
  const operations = Array.from({ length: 8 }, (_, n) =>
    operation(`GET /a${n}`, { summary: 'Get', responses }),
  )
  for (const { description } of draftsOf(document(operations))) expect(description).toBe('Get.')
})

test('scope lines are not part of the description', () => {
  expect(described({ description: 'Reads.\n\n**Required scope:** `A_READ`' })).toBe('Reads.')
})

test("the operator's description stands instead of all of it", () => {
  const one = operation('GET /a', { summary: 'Get', isDeprecated: true })
  const { description } = draftOf(one, { overrides: { 'GET /a': { description: 'Mine' } } })
  expect(description).toBe('Mine')
})

test('a description made to take long is read in no time (case 152)', () => {
  for (const unit of ['[', '<pre>', '[a](', '**', '<!--', '`', '| ', '&#', '\n- ', '> ', '<a ']) {
    const start = performance.now()
    plainText(unit.repeat(40_000 / unit.length))
    expect(performance.now() - start).toBeLessThan(5_000)
  }
})
