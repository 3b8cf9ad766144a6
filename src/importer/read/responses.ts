import type { ApiContent, ApiResponse } from '../api_document.ts'
import { mediaTypesOf } from './bodies.ts'
import { mediaTypeOf, readContents } from './contents.ts'
import { child, members, type ObjectPlace } from './place.ts'
import { optionalObject, type Reading } from './reading.ts'

/** Reads the answers of an operation; one that cannot be read is left out with a warning. */
export function readResponses(reading: Reading, operation: ObjectPlace): ApiResponse[] {
  const map = optionalObject(reading, child(operation, 'responses'), 'the list of responses')
  if (map === null) return []
  const responses: ApiResponse[] = []
  for (const [status, place] of members(map)) {
    if (status.startsWith('x-')) continue
    const response = optionalObject(reading, place, `the response ${status}`)
    if (response === null) continue
    responses.push({
      status: /^\dxx$/i.test(status) ? status.toUpperCase() : status,
      description: reading.references.text(child(response, 'description')),
      contents: contentsOf(reading, { operation, response }),
    })
  }
  return responses
}

interface Answer {
  readonly operation: ObjectPlace
  readonly response: ObjectPlace
}

function contentsOf(reading: Reading, { operation, response }: Answer): ApiContent[] {
  if (response.value['content'] !== undefined)
    return readContents(reading, child(response, 'content'))
  const schema = child(response, 'schema')
  if (schema.value === undefined || schema.value === null) return []
  const read = reading.schemas.read(schema)
  const types = mediaTypesOf(reading, operation, 'produces')
  const examples = new Map(
    members(child(response, 'examples')).map(([type, place]) => [mediaTypeOf(type), place.value]),
  )
  return (types.length > 0 ? types : ['application/json']).map((mediaType) => ({
    mediaType,
    schema: read,
    encoding: {},
    example: examples.get(mediaType),
  }))
}
