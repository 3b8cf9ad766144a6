import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { goodPassword, local, setUpOwner, tokenOf, Visitor } from '../http/visitor.ts'
import { failed, type HouseCli, startHouseCli } from './house_cli.ts'

describe('gatehouse user', () => {
  let cli: HouseCli

  beforeAll(async () => {
    cli = await startHouseCli({})
    await setUpOwner(cli.house)
  })
  afterAll(() => cli.house.stop())

  test('create makes a link to pass on, and says how long it is good', async () => {
    const words = 'user create ann@example.com --role viewer --project demo --name'
    const { code, stdout } = await cli.on(words, ['Ann Example'])
    expect(code).toBe(0)
    const [url = ''] = /http\S+\/setup\/gh_setup_\S+/.exec(stdout) ?? []
    expect(stdout).toContain('Good until')
    expect(stdout).toContain(`viewer@${cli.house.projectId}`)
    expect((await new Visitor(cli.house).get(`/setup/${tokenOf(url)}`)).status).toBe(200)
  })

  test('create with a password from standard input makes no link', async () => {
    const { code, stdout, stderr } = await cli.on(
      'user create bob@example.com --password-stdin',
      [],
      { stdin: `${goodPassword}\n` },
    )
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).not.toContain('/setup/')
    expect(stdout).not.toContain(goodPassword)
    expect((await new Visitor(cli.house).signIn('bob@example.com', goodPassword)).status).toBe(303)
  })

  test.each([
    ['hunter2\n', ['error: The password is too weak', '  Take 12 characters or more']],
    ['', ['error: The password is empty']],
  ])('create refuses the password %j and makes nobody', async (stdin, lines) => {
    const outcome = await cli.on('user create eve@example.com --password-stdin', [], { stdin })
    const [code, ...told] = failed(outcome)
    expect(code).not.toBe(0)
    for (const [n, line] of lines.entries()) expect(told[n]).toStartWith(line)
    expect((await cli.on('user show eve@example.com')).code).toBe(1)
  })

  test('list and show name people by email and id', async () => {
    const { stdout } = await cli.on('user list')
    for (const text of ['owner@example.com', 'ann@example.com', 'owner', 'viewer@']) {
      expect(stdout).toContain(text)
    }
    const ann = await cli.json('user show ANN@example.com')
    expect(await cli.json(`user show ${ann.id}`)).toEqual(ann)
    const { items } = await cli.json('user list --project demo')
    expect(items).toEqual([ann])
    expect(failed(await cli.on('user show nobody@example.com'))).toEqual([
      1,
      'error: There is no person "nobody@example.com"',
      '  See them all with: gatehouse user list',
    ])
  })

  test('set-role and remove-role change what a person may do', async () => {
    const project_id = cli.house.projectId
    const set = await cli.json('user set-role ann@example.com developer --project demo')
    expect(set.roles).toEqual([{ project_id, role: 'developer' }])
    await cli.on('user set-role ann@example.com admin')
    await cli.on('user remove-role ann@example.com --project demo')
    const { roles } = await cli.json('user show ann@example.com')
    expect(roles).toEqual([{ project_id: null, role: 'admin' }])
    const [code, line] = failed(await cli.on('user set-role ann@example.com king'))
    expect([code, line]).toEqual([1, 'error: Validation error'])
  })

  test('disable ends what a person has open; enable lets them sign in again', async () => {
    const visitor = new Visitor(cli.house)
    await visitor.signIn('bob@example.com', goodPassword)
    expect((await cli.on('user disable bob@example.com')).stdout).toContain('disabled')
    expect((await visitor.get('/account')).status).toBe(303)
    expect((await visitor.signIn('bob@example.com', goodPassword)).status).toBe(401)
    expect((await cli.on('user enable bob@example.com')).stdout).toContain('active')
    expect((await visitor.signIn('bob@example.com', goodPassword)).status).toBe(303)
  })

  test('case 263: the last owner cannot be disabled or demoted', async () => {
    for (const words of [
      'user disable owner@example.com',
      'user set-role owner@example.com viewer',
      'user remove-role owner@example.com',
    ]) {
      const [code, line] = failed(await cli.on(words))
      expect([code, line]).toEqual([1, 'error: The last owner cannot be removed'])
    }
  })

  test('reset-password makes a link; reset-second-factor says what is so now', async () => {
    const { url } = await cli.json('user reset-password bob@example.com')
    const page = await new Visitor(cli.house).get(`/setup/${tokenOf(url)}`)
    expect(page.text).toContain('Choose a new password')
    const { stdout } = await cli.on('user reset-second-factor bob@example.com')
    expect(stdout).toBe('bob@example.com signs in without a second factor now.\n')
  })
})

describe('gatehouse setup-url', () => {
  let cli: HouseCli

  beforeAll(async () => {
    cli = await startHouseCli({})
  })
  afterAll(() => cli.house.stop())

  const env = {}

  test('case 260: works on the machine of the server only', async () => {
    const outcome = await cli.on('setup-url')
    expect([outcome.code, outcome.stdout, outcome.sent]).toEqual([2, '', []])
    const { admin_token: token } = await local(cli.house, 'POST', '/api/v1/bootstrap', {
      project: 'another',
    }).then(({ body }) => body)
    const refused = await cli.house.api('POST', '/api/v1/setup-url', {}, token)
    expect([refused.status, refused.body.code]).toEqual([403, 'permission_denied'])
    expect(existsSync(join(cli.house.dataDir, 'setup-url'))).toBe(false)
  })

  test('case 260: prints the link and keeps it beside the data until it was used', async () => {
    const words = ['--data-dir', cli.house.dataDir]
    const { code, stdout } = await cli.on('setup-url', words, { env })
    expect(code).toBe(0)
    const [url = ''] = stdout.split('\n', 1)
    const path = join(cli.house.dataDir, 'setup-url')
    expect(readFileSync(path, 'utf8')).toBe(`${url}\n`)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await setUpOwner(cli.house)
    expect(failed(await cli.on('setup-url', words, { env }))[1]).toBe(
      'error: The first administrator exists already',
    )
    expect(existsSync(path)).toBe(false)
  })
})
