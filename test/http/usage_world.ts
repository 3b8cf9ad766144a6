import { expect } from 'bun:test'
import { assertionClaims, mintToken, newAssertionKey, registerKey } from '../helpers/assertions.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import { type House, startHouse } from './house.ts'

/** What limits are set on. */
export const owners = ['project', 'integration', 'member', 'tool'] as const
type Owner = (typeof owners)[number]

/** A project of its own, so that no test meets another's counts. */
export interface Place {
  readonly projectId: number
  readonly tools: { readonly ping: number; readonly pong: number }
  /** Of two integrations. */
  readonly keys: readonly [string, string]
  /** A session token for a member, of the first integration. */
  readonly session: string
  /** Of the project, the first integration, the member and the tool `ping`. */
  readonly paths: Readonly<Record<Owner, string>>
}

/** A refusal as its caller saw it. */
export interface Refusal {
  readonly code: string
  readonly reason: string
  /** `Retry-After`, in seconds. */
  readonly wait: number
}

let count = 0

/** A house whose time stands still but for what a test says, and what tests of limits do in it. */
export class UsageWorld {
  readonly house: House
  private readonly clock: { nowMs: number; monotonicMs: number; isRunning: boolean }

  private constructor(house: House, clock: UsageWorld['clock']) {
    this.house = house
    this.clock = clock
  }

  /** Call `house.stop` in afterAll. */
  static async start(): Promise<UsageWorld> {
    const nowMs = Date.parse('2026-03-30T12:00:00Z')
    const clock = { nowMs, monotonicMs: performance.now(), isRunning: false }
    const house = await startHouse({
      clock: {
        nowMs: () => clock.nowMs,
        monotonicMs: () => (clock.isRunning ? performance.now() : clock.monotonicMs),
      },
    })
    return new UsageWorld(house, clock)
  }

  /** Sets the time. */
  at(time: string): void {
    const laterMs = Date.parse(time)
    this.clock.monotonicMs += Math.max(0, laterMs - this.clock.nowMs)
    this.clock.nowMs = laterMs
  }

  /** Lets monotonic time pass meanwhile: deadlines need it. */
  async whileTimePasses<T>(act: () => Promise<T>): Promise<T> {
    this.clock.isRunning = true
    return act().finally(() => {
      this.clock.isRunning = false
    })
  }

  /** Makes a project with two integrations, two tools and a member. */
  async newPlace(): Promise<Place> {
    const { id: projectId } = await this.made('projects', { name: `place ${++count}` })
    const named = (name: string) => this.made('integrations', { name, project_id: projectId })
    const [first, second] = [await named('first'), await named('second')]
    const ping = await this.addTool(projectId, { name: 'ping', http_method: 'POST' })
    const pong = await this.addTool(projectId, { name: 'pong', http_method: 'GET' })
    const session = await this.signIn(projectId, first.api_key)
    const members = await this.house.api('GET', `/api/v1/members?project_id=${projectId}`)
    return {
      projectId,
      tools: { ping, pong },
      keys: [first.api_key, second.api_key],
      session,
      paths: {
        project: `/api/v1/projects/${projectId}`,
        integration: `/api/v1/integrations/${first.integration.id}`,
        member: `/api/v1/members/${members.body.items[0].id}`,
        tool: `/api/v1/custom-tools/${ping}`,
      },
    }
  }

  /** A session token for the member, good now. */
  async signIn(projectId: number, apiKey: string): Promise<string> {
    const home = { api: this.house.api, projectId, apiKey }
    const pair = newAssertionKey('ES256', `backend-${++count}`)
    await registerKey(home, pair)
    const seconds = Math.floor(this.clock.nowMs / 1000)
    return mintToken(home, pair.sign(assertionClaims(projectId, seconds, { sub: 'ann' })))
  }

  async limit(place: Place, owner: Owner, limits: object): Promise<void> {
    const answer = await this.house.api('PATCH', place.paths[owner], { limits })
    expect({ status: answer.status, limits: answer.body.limits }).toMatchObject({
      status: 200,
      limits,
    })
  }

  call(token: string, name = 'ping') {
    return callLegacy(`${this.house.url}/mcp`, token, 'tools/call', { name, arguments: {} })
  }

  /** Calls that must go through, one after the other. */
  async spend(token: string, calls: number, name = 'ping'): Promise<void> {
    for (let each = 0; each < calls; each++) {
      const { status, body } = await this.call(token, name)
      const { isError = false, structuredContent } = body.result ?? {}
      expect([status, isError, structuredContent]).toEqual([200, false, { ok: true }])
    }
  }

  /** A call that must be refused and send nothing. */
  async refused(token: string, name = 'ping'): Promise<Refusal> {
    const sent = this.house.upstream.hits.length
    const { status, headers, body } = await this.call(token, name)
    expect(status).toBe(429)
    expect(this.house.upstream.hits).toHaveLength(sent)
    return { code: body.code, reason: body.reason, wait: Number(headers.get('retry-after')) }
  }

  async runCount({ projectId }: Place): Promise<number> {
    const runs = await this.house.api('GET', `/api/v1/runs?limit=200&project_id=${projectId}`)
    return runs.body.items.length
  }

  /** Makes the upstream answer when told to. */
  holdUpstream(): () => void {
    const gate = Promise.withResolvers<void>()
    this.house.upstream.answer = async () => {
      await gate.promise
      return Response.json({ ok: true })
    }
    return gate.resolve
  }

  /** Waits for so many requests at the upstream. */
  async untilSent(hits: number): Promise<void> {
    while (this.house.upstream.hits.length < hits) await Bun.sleep(2)
  }

  private async addTool(project_id: number, fields: { name: string; http_method: string }) {
    const made = await this.made('custom-tools', {
      project_id,
      base_url: this.house.upstream.url,
      endpoint_path: `/${fields.name}`,
      deduplication: { mode: 'off', window_seconds: null },
      ...fields,
    })
    return made.id as number
  }

  private async made(what: string, body: object) {
    const answer = await this.house.api('POST', `/api/v1/${what}`, body)
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
    return answer.body
  }
}
