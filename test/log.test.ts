import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { AppError } from '../src/errors.ts'
import { createLogger, type LoggerOptions } from '../src/log.ts'

const atNoon = Date.UTC(2026, 0, 31, 12, 0, 0, 250)
const clock = { nowMs: () => atNoon, monotonicMs: () => 0 }

function open(options: Partial<LoggerOptions> = {}) {
  const writes: string[] = []
  const write = (lines: string) => writes.push(lines)
  const logger = createLogger({ format: 'json', level: 'debug', write, clock, ...options })
  const text = () => {
    logger.flush()
    return writes.join('')
  }
  return { logger, writes, text }
}

const unprintable = new RegExp(
  `[${'\\u0000-\\u0009\\u000b-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u200b-\\u200f'}` +
    `${'\\u2028-\\u202e\\u2060-\\u206f\\ufeff'}]|\\udb40[\\udc00-\\udc7f]`,
)
const token = `tengine_${'Ab3_-xYz'.repeat(5)}XYZ`

describe('lines', () => {
  test('an event is one JSON line with time, level, event and its fields', () => {
    const { logger, text } = open()
    logger.warn('request', { status: 200, path: '/mcp', ok: true, none: null, left_out: undefined })
    expect(text()).toBe(
      '{"time":"2026-01-31T12:00:00.250Z","level":"warn","event":"request","status":200,"path":"/mcp","ok":true,"none":null}\n',
    )
  })

  test('text has the time of day, and quotes only where they are needed', () => {
    const { logger, text } = open({ format: 'text' })
    logger.info('request', { status: 200, path: '/mcp', reason: 'two words', odd: 'a=b' })
    expect(text()).toBe(
      '12:00:00.250 INFO  request status=200 path=/mcp reason="two words" odd="a=b"\n',
    )
  })

  test('levels below the least one are not written', () => {
    for (const [level, count] of [
      ['debug', 4],
      ['info', 3],
      ['warn', 2],
      ['error', 1],
    ] as const) {
      const { logger, text } = open({ level })
      logger.debug('a')
      logger.info('b')
      logger.warn('c')
      logger.error('d')
      expect(text().split('\n').length - 1).toBe(count)
    }
  })

  test('lines of one moment are written together, and none is lost', async () => {
    const { logger, writes } = open()
    for (let i = 0; i < 100; i++) logger.info('request', { i })
    expect(writes).toEqual([])
    await Bun.sleep(40)
    expect(writes).toHaveLength(1)
    expect(writes[0]?.split('\n')).toHaveLength(101)
    logger.info('later')
    await Bun.sleep(40)
    expect(writes).toHaveLength(2)
  })

  test('a warning is written at once, with what waited before it', () => {
    const { logger, writes } = open()
    logger.info('first')
    logger.warn('second')
    expect(writes).toHaveLength(1)
    expect(writes[0]).toMatch(/first[\s\S]*second/)
  })

  test('a burst does not gather without bound', () => {
    const { logger, writes } = open()
    for (let i = 0; i < 1000; i++) logger.info('request', { filler: 'x'.repeat(1000) })
    expect(writes.length).toBeGreaterThanOrEqual(3)
  })

  test('a field may not stand in for the time, the level or the event', () => {
    const { logger, text } = open()
    logger.info('real', { event: 'forged', level: 'error', time: 'never', 'odd key"': 1 })
    expect(JSON.parse(text())).toEqual({
      time: '2026-01-31T12:00:00.250Z',
      level: 'info',
      event: 'real',
      field_event: 'forged',
      field_level: 'error',
      field_time: 'never',
      odd_key_: 1,
    })
  })
})

