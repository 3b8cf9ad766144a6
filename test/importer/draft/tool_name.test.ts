import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { document, draftOf, draftsOf, operation } from './api_documents.ts'

const nameOf = (given: Parameters<typeof operation>[1], key = 'GET /things') =>
  draftOf(operation(key, given)).name

test.each([
  ["Get a user's repositories", 'get_users_repositories'],
  ['List GitHub Apps (beta)', 'list_github_apps'],
  ['getUserByID', 'get_user_by_id'],
  ['Créer un éléphant', 'creer_un_elephant'],
  ['Straße öffnen', 'strasse_offnen'],
  ['Получить список', 'poluchit_spisok'],
  ['[DEPRECATED] Remove `thing`.', 'remove_thing'],
  ['Creates an image. [Learn more](/docs/images).', 'creates_image'],
  [
    'End an active call, whether it was initiated over the phone or in a browser window',
    'end_active_call',
  ],
  ['2FA status', 'get_2fa_status'],
])('the summary %p gives the name %s', (summary, name) => {
  expect(nameOf({ summary })).toBe(name)
})

test.each([
  ['actions/list-artifacts', 'actions_list_artifacts'],
  ['getOAuthToken', 'get_oauth_token'],
  ['readCoreV1NamespacedPodLog', 'read_core_v1_namespaced_pod_log'],
  ['readStorageV1CSINode', 'read_storage_v1_csi_node'],
  ['listIDsForURLs', 'list_ids_for_urls'],
  ['parseHTTPResponse', 'parse_http_response'],
])('the operationId %p gives the name %s', (operationId, name) => {
  expect(nameOf({ operationId })).toBe(name)
})

test('where nothing names it in letters ASCII has, method and path do', () => {
  expect(nameOf({ summary: '获取用户' }, 'GET /users/{userId}')).toBe('get_users_by_user_id')
  expect(nameOf({ summary: '获取用户', operationId: 'getUser' })).toBe('get_user')
  expect(nameOf({ summary: '**NOTE:** Owners only.', operationId: 'getUser' })).toBe('get_user')
})

test('operations of one name say where their paths differ; the plainest keeps it', () => {
  const drafts = draftsOf(
    document([
      operation('GET /v2/images/{image_id}/actions/{id}', { summary: 'Get an action' }),
      operation('GET /v2/actions/{id}', { summary: 'Get an action' }),
      operation('PUT /v2/things/{id}', { summary: 'Update a thing' }),
      operation('PATCH /v2/things/{id}', { summary: 'Update a thing' }),
    ]),
  )
  expect(drafts.map(({ name }) => name)).toEqual([
    'get_action_images_by_image_id',
    'get_action',
    'update_thing_put',
    'update_thing_patch',
  ])
})

test('names are unique, well formed and no longer than set, in whatever order operations come', () => {
  const word = fc.constantFrom(
    'get',
    'users',
    'Item',
    'of',
    'ListOf',
    'a',
    'configuration',
    'é',
    '名',
  )
  const phrase = fc.array(word, { maxLength: 14 }).map((words) => words.join(' '))
  const one = fc.record({
    summary: phrase,
    operationId: phrase,
    path: fc.integer({ min: 0, max: 30 }),
  })
  fc.assert(
    fc.property(
      fc.array(one, { maxLength: 12 }),
      fc.integer({ min: 24, max: 64 }),
      (given, maxNameLength) => {
        const operations = given.map(({ summary, operationId, path }, index) =>
          operation(`GET /a${path % 3}/b${index}`, { summary, operationId }),
        )
        const settings = { namePrefix: 'box_', maxNameLength }
        const namesOf = (list: typeof operations) =>
          new Map(draftsOf(document(list), { settings }).map(({ key, name }) => [key, name]))
        const names = namesOf(operations)
        expect(new Set(names.values()).size).toBe(operations.length)
        for (const name of names.values()) {
          expect(name).toMatch(/^box_[a-z0-9_]+$/)
          expect(name.length).toBeLessThanOrEqual(maxNameLength)
        }
        expect(Object.fromEntries(namesOf(operations.toReversed()))).toEqual(
          Object.fromEntries(names),
        )
      },
    ),
    { numRuns: 200 },
  )
})

test('a name too long is cut between words; an identifier is shortened within them instead', () => {
  const summary = `List the ${'very '.repeat(20)}long things of the house`
  expect(nameOf({ summary })).toBe(
    'list_very_very_very_very_very_very_very_very_very_very_very_very',
  )
  const policy = 'createAdmissionregistrationV1ValidatingAdmissionPolicyBindingStatus'
  const short = nameOf({ operationId: policy })
  expect(short).toEndWith('_binding_status')
  expect(short.length).toBe(64)
})

test('names given before are kept, whatever the document says now', () => {
  const key = 'GET /things'
  const names = { [key]: 'get_old_thing', 'GET /gone': 'get_new_thing' }
  const drafts = draftsOf(
    document([
      operation(key, { summary: 'Get new thing' }),
      operation('GET /x', { summary: 'Get new thing' }),
    ]),
    { names },
  )
  expect(drafts[0]?.name).toBe('get_old_thing')
  expect(drafts[1]?.name).not.toBe('get_new_thing')
})

test("an override's name wins over everything; one that is taken is refused with a finding", () => {
  const key = 'GET /things'
  const one = operation(key, { summary: 'Get thing' })
  const names = { [key]: 'get_thing' }
  expect(draftOf(one, { names, overrides: { [key]: { name: 'Fetch-It' } } }).name).toBe('Fetch-It')
  const refused = draftOf(one, { names, overrides: { [key]: { name: 'Taken' } }, taken: ['taken'] })
  expect(refused.name).toBe('get_thing')
  expect(refused.findings).toEqual([
    expect.objectContaining({ code: 'name_taken', operation: key }),
  ])
})

test("no draft takes the name of another tool or of Gatehouse's own (case 284)", () => {
  const one = operation('GET /tools', { summary: 'Search tools' })
  expect(draftOf(one).name).not.toBe('search_tools')
  const two = operation('GET /things', { summary: 'List things' })
  expect(draftOf(two, { taken: ['list_things'] }).name).toBe('list_things_get')
})
