import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type AppOverrides, openApp } from '../../src/app.ts'
import { type ConfigInputs, loadConfig } from '../../src/config.ts'
import { listen } from '../../src/http/listen.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { createLogger } from '../../src/log.ts'
import { temporaryDir } from './temporary_dir.ts'

/** The answer of a management call: its status and parsed body. */
export interface ApiAnswer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  readonly body: any
}

/** A whole product on a port of its own, in this process, over a data directory of its own. */
export interface RunningApp {
  /** `http://127.0.0.1:port`. */
  readonly url: string
  readonly dataDir: string
  /** Every line the logger wrote so far. */
  readonly logLines: () => string[]
  /** Calls the management API over TCP; `token` null sends no credential. */
  api(method: string, path: string, body?: unknown, token?: string | null): Promise<ApiAnswer>
  /** Makes a project with an integration and an admin token. */
  bootstrap(project?: string): Promise<Bootstrapped>
  /** Stops it; the data directory goes too unless it was given. */
  stop(): Promise<void>
}

/** What bootstrapping printed. */
export interface Bootstrapped {
  readonly project_id: number
  readonly integration_id: number
  readonly api_key: string
  readonly admin_token: string
  readonly mcp_url: string
}

/** How a test wants its app. */
export interface RunningAppOptions extends AppOverrides {
  /** Setting names in snake_case; lists as arrays. */
  readonly settings?: ConfigInputs['flags']
  readonly dataDir?: string
  /** What the settings may name as files, by path. */
  readonly files?: Readonly<Record<string, string>>
}

/** Starts the product; call `stop` in a finally or afterAll. */
export async function startApp(options: RunningAppOptions = {}): Promise<RunningApp> {
  const dataDir = options.dataDir ?? temporaryDir()
  const flags = { data_dir: dataDir, listen: '127.0.0.1:0', ...options.settings }
  const config = loadConfig({ flags, env: {}, readFile: (path) => options.files?.[path] ?? null })
  let log = ''
  const logger = createLogger({
    format: 'json',
    level: 'debug',
    write: (lines) => {
      log += lines
    },
    clock: systemClock,
  })
  const app = await openApp(config, logger, options)
  await app.start()
  const server = await listen(app, config, logger)
  const url = server.address
  let adminToken: string | null = null
  const api: RunningApp['api'] = async (method, path, body, token = adminToken) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json')
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(text) : text,
    }
  }
  return {
    url,
    dataDir,
    api,
    logLines: () => {
      logger.flush()
      return log.split('\n').filter((line) => line !== '')
    },
    bootstrap: async (project = 'demo') => {
      const response = await fetch('http://localhost/api/v1/bootstrap', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ project }),
        unix: join(dataDir, 'admin.sock'),
      })
      const made = (await response.json()) as Bootstrapped
      adminToken = made.admin_token
      return made
    },
    stop: async () => {
      await server.stop()
      await app.close()
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
