import type { ApiServer } from '../api_document.ts'
import { child, isObjectPlace, items, member, type Place, textAt } from './place.ts'
import type { Reading } from './reading.ts'

/** Reads a list of servers; null where there is none, or none that can be called. */
export function readServers(reading: Reading, list: Place): readonly ApiServer[] | null {
  const servers: ApiServer[] = []
  for (const place of items(list)) {
    const server = readServer(reading, place)
    if (server !== null) servers.push(server)
  }
  return servers.length > 0 ? servers : null
}

/** The servers of the document, of any version; `/` of where it came from if it names none. */
export function documentServers(reading: Reading): readonly ApiServer[] {
  if (reading.version === '2.0') return swaggerServers(reading)
  const named = readServers(reading, child(reading.root, 'servers'))
  return named ?? [{ url: absolute(reading, '/'), description: null }]
}

function readServer(reading: Reading, place: Place): ApiServer | null {
  const written = typeof place.value === 'string' ? place.value : textAt(child(place, 'url'))
  if (written === null) {
    warn(reading, place, 'A server has no url; it is left out.')
    return null
  }
  const url = absolute(reading, withScheme(reading, place, filled(reading, place, written.trim())))
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase()
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https' && !/^[^/]*\{/.test(url)) {
    warn(reading, place, `A server speaks ${scheme}, not HTTP; it is left out.`)
    return null
  }
  return { url, description: reading.references.text(child(place, 'description')) }
}

/** Puts values in the place of `{variable}`. */
function filled(reading: Reading, place: Place, url: string): string {
  const variables = child(place, 'variables')
  return url.replace(/\{([^{}]+)\}/g, (whole, name: string) => {
    const value = variableValue(reading, child(variables, name), name)
    if (value === null) warn(reading, place, `The server variable ${name} has no value.`)
    return value ?? whole
  })
}

function variableValue(reading: Reading, variable: Place, name: string): string | null {
  const settings = reading.settings.serverVariables
  const allowed = items(child(variable, 'enum')).map(textAt)
  if (!Object.hasOwn(settings, name)) {
    return textAt(child(variable, 'default')) ?? textAt(variable) ?? allowed[0] ?? null
  }
  const value = settings[name] ?? ''
  if (allowed.length > 0 && !allowed.includes(value)) {
    warn(
      reading,
      variable,
      `The server variable ${name} is set to "${value}", which its enum lacks.`,
    )
  }
  return value
}

/** `api.example.com/v1` is a path by the letter, and never what was meant. */
function withScheme(reading: Reading, place: Place, url: string): string {
  if (!/^(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?(?:\/|$)/i.test(url) || /^\w+\.(?:json|ya?ml)/.test(url)) {
    return url.startsWith('//') && reading.url === null ? `https:${url}` : url
  }
  warn(reading, place, `The server ${url} names no scheme; https is used.`)
  return `https://${url}`
}

function absolute(reading: Reading, url: string): string {
  if (/^[a-z][a-z0-9+.-]*:/i.test(url)) return url
  const relative = url === '' ? '/' : url
  if (reading.url === null || relative.includes('{')) return relative
  const resolved = URL.parse(relative, reading.url)
  if (resolved === null || !/^https?:$/.test(resolved.protocol)) return relative
  return resolved.origin + (resolved.pathname === '/' ? '' : resolved.pathname)
}

function warn(reading: Reading, place: Place, reason: string): void {
  const fix = 'Mend the server, or set a base URL or server variables for the source.'
  reading.findings.warning({ code: 'server_invalid', pointer: place.pointer, reason, fix })
}

/** Schemes times host and base path (Swagger 2.0), https first. */
function swaggerServers(reading: Reading): readonly ApiServer[] {
  const { root } = reading
  const from = reading.url === null ? null : URL.parse(reading.url)
  const host = textAt(child(root, 'host'))
    ?.replace(/^[a-z]+:\/\//i, '')
    .replace(/\/+$/, '')
  const path = `/${(textAt(child(root, 'basePath')) ?? '').replace(/^\/+/, '')}`
  const base = path === '/' ? '' : path
  const authority = host || from?.host
  if (!authority) return [{ url: path, description: null }]
  const given = items(child(root, 'schemes')).map((place) => textAt(place)?.toLowerCase())
  const known = ['https', 'http'].filter((scheme) => given.includes(scheme))
  const schemes = known.length > 0 ? known : [from?.protocol === 'http:' ? 'http' : 'https']
  return schemes.map((scheme) => ({ url: `${scheme}://${authority}${base}`, description: null }))
}

/** What `$self` says (3.2), where it is an address. */
export function selfAddress(root: Place): string | null {
  const self = isObjectPlace(root) ? member(root.value, '$self') : undefined
  return typeof self === 'string' && self !== '' ? self : null
}