describe('case 34: forged lines', () => {
  test('line breaks, ANSI and bidi characters are escaped and read back the same', () => {
    const path = '/a\r\n{"level":"error"}\u001b[2J\u202egnp.exe\u2028\u{e0041}\u0085'
    const { logger, text } = open()
    logger.info('request', { path, nested: { path } })
    expect(text().match(/\n/g)).toHaveLength(1)
    expect(unprintable.test(text().trimEnd())).toBe(false)
    expect(JSON.parse(text())).toMatchObject({ path, nested: { path } })
  })

  for (const format of ['json', 'text'] as const) {
    test(`whatever a ${format} field holds, its event stays one clean line`, () => {
      const anything = fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.string({
          unit: fc.constantFrom(
            '\n',
            '\r',
            '\u001b',
            '\u202e',
            '"',
            '\\',
            '\u{e0041}',
            '\ud800',
            'a',
          ),
        }),
        fc.anything({
          withBigInt: true,
          withDate: true,
          withNullPrototype: true,
          withTypedArray: true,
        }),
      )
      const property = fc.property(fc.string({ unit: 'binary' }), anything, (event, value) => {
        const { logger, text } = open({ format })
        logger.info(event, { value, [event]: value })
        const line = text()
        expect(line.endsWith('\n')).toBe(true)
        expect(line.indexOf('\n')).toBe(line.length - 1)
        expect(unprintable.test(line.trimEnd())).toBe(false)
        expect(line.isWellFormed()).toBe(true)
        if (format === 'json') expect(JSON.parse(line).level).toBe('info')
      })
      fc.assert(property, { numRuns: 300 })
    })
  }
})

describe('secrets', () => {
  test('tokens of every kind are replaced wherever they stand', () => {
    const { logger, text } = open()
    const secrets = [
      token,
      `gha_${'q'.repeat(43)}`,
      'tng_mst_eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl',
    ]
    for (const secret of secrets) {
      logger.info('a', {
        note: `before ${secret} after`,
        deep: { list: [secret] },
        error: new Error(secret),
      })
      logger.info(secret)
    }
    logger.info('b', {
      header: 'Bearer abc.def-ghi_123=',
      other: 'authorization: basic dXNlcjpwYXNz',
    })
    logger.info('c', { url: 'https://user:pa55word@host/?access_token=s3cr3t&x=1' })
    for (const secret of [...secrets, 'abc.def-ghi_123', 'dXNlcjpwYXNz', 'pa55word', 's3cr3t']) {
      expect(text()).not.toContain(secret)
    }
    expect(text()).toContain('before tengine_[redacted] after')
    for (const prefix of ['gh_sess_', 'gh_setup_', 'gh_ext_', 'gh_pass_']) {
      logger.info('d', { set: `name=${prefix}${'B'.repeat(43)}; Path=/` })
      expect(text()).toContain(`name=${prefix}[redacted]; Path=/`)
    }
    expect(text()).toContain('&x=1')
  })

  test('fields named for a secret are replaced whatever they hold', () => {
    const { logger, text } = open()
    logger.info('a', {
      password: 'p',
      api_key: 'k',
      client_secret: 's',
      deep: { Authorization: 'z' },
    })
    expect(JSON.parse(text())).toMatchObject({
      password: '[redacted]',
      api_key: '[redacted]',
      client_secret: '[redacted]',
      deep: { Authorization: '[redacted]' },
    })
  })

  test('words that only look alike are left alone', () => {
    const { logger, text } = open()
    logger.info('a', {
      token_count: 5,
      note: 'tengine_request_id is the bearer of news',
      tool: 'basic auth',
    })
    expect(JSON.parse(text())).toMatchObject({
      token_count: 5,
      note: 'tengine_request_id is the bearer of news',
      tool: 'basic auth',
    })
  })

  test('case 251: a registered secret is found raw, in base64, in a URL and in JSON', () => {
    const secret = 'p@ss "w/ö rd+42'
    const { logger, text } = open()
    logger.redact(secret)
    const forms = [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret),
      Buffer.from(secret).toString('base64'),
      Buffer.from(secret).toString('base64url'),
    ]
    logger.info('a', { forms: forms.map((form) => `<${form}>`), joined: forms.join(' ') })
    const { forms: logged, joined } = JSON.parse(text())
    expect(logged.every((form: string) => /^<"?\[redacted\]=*"?>$/.test(form))).toBe(true)
    expect(joined).not.toMatch(/p@ss|p%40ss|cEBzcy/)
  })

  test('a secret is found wherever a long text is cut', () => {
    const secret = `gha_${'s3Cr'.repeat(12)}`
    const registered = 'correct horse battery staple'
    for (const length of [4000, 4050, 4090, 4096, 5000, 5070, 5100, 5119, 9000]) {
      const { logger, text } = open()
      logger.redact(registered)
      logger.info('a', { one: '.'.repeat(length) + secret, two: '.'.repeat(length) + registered })
      expect(text()).not.toContain('s3Cr')
      expect(text()).not.toContain('corr')
      expect(text().length).toBeLessThan(9000)
    }
  })
})

