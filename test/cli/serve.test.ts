import { describe, expect, test } from 'bun:test'
import type { App } from '../../src/app.ts'
import type { StopSignal } from '../../src/cli/surroundings.ts'
import type { Config } from '../../src/config.ts'
import { AppError } from '../../src/errors.ts'
import type { Logger } from '../../src/log.ts'
import { version } from '../../src/version.ts'
import { type Fakes, runWith } from './fake_surroundings.ts'

class Exited extends Error {}

interface Stage {
  readonly steps: string[]
  readonly exits: number[]
  config: Config | null
  logger: Logger | null
  readonly signal: (signal: StopSignal) => void
  readonly crash: (error: unknown, kind: string) => void
  readonly started: Promise<void>
  readonly fakes: Fakes
}

interface Part {
  readonly open?: () => void
  readonly listen?: () => void
  readonly stop?: () => Promise<void>
  readonly setupUrl?: string
  readonly storeFailed?: Promise<AppError>
}

/** A server of which every step is written down. */
function stage(part: Part = {}, fakes: Fakes = {}): Stage {
  const started = Promise.withResolvers<void>()
  let onSignal = (_: StopSignal): void => {}
  let onCrash = (_: unknown, __: string): void => {}
  const own: Stage = {
    steps: [],
    exits: [],
    config: null,
    logger: null,
    signal: (signal) => onSignal(signal),
    crash: (error, kind) => onCrash(error, kind),
    started: started.promise,
    fakes: {
      onStopSignal: (callback) => {
        onSignal = callback
        return () => {}
      },
      onCrash: (callback) => {
        onCrash = callback
      },
      exit: (code) => {
        own.exits.push(code)
        throw new Exited()
      },
      loadServer: async () => ({
        openApp: async (config, logger) => {
          own.steps.push('open')
          part.open?.()
          own.config = config
          own.logger = logger
          return app
        },
        listen: async () => {
          own.steps.push('listen')
          part.listen?.()
          queueMicrotask(() => setImmediate(started.resolve))
          return {
            address: 'http://127.0.0.1:4321',
            port: 4321,
            publicUrl: 'http://127.0.0.1:4321',
            stop,
          }
        },
      }),
      ...fakes,
    },
  }
  const stop = async () => {
    own.steps.push('stop')
    await part.stop?.()
  }
  const app: App = {
    fetch: async () => Response.json({}),
    bound: () => {},
    start: async () => void own.steps.push('start'),
    storeFailed: part.storeFailed ?? new Promise(() => {}),
    firstOwnerLink: async () =>
      part.setupUrl === undefined ? null : { url: part.setupUrl, expiresAtMs: 0 },
    drain: async () => void own.steps.push('drain'),
    close: async () => void own.steps.push('close'),
  }
  return own
}

