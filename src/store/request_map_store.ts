import { parseJson } from '../lib/json.ts'
import type { RequestMap } from '../model/request_map.ts'
import { blob } from './columns.ts'
import type { Operation } from './database.ts'
import { packed, unpacked } from './packed_json.ts'

/** Finds a request map by its hash; null when none was kept. */
export function* findRequestMap(hash: string): Operation<RequestMap | null> {
  const [row] = yield { sql: 'SELECT map FROM request_maps WHERE hash = $1', params: [hash] }
  return row === undefined ? null : mapOf(blob(row, 'map'))
}

/** Keeps a request map under its hash; one that is there stays. */
export function putRequestMap(hash: string, map: RequestMap): Operation<void> {
  return putPackedRequestMap(hash, packed(map))
}

/** The same of a map that `packed` made small already. */
export function* putPackedRequestMap(hash: string, map: Uint8Array): Operation<void> {
  yield {
    sql: 'INSERT INTO request_maps (hash, map) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    params: [hash, map],
  }
}

/** @throws Error - the column holds no JSON, which is never the fault of who asks */
function mapOf(column: Uint8Array): RequestMap {
  try {
    const limits = { maxDepth: 512, takesFieldNames: true }
    return parseJson(unpacked(column), limits) as unknown as RequestMap
  } catch (cause) {
    throw new Error('a stored request map cannot be read', { cause })
  }
}
