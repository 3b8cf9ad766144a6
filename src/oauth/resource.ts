import { mcpUrlOf } from '../model/mcp_url.ts'

/** An MCP URL of this server, the audience of tokens (RFC 8707 §2). */
export interface Resource {
  /** In canonical form: no trailing slash, scheme and host in lower case. */
  readonly url: string
  /** The project's; null for `/mcp`, which is every project's. */
  readonly slug: string | null
}

/** The MCP URL of a project; of whichever project it may be where `slug` is null. */
export function resourceOf(publicUrl: string, slug: string | null): Resource {
  return { url: mcpUrlOf(publicUrl, slug), slug }
}

const shape = /^([A-Za-z]+:\/\/[^/?#@\\]+)\/mcp(?:\/([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?))?\/?$/

/**
 * The resource a client names, a trailing slash and an upper-case scheme or host overlooked (MCP
 * 2026-07-28 basic/authorization, canonical server URI); null when it is none of this server's.
 */
export function readResource(publicUrl: string, text: string): Resource | null {
  const [, origin, slug] = shape.exec(text) ?? []
  if (origin === undefined || URL.parse(origin)?.origin !== publicUrl) return null
  return resourceOf(publicUrl, slug ?? null)
}
