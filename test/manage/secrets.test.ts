import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openApp } from '../../src/app.ts'
import { describeConfig, loadConfig } from '../../src/config.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { createLogger } from '../../src/log.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import { startApp } from '../helpers/running_app.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'
import { type House, startHouse } from '../http/house.ts'

/** The forms in which text may hide in other text. */
function formsOf(canary: string): string[] {
  const forms = [canary, encodeURIComponent(canary), JSON.stringify(canary).slice(1, -1)]
  forms.push(Buffer.from(canary).toString('hex'))
  // Base64 depends on where in a run of three bytes the text begins; its ends are its neighbours'.
  for (const before of ['', 'x', 'xx']) {
    const encoded = Buffer.from(before + canary).toString('base64')
    forms.push(encoded.slice(before.length === 0 ? 0 : 4, -4))
  }
  return [...forms, ...forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))]
}

function foundIn(bytes: Buffer, canaries: readonly string[]): string[] {
  return canaries.filter((canary) => formsOf(canary).some((form) => bytes.includes(form)))
}

const filesOf = (dir: string) =>
  readdirSync(dir).filter((name) => statSync(join(dir, name)).isFile())
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

test('the search itself finds a canary in every form', () => {
  const canary = 'canary"/+ %end'
  for (const hidden of [
    canary,
    encodeURIComponent(canary),
    JSON.stringify({ a: canary }),
    Buffer.from(`user:${canary}`).toString('base64'),
    Buffer.from(`ab${canary}c`).toString('base64url'),
    Buffer.from(canary).toString('hex'),
  ]) {
    expect(foundIn(Buffer.from(`…${hidden}…`), [canary])).toEqual([canary])
  }
  expect(foundIn(Buffer.from('canary'), [canary])).toEqual([])
})

describe('case 243: canaries planted in every place that takes a secret', () => {
  const place = temporaryDir()
  const dataDir = join(place, 'data')
  const outputs: string[] = []
  const secrets = {
    static_bearer: 'bearer-canary/1+"x=',
    static_header: 'header-canary/2+"x=',
    basic: 'user:basic-canary/3+"x=',
    hmac_signature: 'hmac-canary/4+"x= ü',
  }
  const replaced = 'replaced-canary/5+"x='
  const argument = 'argument-canary/6+"x='
  const credentials: string[] = []
  let house: House

  beforeAll(async () => {
    house = await startHouse({ dataDir })
    credentials.push(house.apiKey, house.adminToken)
    await plantCredentials()
    for (const [index, strategy] of Object.keys(secrets).entries()) {
      await useTool(strategy as keyof typeof secrets, index)
    }
    for (const path of ['projects', 'integrations', 'custom-tools', 'runs', 'admin-tokens']) {
      await ask('GET', `/api/v1/${path}?limit=200&project_id=${house.projectId}`)
    }
  })
  afterAll(async () => {
    await house.stop()
    rmSync(place, { recursive: true })
  })

  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  async function ask(method: string, path: string, body?: object): Promise<any> {
    const answer = await house.api(method, path, body)
    outputs.push(JSON.stringify(answer.body), JSON.stringify(Object.fromEntries(answer.headers)))
    return answer.body
  }

  /** Keys and tokens made and used; the one answer that shows each is not kept. */
  async function plantCredentials(): Promise<void> {
    const project_id = house.projectId
    const integration = { name: 'canary', project_id }
    const made = (await house.api('POST', '/api/v1/integrations', integration)).body
    const path = `/api/v1/integrations/${made.integration.id}`
    const rotated = (await house.api('POST', `${path}/rotate`)).body
    const token = (await house.api('POST', '/api/v1/admin-tokens', { name: 'canary' })).body
    credentials.push(made.api_key, rotated.api_key, token.token)
    for (const credential of credentials) {
      await house.api('GET', `/api/v1/projects?token=${credential}`, undefined, credential)
      await house.api('GET', `/${credential}`, undefined, credential)
      await callLegacy(`${house.url}/mcp`, credential, 'tools/call', { name: credential })
    }
    await ask('GET', path)
  }

  /** Registers a tool with a secret, rotates it, and calls it with the upstream failing and echoing. */
  async function useTool(strategy: keyof typeof secrets, index: number): Promise<void> {
    const name = `canary-${index}`
    const first = strategy === 'basic' ? `user:${replaced}` : replaced
    const body = {
      project_id: house.projectId,
      name,
      base_url: house.upstream.url,
      http_method: 'POST',
      endpoint_path: '/things',
      input_schema: {
        type: 'object',
        properties: { text: { type: 'string' }, n: { type: 'integer' }, one: { enum: ['a'] } },
      },
      headers_template: { 'X-One': '{one}' },
      auth_strategy: strategy,
      auth_header_name: strategy === 'static_header' ? 'X-Key' : null,
      encrypted_auth_secret: first,
    }
    const { id } = await ask('POST', '/api/v1/custom-tools', body)
    const path = `/api/v1/custom-tools/${id}`
    const until = new Date(Date.now() + 3_600_000).toISOString()
    const change = { encrypted_auth_secret: secrets[strategy], keep_previous_secret_until: until }
    await ask('PATCH', path, change)
    await ask('POST', '/api/v1/custom-tools', { ...body, name: 'not a name', id: 1 })
    await ask('GET', path)
    await ask('GET', `${path}/versions`)
    await ask('POST', `${path}/execute`, { dry_run: true })
    for (const status of [200, 400, 500]) {
      // The worst an upstream can do: say everything it was told.
      house.upstream.answer = ({ headers }) => {
        const echoed = JSON.stringify(Object.fromEntries(headers))
        return new Response(echoed, { status, headers: { 'content-type': 'application/json' } })
      }
      await ask('POST', `${path}/execute`, { arguments: { text: argument } })
    }
    house.reset()
    for (const args of [{ text: argument, n: 'x' }, { n: argument }, { one: argument }]) {
      const params = { name, arguments: args }
      await callLegacy(`${house.url}/mcp`, house.apiKey, 'tools/call', params)
    }
    await ask('POST', `${path}/rollback`, { version: 1 })
  }

  const all = () => [...Object.values(secrets), replaced, argument, ...credentials]

  test('are in no file of the data directory', () => {
    const files = filesOf(dataDir)
    expect(files).toContain('gatehouse.db')
    expect(files).toContain('gatehouse.db-wal')
    for (const file of files) {
      const bytes = readFileSync(join(dataDir, file))
      expect({ file, found: foundIn(bytes, all()) }).toEqual({ file, found: [] })
    }
    // The files do hold what was written: the search looked at the right place.
    const stored = Buffer.concat(files.map((file) => readFileSync(join(dataDir, file))))
    expect(stored.includes('canary-3')).toBe(true)
  })

  test('are in no line of the log', () => {
    const lines = house.logLines()
    expect(lines.length).toBeGreaterThan(60)
    expect(foundIn(Buffer.from(lines.join('\n')), all())).toEqual([])
  })

  test('are in no answer of the API, not even where the upstream echoes them', () => {
    expect(outputs.length).toBeGreaterThan(60)
    expect(foundIn(Buffer.from(outputs.join('\n')), all())).toEqual([])
  })

  test('case 252: the master key is in its file alone', () => {
    const key = readFileSync(join(dataDir, 'master.key'), 'utf8').trim()
    const forms = [key, Buffer.from(key, 'base64').toString('hex'), Buffer.from(key, 'base64')]
    const others = filesOf(dataDir).filter((file) => file !== 'master.key')
    const texts = [...outputs, ...house.logLines()].map((text) => Buffer.from(text))
    for (const bytes of [...others.map((file) => readFileSync(join(dataDir, file))), ...texts]) {
      for (const form of forms) expect(bytes.includes(form)).toBe(false)
    }
  })

  test('case 241: what the server makes is for its own user alone', () => {
    expect(modeOf(dataDir)).toBe('700')
    expect(modeOf(join(dataDir, 'master.key'))).toBe('600')
    expect(modeOf(join(dataDir, 'admin.sock'))).toBe('600')
  })
})

