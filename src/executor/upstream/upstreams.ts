import type { UpstreamState } from '../../model/upstream_state.ts'
import { type Pace, systemPace } from './pace.ts'
import { Upstream, type UpstreamLimits } from './upstream.ts'

/** How the upstreams of an instance are set up. */
export interface UpstreamsOptions {
  readonly limits?: UpstreamLimits
  readonly pace?: Pace
  /** Told when calls to an upstream are stopped, and when they pass again. */
  readonly onChange?: (change: UpstreamChange) => void
}

/** The circuit breaker of an upstream has opened or closed. */
export interface UpstreamChange {
  readonly projectId: number
  readonly origin: string
  readonly state: 'open' | 'closed'
  /** Catalogue code of the last failure; null where it closed. */
  readonly code: string | null
}

const maxUpstreams = 2_000
const idleMs = 10 * 60_000
const defaultLimits: UpstreamLimits = { concurrency: 64, queue: 128 }

/**
 * What is known of each upstream, by project and origin: what one project does to an upstream, or an
 * upstream to it, is never felt by another project. Bounded in memory; idle ones are forgotten.
 */
export class Upstreams {
  readonly pace: Pace
  private readonly limits: UpstreamLimits
  private readonly onChange: (change: UpstreamChange) => void
  private readonly projects = new Map<number, Map<string, Upstream>>()
  private count = 0

  constructor(options: UpstreamsOptions = {}) {
    this.limits = options.limits ?? defaultLimits
    this.pace = options.pace ?? systemPace
    this.onChange = options.onChange ?? (() => undefined)
  }

  /** Gives the upstream of a project at an origin. */
  of(projectId: number, origin: string): Upstream {
    return this.projects.get(projectId)?.get(origin) ?? this.add(projectId, origin)
  }

  /** How the upstreams that a project called lately fare, by origin. */
  list(projectId: number): UpstreamState[] {
    const views = [...(this.projects.get(projectId)?.values() ?? [])].map((each) => each.view())
    return views.sort((a, b) => (a.origin < b.origin ? -1 : 1))
  }

  /** Hands on that a breaker opened or closed. */
  changed(projectId: number, upstream: Upstream, state: 'open' | 'closed'): void {
    const code = state === 'open' ? (upstream.view().lastFailure?.code ?? null) : null
    this.onChange({ projectId, origin: upstream.origin, state, code })
  }

  private add(projectId: number, origin: string): Upstream {
    if (this.count >= maxUpstreams) this.makeRoom()
    const upstream = new Upstream(origin, this.limits, this.pace)
    const ofProject = this.projects.get(projectId)
    if (ofProject === undefined) this.projects.set(projectId, new Map([[origin, upstream]]))
    else ofProject.set(origin, upstream)
    this.count++
    return upstream
  }

  /** Forgets the idle ones, and where none is, a tenth of those without a call under way. */
  private makeRoom(): void {
    const nowMs = this.pace.nowMs()
    if (this.forget(nowMs - idleMs, maxUpstreams) > 0) return
    this.forget(Number.POSITIVE_INFINITY, maxUpstreams / 10)
  }

  private forget(sinceMs: number, atMost: number): number {
    let forgotten = 0
    for (const [projectId, ofProject] of this.projects) {
      for (const [origin, upstream] of ofProject) {
        if (forgotten >= atMost || !upstream.isIdleSince(sinceMs)) continue
        ofProject.delete(origin)
        forgotten++
      }
      if (ofProject.size === 0) this.projects.delete(projectId)
    }
    this.count -= forgotten
    return forgotten
  }
}
