/** Where a browser has come to rest. */
export interface Rest {
  readonly url: URL
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** A browser without scripts that keeps cookies by origin and follows redirects from site to site. */
export class WebBrowser {
  /** Every place it was sent to, in order. */
  readonly trail: string[] = []
  private readonly jars = new Map<string, Map<string, string>>()

  /** Goes to a page and on to wherever that leads, or until `isThere`. */
  async go(start: string, isThere: (url: URL) => boolean = () => false): Promise<Rest> {
    let url = new URL(start)
    for (let steps = 0; steps < 20; steps++) {
      const rest = await this.get(url)
      const location = rest.headers.get('location')
      if (location === null) return rest
      url = new URL(location, url)
      this.trail.push(url.href)
      if (isThere(url)) return { ...rest, url }
    }
    throw new Error(`no rest: ${this.trail.join(' ')}`)
  }

  /** One request, followed nowhere. */
  async get(to: string | URL): Promise<Rest> {
    const url = new URL(to)
    const response = await fetch(url, { headers: this.headersFor(url), redirect: 'manual' })
    return this.taken(url, response)
  }

  /** Sends a form as a page of that site would. */
  async post(to: string | URL, fields: Readonly<Record<string, string>>): Promise<Rest> {
    const url = new URL(to)
    const response = await fetch(url, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { ...this.headersFor(url), origin: url.origin },
      redirect: 'manual',
    })
    return this.taken(url, response)
  }

  /** The cookies it has of an origin, by name. */
  cookiesOf(url: string): ReadonlyMap<string, string> {
    return this.jarOf(new URL(url))
  }

  /** Takes over another browser's cookies of an origin. */
  takeCookies(from: WebBrowser, url: string): void {
    this.jars.set(new URL(url).origin, new Map(from.cookiesOf(url)))
  }

  /** Drops every cookie of an origin. */
  forget(url: string): void {
    this.jars.delete(new URL(url).origin)
  }

  private headersFor(url: URL): Record<string, string> {
    const cookie = [...this.jarOf(url)].map(([name, value]) => `${name}=${value}`).join('; ')
    return cookie === '' ? {} : { cookie }
  }

  private jarOf({ origin }: URL): Map<string, string> {
    const jar = this.jars.get(origin) ?? new Map<string, string>()
    this.jars.set(origin, jar)
    return jar
  }

  private async taken(url: URL, response: Response): Promise<Rest> {
    const jar = this.jarOf(url)
    for (const set of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      const isOver = value === '' || /max-age=0|expires=thu, 01 jan 1970/i.test(set)
      if (isOver) jar.delete(name)
      else jar.set(name, value)
    }
    const { status, headers } = response
    return { url, status, headers, text: await response.text() }
  }
}
