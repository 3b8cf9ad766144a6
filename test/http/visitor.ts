import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import type { RunningApp } from '../helpers/running_app.ts'

/** A page as a browser got it. */
export interface Page {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Where a redirect leads, else null. */
  readonly location: string | null
  /** The token that the page's forms carry, else ''. */
  readonly csrf: string
}

type Fields = Readonly<Record<string, string>>

/** A browser without scripts: keeps a cookie, follows nothing by itself. */
export class Visitor {
  /** `name=value`, or '' without one. */
  cookie = ''
  /** Every `Set-Cookie` it got. */
  readonly setCookies: string[] = []
  private readonly url: string

  constructor({ url }: Pick<RunningApp, 'url'>) {
    this.url = url
  }

  get(path: string, headers: Fields = {}): Promise<Page> {
    return this.send('GET', path, { headers })
  }

  /** Sends a form as a page of the server would; `headers` are laid over those. */
  post(path: string, fields: Fields, headers: Fields = {}): Promise<Page> {
    const body = new URLSearchParams(fields).toString()
    const type = 'application/x-www-form-urlencoded'
    return this.send('POST', path, {
      body,
      headers: { origin: this.url, 'content-type': type, ...headers },
    })
  }

  /** As `post` with the token of the account page. */
  async act(path: string, fields: Fields = {}): Promise<Page> {
    const { csrf } = await this.get('/account')
    return this.post(path, { ...fields, csrf })
  }

  async signIn(email: string, password: string): Promise<Page> {
    return this.post('/login', { email, password })
  }

  /** A browser with the same cookie. */
  copy(): Visitor {
    const twin = new Visitor({ url: this.url })
    twin.cookie = this.cookie
    return twin
  }

  private async send(
    method: string,
    path: string,
    init: { readonly body?: string; readonly headers: Fields },
  ): Promise<Page> {
    const cookie = this.cookie === '' ? {} : { cookie: this.cookie }
    const headers = { ...cookie, ...init.headers }
    const response = await fetch(this.url + path, { ...init, method, headers, redirect: 'manual' })
    for (const set of response.headers.getSetCookie()) this.keep(set)
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      text,
      location: response.headers.get('location'),
      csrf: /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? '',
    }
  }

  private keep(set: string): void {
    this.setCookies.push(set)
    const [pair = ''] = set.split(';', 1)
    this.cookie = pair.endsWith('=') ? '' : pair
  }
}

/** Asks the machine's own administrator's socket. */
export async function local(
  { dataDir }: Pick<RunningApp, 'dataDir'>,
  method: string,
  path: string,
  body?: object,
) {
  const response = await fetch(`http://localhost${path}`, {
    method,
    unix: join(dataDir, 'admin.sock'),
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as any }
}

/** The token at the end of a link. */
export const tokenOf = (url: string) => url.slice(url.lastIndexOf('/') + 1)

/** A password that is good enough. */
export const goodPassword = 'plum velvet tractor 71'

/** Sets the first owner up; yields a browser that is signed in as them. */
export async function setUpOwner(app: RunningApp, email = 'owner@example.com'): Promise<Visitor> {
  const { body } = await local(app, 'POST', '/api/v1/setup-url')
  const visitor = new Visitor(app)
  const typed = { name: 'Olga Owner', email, password: goodPassword, password_again: goodPassword }
  const page = await visitor.post('/setup', { token: tokenOf(body.url), ...typed })
  if (page.status !== 303) throw new Error(page.text)
  return visitor
}

/** A clock that stands still until a test moves it. */
export function frozenClock(startMs = Date.UTC(2026, 0, 31, 12)) {
  const time = { nowMs: startMs }
  const clock = { nowMs: () => time.nowMs, monotonicMs: () => time.nowMs }
  return { time, clock }
}

/** What an authenticator app shows for a secret in base32 (written apart from the product's own). */
export function appCode(secret: string, nowMs: number): string {
  const digits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c))
  const bits = digits.map((digit) => digit.toString(2).padStart(5, '0')).join('')
  const bytes = (bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2))
  const counter = Buffer.alloc(8)
  counter.writeUInt32BE(Math.floor(nowMs / 30_000), 4)
  const mac = createHmac('sha1', Uint8Array.from(bytes)).update(counter).digest()
  const at = (mac[19] ?? 0) & 15
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}
