import type { AppError } from '../errors.ts'
import type { Principal } from '../model/principal.ts'

/** One authenticated HTTP exchange. */
export interface McpExchange {
  readonly principal: Principal
  readonly headers: Headers
  /** The project named in the path; null for `/mcp`. */
  readonly slug: string | null
  /** Fires when the client goes away: that is how a call is cancelled (MCP 2026-07-28). */
  readonly signal: AbortSignal
  /** What the log should say of the exchange; filled while it is answered. */
  readonly note: ExchangeNote
}

/** What the access log says of an MCP exchange. */
export interface ExchangeNote {
  method?: string
  tool?: string
  runId?: string
  error?: AppError
}
