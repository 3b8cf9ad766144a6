/** The MCP URL of a project, or with `slug` null the one all share (wire.md §7). */
export function mcpUrlOf(publicUrl: string, slug: string | null): string {
  return `${publicUrl}/mcp${slug === null ? '' : `/${slug}`}`
}

/** Where the protected-resource metadata of an MCP URL is: the path form of RFC 9728 §3.1. */
export function resourceMetadataUrl(publicUrl: string, slug: string | null): string {
  const path = slug === null ? '' : `/${slug}`
  return `${publicUrl}/.well-known/oauth-protected-resource/mcp${path}`
}
