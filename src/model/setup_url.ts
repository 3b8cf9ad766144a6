/** The address of a one-time link's page; a path, for the page works without scripts. */
export function setupUrl(publicUrl: string, token: string): string {
  return `${publicUrl}/setup/${token}`
}

/** A path as logs may show it: the token of a one-time link is left out (reliability.md case 260). */
export function loggablePath(path: string): string {
  return path.startsWith('/setup/') ? '/setup/[redacted]' : path
}
