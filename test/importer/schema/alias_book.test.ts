import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { AliasBook, argumentName, isPortableName } from '../../../src/importer/schema/alias_book.ts'
import { declaredNames } from '../../../src/importer/schema/declared_names.ts'

const long = 'a'.repeat(80)

describe('names that no model API takes get aliases', () => {
  const pretty: readonly [string, string][] = [
    ['$filter', 'filter'],
    ['StartTime<', 'StartTime_lt'],
    ['StartTime>', 'StartTime_gt'],
    ['DateCreated>=', 'DateCreated_gte'],
    ['ids[]', 'ids'],
    ['filter[name]', 'filter_name'],
    ['{field_name}', 'field_name'],
    ['project_id', 'api_project_id'],
    ['Project_ID', 'api_Project_ID'],
    ['$member_id', 'api_member_id'],
    ['X-Rate Limit', 'X-Rate_Limit'],
    ['+1', 'plus_1'],
    ['naïve', 'naive'],
    ['constructor', 'api_constructor'],
  ]
  test.each(pretty)('%s is shown as %s', (name, alias) => {
    expect(argumentName(name, new Set())).toBe(alias)
  })

  test('a name every API takes stands for itself', () => {
    for (const name of ['id', 'page.size', 'x-a', '-1', 'ProjectId']) {
      expect(argumentName(name, new Set())).toBe(name)
      expect(new AliasBook([name]).isEmpty).toBe(true)
    }
  })

  test('a long name is cut to 64 characters with a hash that stays the same', () => {
    const alias = argumentName(long, new Set())
    expect(alias).toHaveLength(64)
    expect(argumentName(long, new Set())).toBe(alias)
    expect(argumentName(`${long}b`, new Set())).not.toBe(alias)
  })

  test('an alias never is a name the body declares: the declared one keeps its name', () => {
    const book = new AliasBook(['$filter', 'filter', 'filter[]', 'filter_2'])
    expect(book.alias('filter')).toBe('filter')
    expect(book.entries()).toEqual({ filter_3: '$filter', filter_4: 'filter[]' })
  })

  test('names of other scripts are told apart', () => {
    const entries = new AliasBook(['日付', '時間', 'Größe', '']).entries()
    expect(Object.keys(entries)).toHaveLength(4)
    for (const alias of Object.keys(entries)) expect(isPortableName(alias)).toBe(true)
  })

  test('aliases are unique both ways, portable, and the same in any order of the names', () => {
    const names = fc.uniqueArray(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 90 }),
        fc.constantFrom('a', '$a', 'a[]', 'a<', 'project_id'),
      ),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(names, (list) => {
        const book = new AliasBook(list)
        expect(new AliasBook(list.toReversed()).entries()).toEqual(book.entries())
        const kept = list.filter((name) => name !== '__proto__')
        const aliases = kept.map((name) => book.alias(name))
        expect(new Set(aliases).size).toBe(kept.length)
        for (const alias of aliases) expect(isPortableName(alias)).toBe(true)
        for (const alias of Object.keys(book.entries())) expect(list).not.toContain(alias)
      }),
      { numRuns: 300 },
    )
  })

  test('every name declared anywhere counts, through references and cycles', () => {
    const defs = {
      tree: {
        properties: { 'left!': { $ref: '#/$defs/tree' }, 'o~/%': { $ref: '#/$defs/a~1b%25' } },
      },
      'a/b%': {
        anyOf: [{ required: ['only_required'] }, { items: { properties: { deep: true } } }],
      },
    }
    const names = declaredNames({ allOf: [{ $ref: '#/$defs/tree' }] }, defs)
    expect([...names].sort()).toEqual(['deep', 'left!', 'only_required', 'o~/%'].sort())
  })
})
