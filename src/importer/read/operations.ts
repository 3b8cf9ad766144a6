import type { JsonObject } from '../../lib/json.ts'
import type { HttpMethod } from '../../model/tool.ts'
import type { ApiOperation, ApiServer, SecurityRequirement } from '../api_document.ts'
import { readBody } from './bodies.ts'
import { readParameters } from './parameters.ts'
import { agreeWithPath } from './path_parameters.ts'
import { booleanAt, child, items, members, type ObjectPlace, type Place, textAt } from './place.ts'
import type { Reading } from './reading.ts'
import { readResponses } from './responses.ts'
import { readSecurity } from './security.ts'
import { readServers } from './servers.ts'

/** An operation to read, with what it has from its path and its document. */
export interface OperationSource {
  readonly key: string
  readonly method: HttpMethod
  readonly path: string
  /** Pointer through `paths`, whatever `$ref` leads to it. */
  readonly pointer: string
  readonly item: ObjectPlace
  readonly operation: ObjectPlace
  readonly servers: readonly ApiServer[]
  readonly security: readonly SecurityRequirement[]
}

/**
 * Reads one operation.
 * @throws OperationProblem where it cannot be called without the part that is broken
 */
export function readOperation(reading: Reading, source: OperationSource): ApiOperation {
  const { operation, item, path } = source
  const { parameters, bodyParts } = readParameters(
    reading,
    child(operation, 'parameters'),
    child(item, 'parameters'),
  )
  const body = readBody(reading, { operation, bodyParts })
  if (body !== null && source.method === 'GET') reading.tally.getBodies++
  if (hasMembers(child(operation, 'callbacks'))) reading.tally.callbacks++
  return {
    ...words(reading, operation),
    key: source.key,
    method: source.method,
    path,
    pointer: source.pointer,
    servers: operationServers(reading, source),
    parameters: agreeWithPath(reading, parameters, { path, pointer: operation.pointer }),
    body,
    responses: readResponses(reading, operation),
    security: readSecurity(reading, child(operation, 'security')) ?? source.security,
  }
}

type Words = Pick<
  ApiOperation,
  'operationId' | 'summary' | 'description' | 'tags' | 'isDeprecated' | 'extensions'
>

function words(reading: Reading, operation: ObjectPlace): Words {
  const id = textAt(child(operation, 'operationId'))?.trim()
  return {
    operationId: id || null,
    summary: reading.references.text(child(operation, 'summary')),
    description: reading.references.text(child(operation, 'description')),
    tags: tagNames(child(operation, 'tags')),
    isDeprecated: booleanAt(child(operation, 'deprecated')) === true,
    extensions: extensionsOf(operation),
  }
}

function tagNames(place: Place): string[] {
  const one = textAt(place)
  const names = one === null ? items(place).map(textAt) : [one]
  return [...new Set(names.filter((name) => name !== null && name !== ''))] as string[]
}

function extensionsOf({ value }: ObjectPlace): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => key.startsWith('x-')))
}

function operationServers(reading: Reading, source: OperationSource): readonly ApiServer[] {
  const own = readServers(reading, child(source.operation, 'servers'))
  return own ?? readServers(reading, child(source.item, 'servers')) ?? schemes(reading, source)
}

/** Swagger 2.0 lets an operation narrow the schemes of the document. */
function schemes(reading: Reading, { operation, servers }: OperationSource): readonly ApiServer[] {
  if (reading.version !== '2.0') return servers
  const own = items(child(operation, 'schemes')).map(textAt)
  const narrowed = servers.filter(({ url }) => own.includes(url.split(':')[0] ?? ''))
  return narrowed.length > 0 ? narrowed : servers
}

function hasMembers(place: Place): boolean {
  return members(place).length > 0
}
