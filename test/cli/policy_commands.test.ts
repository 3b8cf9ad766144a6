import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { openStoreBeside, type StoreBeside } from '../helpers/connections.ts'
import { failed, type HouseCli, startHouseCli } from './house_cli.ts'

let cli: HouseCli
let store: StoreBeside

beforeAll(async () => {
  cli = await startHouseCli({})
  store = openStoreBeside(cli.house.dataDir)
  await cli.house.addTool({ name: 'things-list', required_scopes: ['THINGS_READ'] })
})
afterAll(async () => {
  await store.close()
  await cli.house.stop()
})

const connect = (clientId: string, granted = ['ALL']) =>
  store.connect({
    ...{ projectId: cli.house.projectId, nowMs: cli.time.nowMs },
    ...{ clientId, granted, email: 'ann@example.com' },
  })

describe('policy', () => {
  test('set changes what is named, show tells all of it', async () => {
    const set =
      'policy set demo --mcp on --allow-redirect http://localhost:3118/callback ' +
      '--allow-client one --allow-client two --scope THINGS_READ --suggest-scope THINGS_READ --registration limited ' +
      '--access-minutes 5 --refresh-days 7'
    const changed = await cli.json(set)
    expect(await cli.json('policy show')).toEqual(changed)
    expect(changed).toEqual({
      project_id: cli.house.projectId,
      is_mcp_enabled: true,
      allowed_redirect_uris: ['http://localhost:3118/callback'],
      allowed_client_ids: ['one', 'two'],
      policy_scopes: ['THINGS_READ'],
      challenge_scopes: ['THINGS_READ'],
      registration_mode: 'limited',
      access_token_minutes: 5,
      refresh_token_days: 7,
    })
    const { stdout } = await cli.on('policy show demo')
    expect(stdout).toContain('Is MCP enabled         yes\n')
    expect(stdout).toContain('Allowed client ids     one, two\n')
    const opened = await cli.json(
      'policy set demo --allow-redirect any --allow-client any --scope ALL --suggest-scope none',
    )
    expect(opened).toMatchObject({
      allowed_redirect_uris: [],
      allowed_client_ids: [],
      policy_scopes: [],
      challenge_scopes: [],
      access_token_minutes: 5,
    })
  })

  test('set --preview tells whom it would stop or narrow, and changes nothing', async () => {
    const { grantId } = await connect('one', ['THINGS_WRITE'])
    const before = await cli.json('policy show')
    const stop = await cli.on('policy set demo --mcp off --preview')
    expect(stop.stdout).toBe(
      [
        'Working now  1',
        'Stopped      1',
        'Narrowed     0',
        '',
        'ID                                    CLIENT       USER             WOULD',
        `${grantId}  Name of one  ann@example.com  stop`,
        '',
      ].join('\n'),
    )
    const narrow = await cli.on('policy set demo --scope THINGS_READ --preview')
    expect(narrow.stdout).toContain('lose THINGS_WRITE\n')
    expect((await cli.on('policy set demo --registration off --preview')).stdout).toBe(
      'Working now  1\nStopped      0\nNarrowed     0\n',
    )
    expect(await cli.json('policy show')).toEqual(before)
    await cli.on('connection revoke --all')
  })

  test.each([
    ['policy set demo'],
    ['policy set demo --mcp maybe'],
    ['policy set demo --registration maybe'],
    ['policy set demo --access-minutes soon'],
    ['policy set'],
  ])('%s is a mistake, and nothing is changed', async (words) => {
    const { code, sent } = await cli.on(words)
    expect(code).toBe(2)
    expect(sent.filter(({ method }) => method !== 'GET')).toEqual([])
  })
})

describe('scope', () => {
  test('add describes, list shows, remove takes away', async () => {
    await cli.on('scope add THINGS_READ --description', ['Look at things'])
    await cli.on('scope add OTHER')
    expect((await cli.on('scope list')).stdout).toBe(
      'NAME         DESCRIPTION\nOTHER        -\nTHINGS_READ  Look at things\n',
    )
    expect((await cli.on('scope remove OTHER')).stdout).toBe('Removed OTHER.\n')
    const kept = await cli.on('scope remove THINGS_READ')
    expect([kept.code, kept.stderr]).toEqual([1, expect.stringContaining('things-list')])
    expect((await cli.json('scope list')).items).toHaveLength(1)
  })
})

describe('connection', () => {
  test('list, show and revoke', async () => {
    const one = await connect('one')
    const two = await connect('two')
    const three = await connect('three')
    expect((await cli.json('connection list --client two')).items).toHaveLength(1)
    const { stdout } = await cli.on('connection list --live')
    for (const { grantId } of [one, two, three]) expect(stdout).toContain(`${grantId}  Name of`)
    expect(await cli.json(`connection show ${one.grantId}`)).toMatchObject({ state: 'active' })
    expect((await cli.on(`connection revoke ${one.grantId}`)).stdout).toBe(
      `Revoked ${one.grantId}.\n`,
    )
    expect((await cli.on('connection revoke --client two')).stdout).toBe('Revoked 1.\n')
    expect((await cli.on(`connection revoke --user ${three.userId}`)).stdout).toBe('Revoked 1.\n')
    await connect('four')
    const ann = await cli.json('connection list --live --user Ann@example.com')
    expect(ann.items).toHaveLength(1)
    expect(await cli.json(`connection list --live --user ${three.userId}`)).toEqual(ann)
    expect(failed(await cli.on('connection revoke --user nobody@example.com'))).toEqual([
      1,
      'error: There is no person "nobody@example.com"',
      '  See them all with: gatehouse user list',
    ])
    expect((await cli.on('connection revoke --user ann@example.com')).stdout).toBe('Revoked 1.\n')
    expect((await cli.on('connection revoke --all')).stdout).toBe('Revoked 0.\n')
    expect((await cli.on('connection list --live')).stdout).toBe('None.\n')
  })

  test.each([
    ['connection revoke'],
    ['connection revoke x --all'],
    ['connection revoke --user ann'],
  ])('%s is a mistake, and nothing is revoked', async (words) => {
    const { code, sent } = await cli.on(words)
    expect(code).toBe(2)
    expect(sent).toEqual([])
  })
})