describe('case 246: a data directory and a master key that do not belong together', () => {
  const place = temporaryDir()
  const dataDir = join(place, 'data')
  const keyPath = join(dataDir, 'master.key')
  let key = ''

  beforeAll(async () => {
    const app = await startApp({ dataDir })
    await app.bootstrap()
    await app.stop()
    key = readFileSync(keyPath, 'utf8')
  })
  afterAll(() => rmSync(place, { recursive: true }))

  const digests = () =>
    filesOf(dataDir)
      .sort()
      .map((file) => [file, Bun.hash(readFileSync(join(dataDir, file)))])

  async function refusal(flags: Record<string, string> = {}): Promise<unknown> {
    const config = loadConfig({
      flags: { data_dir: dataDir, listen: '127.0.0.1:0', ...flags },
      env: {},
      readFile: () => null,
    })
    const write = () => {}
    const logger = createLogger({ format: 'json', level: 'error', write, clock: systemClock })
    const before = digests()
    try {
      const app = await openApp(config, logger)
      await app.close()
      return null
    } catch (error) {
      expect(digests()).toEqual(before)
      return error
    }
  }

  const wrongKey = { name: 'AppError', code: 'wrong_master_key' }

  test('another key is refused, and no file is changed', async () => {
    const other = Buffer.alloc(32, 7).toString('base64')
    const error = await refusal({ master_key: other })
    expect(error).toMatchObject(wrongKey)
    expect(JSON.stringify(error)).not.toContain(other)
    writeFileSync(keyPath, other)
    expect(await refusal()).toMatchObject(wrongKey)
    writeFileSync(keyPath, key)
    expect(await refusal()).toBeNull()
  })

  test('a missing key file is refused, and none is made in its place', async () => {
    rmSync(keyPath)
    expect(await refusal()).toMatchObject(wrongKey)
    expect(filesOf(dataDir)).not.toContain('master.key')
    writeFileSync(keyPath, key)
  })

  test('a key file that holds no key is refused', async () => {
    for (const text of ['', 'not a key', key.slice(0, 20), `QUFB${key}`]) {
      writeFileSync(keyPath, text)
      expect(await refusal()).toMatchObject(wrongKey)
    }
    writeFileSync(keyPath, key, { mode: 0o600 })
  })

  test('the right key given as a setting opens it, the file aside', async () => {
    rmSync(keyPath)
    expect(await refusal({ master_key: key.trim() })).toBeNull()
    writeFileSync(keyPath, key, { mode: 0o600 })
  })

  test('case 252: a key given as a setting is shown to nobody', () => {
    const env = { GATEHOUSE_MASTER_KEY: key.trim() }
    const config = loadConfig({ flags: { data_dir: dataDir }, env, readFile: () => null })
    const shown = JSON.stringify(describeConfig(config))
    expect(shown).toContain('"master_key"')
    expect(shown).not.toContain(key.trim())
  })

  test('a key file that others could read is closed to them', async () => {
    writeFileSync(keyPath, key)
    await Bun.$`chmod 644 ${keyPath}`
    expect(await refusal()).toBeNull()
    expect(modeOf(keyPath)).toBe('600')
  })
})