const serve = ['serve', '--listen', '127.0.0.1:0', '--data-dir', '/srv/d']
const events = (stderr: string) =>
  stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('serve', () => {
  test('opens, repairs, listens; on a signal it drains, closes and ends with 0', async () => {
    const own = stage()
    const running = runWith(serve, own.fakes)
    await own.started
    expect(own.steps).toEqual(['open', 'start', 'listen'])
    own.signal('SIGTERM')
    const { code, stdout, stderr } = await running
    expect([code, stdout]).toEqual([0, ''])
    expect(own.steps).toEqual(['open', 'start', 'listen', 'stop', 'drain', 'close'])
    expect(events(stderr)).toMatchObject([
      {
        level: 'info',
        event: 'started',
        version,
        address: 'http://127.0.0.1:4321',
        docs_url: 'http://127.0.0.1:4321/docs',
        mcp_url: 'http://127.0.0.1:4321/mcp',
        data_dir: '/srv/d',
      },
      { event: 'stopping', signal: 'SIGTERM' },
      { event: 'stopped' },
    ])
  })

  test('the second signal ends it at once, with what was logged', async () => {
    const own = stage({ stop: () => new Promise(() => {}) })
    const running = runWith([...serve, '--drain-seconds', '0'], own.fakes)
    await own.started
    own.signal('SIGINT')
    expect(() => own.signal('SIGINT')).toThrow(Exited)
    expect(own.exits).toEqual([130])
    running.catch(() => {})
  })

  test('a setting given as a flag reaches the server', async () => {
    const own = stage()
    const running = runWith(
      [
        ...serve,
        '--egress-allow',
        'a.test',
        '--egress-allow',
        'b.test:81',
        '--insecure-listen',
        '--log-level',
        'warn',
      ],
      own.fakes,
    )
    await own.started
    own.signal('SIGTERM')
    const { stderr } = await running
    expect([...(own.config?.egressAllow ?? [])]).toEqual(['a.test', 'b.test:81'])
    expect(own.config?.insecureListen).toBe(true)
    expect(stderr).toBe('')
  })

  test('on a terminal it prints where it is and what to do next', async () => {
    const own = stage({}, { isTerminal: true })
    const running = runWith(serve, own.fakes)
    await own.started
    own.signal('SIGINT')
    const { stderr } = await running
    expect(stderr.slice(0, stderr.indexOf('INFO') - 13)).toBe(`
Gatehouse ${version}

  Address   http://127.0.0.1:4321
  API docs  http://127.0.0.1:4321/docs
  MCP       http://127.0.0.1:4321/mcp
  Data      /srv/d

  Make a project and a key:  gatehouse bootstrap --project demo --data-dir /srv/d

`)
  })

  test('a wildcard is shown as addresses that can be opened, never as 0.0.0.0', async () => {
    for (const [host, loopback] of [
      ['0.0.0.0', '127.0.0.1'],
      ['[::]', '[::1]'],
    ]) {
      for (const isTerminal of [true, false]) {
        const own = stage({}, { isTerminal })
        const words = ['serve', '--listen', `${host}:0`, '--insecure-listen', '--log-level', 'info']
        const running = runWith(words, own.fakes)
        await own.started
        own.signal('SIGINT')
        const { stderr } = await running
        expect(stderr).toContain(`http://${loopback}:4321/docs`)
        expect(stderr).not.toContain(`//${host}`)
        expect(stderr.includes('http://127.0.0.1:4321\n')).toBe(isTerminal)
      }
    }
  })

  test('the public URL is what people are told to use', async () => {
    const own = stage({}, { isTerminal: true })
    const running = runWith([...serve, '--public-url', 'https://gw.test'], own.fakes)
    await own.started
    own.signal('SIGINT')
    const { stderr } = await running
    expect(stderr).toContain('Public URL  https://gw.test\n')
    expect(stderr).toContain('MCP         https://gw.test/mcp\n')
  })

  test('a port in use is told in words, and the store is closed', async () => {
    const own = stage({
      listen: () => {
        throw Object.assign(new Error('x'), { code: 'EADDRINUSE' })
      },
    })
    const { code, stderr } = await runWith(['serve', '--listen', '127.0.0.1:80'], own.fakes)
    expect([code, stderr]).toEqual([
      1,
      'error: Cannot listen on 127.0.0.1, port 80: another program listens there\n  Choose another with --listen.\n',
    ])
    expect(own.steps).toEqual(['open', 'start', 'listen', 'close'])
  })

  const failures = [
    ['case 233: a second server on the data directory', 'store_locked', 75],
    ['case 246: a wrong master key', 'wrong_master_key', 78],
    ['case 230: a database of a newer version', 'store_too_new', 78],
    ['case 225: a disk that fails', 'store_failed', 70],
    ['case 239: a clock far behind', 'clock_behind', 75],
  ] as const
  for (const [what, failure, exitCode] of failures) {
    test(`${what} ends with ${exitCode} before anything listens`, async () => {
      const own = stage({
        open: () => {
          throw new AppError(failure)
        },
      })
      expect((await runWith(serve, own.fakes)).code).toBe(exitCode)
      expect(own.steps).toEqual(['open'])
    })
  }

  test('case 225: it ends with 70 when the disk fails, without waiting for what is under way', async () => {
    const failed = Promise.withResolvers<AppError>()
    const stop = () => new Promise<void>(() => {})
    const own = stage({ storeFailed: failed.promise, stop })
    const running = runWith(serve, own.fakes)
    await own.started
    failed.resolve(new AppError('store_failed', { reason: 'disk I/O error.' }))
    const { code, stderr } = await running
    expect(code).toBe(70)
    expect(stderr).toEndWith('error: The disk of the store has failed\n  disk I/O error.\n')
    expect(own.steps).toEqual(['open', 'start', 'listen', 'stop', 'drain', 'close'])
  })

  test('what nobody caught is logged with its cause and ends the process with 1', async () => {
    const own = stage()
    const out = runWith(serve, own.fakes)
    await own.started
    const error = new Error('broken', { cause: new TypeError('deep') })
    expect(() => own.crash(error, 'uncaught_exception')).toThrow(Exited)
    expect(own.exits).toEqual([1])
    own.signal('SIGTERM')
    const { stderr } = await out
    expect(events(stderr)).toContainEqual(
      expect.objectContaining({
        event: 'uncaught_exception',
        error: expect.objectContaining({
          message: 'broken',
          cause: expect.objectContaining({ message: 'deep' }),
        }),
      }),
    )
  })

  test('case 252: the configured secrets never reach the log', async () => {
    const key = Buffer.alloc(32, 5)
    const env = {
      GATEHOUSE_MASTER_KEY: key.toString('base64'),
      GATEHOUSE_ADMIN_TOKEN: 'a-token-of-any-form',
    }
    const own = stage({}, { env })
    const running = runWith(serve, own.fakes)
    await own.started
    const forms = [
      key.toString('base64'),
      key.toString('hex'),
      key.toString('base64url'),
      env.GATEHOUSE_ADMIN_TOKEN,
    ]
    own.logger?.error('leak', { forms })
    own.signal('SIGTERM')
    const { stderr } = await running
    expect(stderr).toContain('[redacted]')
    for (const form of forms) expect(stderr).not.toContain(form)
  })
})

