import type { SecurityRequirement, SecurityScheme } from '../api_document.ts'
import {
  child,
  isObjectPlace,
  items,
  members,
  type ObjectPlace,
  type Place,
  textAt,
} from './place.ts'
import { optionalObject, type Reading } from './reading.ts'

/** Reads the security schemes of the document, of any version; broken ones with a warning. */
export function readSecuritySchemes(reading: Reading): Record<string, SecurityScheme> {
  const schemes: Record<string, SecurityScheme> = {}
  for (const [name, place] of schemeMaps(reading).flatMap(members)) {
    const scheme = optionalObject(reading, place, `the security scheme ${name}`)
    if (scheme !== null) schemes[name] = readScheme(reading, scheme)
  }
  return schemes
}

function readScheme(reading: Reading, place: ObjectPlace): SecurityScheme {
  const type = textAt(child(place, 'type')) ?? ''
  const description = reading.references.text(child(place, 'description'))
  switch (type.toLowerCase()) {
    case 'basic':
      return { kind: 'basic', description }
    case 'http':
      return httpScheme(place, description)
    case 'apikey':
      return apiKeyScheme(place, description)
    case 'oauth2':
      return oauthScheme(reading, place, description)
    default:
      return { kind: 'other', type: type || 'unknown', description }
  }
}

function httpScheme(place: Place, description: string | null): SecurityScheme {
  const scheme = textAt(child(place, 'scheme'))?.toLowerCase() ?? ''
  if (scheme === 'bearer' || scheme === 'basic') return { kind: scheme, description }
  return { kind: 'other', type: `http ${scheme}`.trim(), description }
}

function apiKeyScheme(place: Place, description: string | null): SecurityScheme {
  const where = textAt(child(place, 'in'))?.toLowerCase()
  const name = textAt(child(place, 'name'))
  const isPlace = where === 'header' || where === 'query' || where === 'cookie'
  if (!isPlace || !name) return { kind: 'other', type: 'apiKey', description }
  return { kind: 'api_key', in: where, name, description }
}

function oauthScheme(
  reading: Reading,
  place: ObjectPlace,
  description: string | null,
): SecurityScheme {
  const flows = members(child(place, 'flows')).filter(([name]) => !name.startsWith('x-'))
  const oldFlow = textAt(child(place, 'flow'))
  const all: [string, Place][] = oldFlow === null ? flows : [...flows, [oldFlow, place]]
  const machine = all.find(([name]) => name === 'clientCredentials' || name === 'application')
  const url = machine ? textAt(child(machine[1], 'tokenUrl')) : null
  return {
    kind: 'oauth2',
    clientCredentialsUrl: url === null ? null : absoluteUrl(reading, url),
    scopes: scopesOf(all.map(([, flow]) => flow)),
    description,
  }
}

function scopesOf(flows: readonly Place[]): Record<string, string> {
  const scopes: Record<string, string> = {}
  for (const flow of flows) {
    for (const [scope, place] of members(child(flow, 'scopes'))) {
      if (!scope.startsWith('x-')) scopes[scope] ??= textAt(place) ?? ''
    }
  }
  return scopes
}

function absoluteUrl(reading: Reading, url: string): string {
  return URL.parse(url, reading.url ?? undefined)?.href ?? url
}

/** Reads a `security` list; null where there is none, so that the document's counts. */
export function readSecurity(reading: Reading, list: Place): SecurityRequirement[] | null {
  if (list.value === undefined || list.value === null) return null
  const places = isObjectPlace(list) ? [list] : items(list)
  return places.filter(isObjectPlace).map((place) => requirementOf(reading, place))
}

function requirementOf(reading: Reading, place: ObjectPlace): SecurityRequirement {
  const requirement: Record<string, string[]> = {}
  for (const [name, scopes] of members(place)) {
    if (name.startsWith('x-')) continue
    if (!isDescribed(reading, name)) warnUnknown(reading, name)
    requirement[name] = items(scopes)
      .map(textAt)
      .filter((scope) => scope !== null)
  }
  return requirement
}

/** Where schemes are described, in any version; the map may stand in another file. */
function schemeMaps({ root, references }: Reading): Place[] {
  const written = [
    child(root, 'securityDefinitions'),
    child(child(root, 'components'), 'securitySchemes'),
  ]
  return written.map((place) => {
    const followed = references.follow(place)
    return 'place' in followed ? followed.place : place
  })
}

/** By name; 3.2 may also give the address of a scheme. */
function isDescribed(reading: Reading, name: string): boolean {
  if (schemeMaps(reading).some((map) => child(map, name).value !== undefined)) return true
  return reading.version === '3.2' && /[#/]/.test(name)
}

function warnUnknown(reading: Reading, name: string): void {
  reading.findings.warning({
    code: 'security_scheme_unknown',
    pointer: reading.version === '2.0' ? '#/securityDefinitions' : '#/components/securitySchemes',
    reason: `The security scheme ${name.slice(0, 80)} is required but not described.`,
    fix: 'Describe it, or choose the auth of the tools yourself.',
  })
}
