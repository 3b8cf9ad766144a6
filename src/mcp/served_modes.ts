import type { Principal } from '../model/principal.ts'
import { type ProjectServing, type ServedMode, servedMode } from '../model/tool_mode.ts'
import { isVisible } from './visible_tool.ts'

/** Reads how a project's tools are served. */
export type ReadServing = (projectId: number) => Promise<ProjectServing>

/** What a caller is served, and why. */
export interface Serving {
  readonly mode: ServedMode
  /** How many tools the caller may see. */
  readonly tools: number
  /** Estimated tokens that listing them all would cost. */
  readonly tokens: number
  /** Whether there may be more to read than an answer shows. */
  readonly cutsAnswers: boolean
}

interface KnownServing {
  readonly epoch: number
  readonly serving: Promise<ProjectServing>
}

/** Projects kept in memory at most. */
const MAX_PROJECTS = 1_000

/** Decides for each caller whether it is served the whole list, or search instead. */
export class ServedModes {
  private readonly readServing: ReadServing
  private readonly projects = new Map<number, KnownServing>()

  constructor(readServing: ReadServing) {
    this.readServing = readServing
  }

  /** What a caller is served; by what it may see, so that hidden tools do not count. */
  async of(principal: Principal): Promise<Serving> {
    const project = await this.projectOf(principal)
    let tools = 0
    let tokens = 0
    for (const total of project.totals) {
      if (!total.isEnabled || !isVisible(principal, total)) continue
      tools += total.tools
      tokens += total.tokens
    }
    const { cutsAnswers } = project
    return { mode: servedMode(project, tokens), tools, tokens, cutsAnswers }
  }

  private projectOf({ projectId, projectEpoch }: Principal): Promise<ProjectServing> {
    const known = this.projects.get(projectId)
    if (known !== undefined && known.epoch >= projectEpoch) return known.serving
    const serving = this.readServing(projectId)
    if (this.projects.size >= MAX_PROJECTS) this.projects.clear()
    this.projects.set(projectId, { epoch: projectEpoch, serving })
    serving.catch(() => this.projects.delete(projectId))
    return serving
  }
}
