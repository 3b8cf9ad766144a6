import { AppError } from '../errors.ts'

/** Which names and pages may speak to this server. */
export interface GuardRules {
  /** Host header values, lower case, port included where it is not the scheme's own. */
  readonly hosts: ReadonlySet<string>
  /** Origin header values. */
  readonly origins: ReadonlySet<string>
}

/**
 * Refuses a request by the name it was sent to or the page it came from, before its credential or
 * body is looked at: a browser that was led here by DNS rebinding stops at this line
 * (MCP 2026-07-28 basic/transports; reliability.md cases 21–25).
 * @param isOpenToPages whether the page may be any
 * @throws AppError bad_host, host_not_allowed or origin_not_allowed
 */
export function checkArrival(headers: Headers, rules: GuardRules, isOpenToPages = false): void {
  const host = headers.get('host')
  if (host === null || !rules.hosts.has(host)) throw hostFault(host, rules)
  const origin = headers.get('origin')
  if (origin !== null && !isOpenToPages && !rules.origins.has(origin)) {
    throw new AppError('origin_not_allowed', {
      reason: 'Name the origin in allowed_origins if browsers there may call this server.',
    })
  }
}

const wellFormed = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i

function hostFault(host: string | null, rules: GuardRules): AppError {
  if (host === null || !wellFormed.test(host)) return new AppError('bad_host')
  if (rules.hosts.has(host.toLowerCase())) {
    return new AppError('bad_host', { reason: 'Write it in lower case.' })
  }
  return new AppError('host_not_allowed', {
    reason: 'Set public_url to the address clients use, or name the host in allowed_hosts.',
  })
}

/** What the guards learn from the configuration. */
export interface GuardInputs {
  readonly publicUrl: string
  /** Host and port actually bound. */
  readonly bound: { readonly host: string; readonly port: number } | null
  readonly allowedHosts: readonly string[]
  readonly allowedOrigins: readonly string[]
}

const loopbackNames = ['127.0.0.1', 'localhost', '[::1]']

/** The rules that follow from where the server listens and what it is called. */
export function guardRules(inputs: GuardInputs): GuardRules {
  const url = new URL(inputs.publicUrl)
  const hosts = new Set([url.host, ...inputs.allowedHosts.map((host) => host.toLowerCase())])
  const origins = new Set([url.origin, ...inputs.allowedOrigins])
  if (inputs.bound !== null) {
    const { host, port } = inputs.bound
    const isAny = host === '0.0.0.0' || host === '[::]' || host === '::'
    const names = isAny || loopbackNames.includes(host) ? loopbackNames : [host]
    for (const name of names) {
      hosts.add(`${name}:${port}`)
      if (port === 80) hosts.add(name)
      origins.add(`http://${name}:${port}`)
    }
  }
  return { hosts, origins }
}