test('a secret at the cut is not uncovered by others before it that shrink', () => {
  const { logger, text } = open()
  const shrinking = `Bearer ${'y'.repeat(3000)} `
  for (const length of [2080, 2090, 2100, 2105]) {
    logger.info('a', { note: `${shrinking}${'.'.repeat(length)} gha_${'s3Cr'.repeat(12)}` })
  }
  expect(text()).not.toContain('s3Cr')
})

describe('odd values', () => {
  test('an error is written with its code, causes and stack', () => {
    const { logger, text } = open()
    const cause = Object.assign(new TypeError('inner'), { errno: -2, syscall: 'open' })
    logger.error('failed', { error: new AppError('store_locked', { reason: 'why', cause }) })
    const { error } = JSON.parse(text())
    expect(error).toMatchObject({ name: 'AppError', code: 'store_locked', reason: 'why' })
    expect(error.cause).toMatchObject({
      name: 'TypeError',
      message: 'inner',
      errno: -2,
      syscall: 'open',
    })
    expect(error.stack[0]).toStartWith('at ')
  })

  test('cycles, getters that throw, revoked proxies and hostile toJSON do no harm', () => {
    const cycle: Record<string, unknown> = { name: 'cycle' }
    cycle.self = cycle
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    const thrower = {
      get boom(): string {
        throw new Error('boom')
      },
    }
    const hostile = { toJSON: () => 'forged' }
    const { logger, text } = open()
    logger.info('a', {
      cycle,
      proxy,
      thrower,
      hostile,
      fn: () => 1,
      symbol: Symbol('s'),
      big: 10n,
      nan: Number.NaN,
    })
    logger.info('b', { after: true })
    const [first = '', second = ''] = text().trimEnd().split('\n')
    expect(JSON.parse(first)).toMatchObject({
      proxy: '(unreadable)',
      thrower: '(unreadable)',
      hostile: { toJSON: '(function)' },
      fn: '(function)',
      symbol: '(symbol)',
      big: '10',
      nan: 'NaN',
    })
    expect(JSON.parse(second).after).toBe(true)
  })

  test('a huge value makes a line of bounded length', () => {
    const wide = Object.fromEntries(
      Array.from({ length: 5000 }, (_, i) => [`key${i}`, 'v'.repeat(50)]),
    )
    const deep = JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`)
    const { logger, text } = open()
    logger.info('a', { wide, deep, long: 'x'.repeat(10_000_000), bytes: new Uint8Array(1_000_000) })
    logger.info('b', wide)
    logger.info('c', { grid: Object.fromEntries(Array.from({ length: 64 }, (_, i) => [i, wide])) })
    expect(text().length).toBeLessThan(40_000)
    expect(JSON.parse(text().split('\n')[0] ?? '').long).toEndWith('… (10000000 characters)')
  })

  test('a log that cannot be written stops nothing', () => {
    const { logger } = open({
      write: () => {
        throw new Error('EPIPE')
      },
    })
    logger.info('a')
    expect(() => logger.flush()).not.toThrow()
  })
})