describe('case 260: while nobody owns the server', () => {
  const setupUrl = `http://127.0.0.1:4321/setup/gh_setup_${'A'.repeat(43)}`

  async function said(words: readonly string[], fakes: Fakes = {}): Promise<string> {
    const own = stage({ setupUrl }, fakes)
    const running = runWith([...serve, ...words], own.fakes)
    await own.started
    own.signal('SIGTERM')
    const { code, stdout, stderr } = await running
    expect([code, stdout]).toEqual([0, ''])
    return stderr
  }

  test('the setup link is told once, in a line of its own', async () => {
    const stderr = await said([])
    expect(events(stderr).filter((line) => 'setup_url' in line)).toMatchObject([
      { level: 'warn', event: 'setup_needed', setup_url: setupUrl },
    ])
    expect(stderr.split(setupUrl)).toHaveLength(2)
    expect((await said(['--log-format', 'text'])).split('\n')).toContain(`Set up: ${setupUrl}`)
  })

  test('on a terminal it stands in the banner', async () => {
    const stderr = await said([], { isTerminal: true })
    expect(stderr).toMatch(/^ {2}Set up +http:\S+$/m)
    expect(stderr.split(setupUrl)).toHaveLength(2)
  })

  test('the logger itself never shows one', async () => {
    const own = stage({}, {})
    const running = runWith(serve, own.fakes)
    await own.started
    own.logger?.warn('test', { url: setupUrl })
    own.signal('SIGTERM')
    expect((await running).stderr).not.toContain('A'.repeat(43))
  })
})
