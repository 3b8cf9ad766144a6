import { expect, test } from 'bun:test'
import { codesOf, draftOf, operation } from './api_documents.ts'

const scopesOf = (description: string, given: Parameters<typeof draftOf>[1] = {}) =>
  draftOf(operation('GET /a', { description, tags: ['Contacts'] }), given).requiredScopes

test.each([
  ['**Required scope:** `A_READ`', ['A_READ']],
  ['Text.\n\n**Required scopes:** `A_READ`, `B_READ`\n\nMore.', ['A_READ', 'B_READ']],
  ['**Required scope:** A_READ and B_READ', ['A_READ', 'B_READ']],
  ['**Required Scope**: A_READ. It lets you read.', ['A_READ']],
  ['- **Required scope:** A_READ\n- **Required scope:** B_READ', ['A_READ', 'B_READ']],
  [
    '**Required scopes:**\n\n- `A_READ` - reading\n- `B_READ`\n\nOther:\n- `C`',
    ['A_READ', 'B_READ'],
  ],
  ['**Required scope:** none', []],
  ['<b>Required scope: </b><code>tasks:read</code>\n\nLists <code>tasks</code>.', ['tasks:read']],
  ['<strong>Required scopes:</strong> <code>a</code>, <code>b</code>', ['a', 'b']],
  ['<p><b>Required scope:</b> a</p>', ['a']],
  ['Nothing of the kind: `A_READ`', []],
])('%p requires %p', (description, scopes) => {
  expect(scopesOf(description)).toEqual(scopes)
})

test('a pattern of the settings finds scopes in other words', () => {
  const settings = { scopePattern: 'Scoped OAuth requires: (.*)$' }
  expect(scopesOf('Scoped OAuth requires: `tags.write`', { settings })).toEqual(['tags.write'])
  expect(scopesOf('**Required scope:** A', { settings })).toEqual([])
})

test('a pattern that would backtrack for ever answers at once (case 152)', () => {
  const start = performance.now()
  expect(scopesOf('a'.repeat(20_000), { settings: { scopePattern: '(a+)+$b' } })).toEqual([])
  expect(performance.now() - start).toBeLessThan(10_000)
  const broken = draftOf(operation('GET /a', { description: 'x' }), {
    settings: { scopePattern: '(' },
  })
  expect(codesOf(broken)).toEqual(['scope_pattern'])
})

test('security scopes count where the description names none and the settings want them', () => {
  const settings = { scopesFromSecurity: true }
  const security = [{ oauth: ['read:a'] }]
  const one = operation('GET /a', { security })
  const schemes = { document: { securitySchemes: { oauth: oauth2 } } }
  expect(draftOf(one, { settings, ...schemes }).requiredScopes).toEqual(['read:a'])
  expect(draftOf(one, schemes).requiredScopes).toEqual([])
  const open = operation('GET /a', { security: [...security, {}] })
  expect(draftOf(open, { settings, ...schemes }).requiredScopes).toEqual([])
})

const oauth2 = {
  kind: 'oauth2',
  clientCredentialsUrl: null,
  scopes: {},
  description: null,
} as const

test('rules by tag and method add theirs', () => {
  const scopeRules = [
    { tag: 'Contacts', methods: ['GET' as const], scopes: ['CONTACTS_READ'] },
    { tag: null, methods: ['POST' as const], scopes: ['WRITE'] },
    { tag: null, methods: null, scopes: ['ANY'] },
  ]
  expect(scopesOf('**Required scope:** A', { settings: { scopeRules } })).toEqual([
    'A',
    'CONTACTS_READ',
    'ANY',
  ])
})

test('a scope no project can have is renamed with a finding', () => {
  const draft = draftOf(operation('GET /a', { description: '**Required scope:** `a/b c`, `ü`' }))
  expect(draft.requiredScopes).toEqual(['a_b', 'c'])
  expect(codesOf(draft)).toEqual(['scope_renamed', 'scope_renamed'])
})

test("the operator's scopes stand instead of all others", () => {
  const overrides = { 'GET /a': { requiredScopes: ['MINE'] } }
  expect(scopesOf('**Required scope:** A', { overrides })).toEqual(['MINE'])
})
