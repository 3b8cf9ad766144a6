/** What a project serves in `tools/list` (wire.md §7): `auto` follows its budget. */
export const toolModes = ['auto', 'list', 'search'] as const
export type ToolMode = (typeof toolModes)[number]

/** What one caller is served: every tool, or search with the pinned tools. */
export type ServedMode = 'list' | 'search'

/** What a project may set as tokens that a list may cost in mode `auto`. */
export const toolBudgetRange = { min: 0, max: 10_000_000 } as const

/** What of a project decides how its tools are served. */
export interface ToolServing {
  readonly toolMode: ToolMode
  readonly toolBudgetTokens: number
}

/** Decides for a caller whose visible tools cost this much. */
export function servedMode(
  { toolMode, toolBudgetTokens }: ToolServing,
  tokens: number,
): ServedMode {
  if (toolMode !== 'auto') return toolMode
  return tokens > toolBudgetTokens ? 'search' : 'list'
}

/** What listing some tools of a project costs, those that are alike in what one must hold to see them. */
export interface ToolTotal {
  readonly requiredScopes: readonly string[]
  readonly isEnabled: boolean
  readonly isPinned: boolean
  readonly tools: number
  readonly tokens: number
}

/** How a project's tools are served, and what decides it. */
export interface ProjectServing extends ToolServing {
  readonly totals: readonly ToolTotal[]
  /** Whether an enabled tool cuts long answers, so that there may be more to read. */
  readonly cutsAnswers: boolean
}

/** Estimated tokens of a project's tools, beside those that Gatehouse itself answers. */
export interface ToolTokens {
  readonly all: number
  readonly enabled: number
  /** What a caller with every scope is listed. */
  readonly listed: number
}

/** Adds up a project's tools. */
export function toolTokensOf(project: ProjectServing): ToolTokens {
  const enabled = project.totals.filter(({ isEnabled }) => isEnabled)
  const sum = (totals: readonly ToolTotal[]) => totals.reduce((all, { tokens }) => all + tokens, 0)
  const tokens = { all: sum(project.totals), enabled: sum(enabled) }
  const isSearched = servedMode(project, tokens.enabled) === 'search'
  const listed = isSearched ? sum(enabled.filter(({ isPinned }) => isPinned)) : tokens.enabled
  return { ...tokens, listed }
}
