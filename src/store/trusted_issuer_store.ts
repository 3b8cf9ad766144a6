import type { TrustedIssuer } from '../model/trusted_issuer.ts'
import { int, text } from './columns.ts'
import type { Operation, Row } from './database.ts'
import { type Page, pageOf } from './page.ts'

const COLUMNS = 'id, project_id, issuer, jwks, created_at_ms'

/** What a new trusted issuer starts with. */
export interface NewTrustedIssuer extends Pick<TrustedIssuer, 'projectId' | 'issuer' | 'jwks'> {
  readonly nowMs: number
}

/** Inserts an issuer, or gives a known one other keys. */
export function* putTrustedIssuer(input: NewTrustedIssuer): Operation<TrustedIssuer | null> {
  const { projectId, issuer, jwks, nowMs } = input
  const [known] = yield {
    sql: `UPDATE trusted_issuers SET jwks = $3
      WHERE project_id = $1 AND issuer = $2 AND deleted_at_ms IS NULL RETURNING ${COLUMNS}`,
    params: [projectId, issuer, jwks],
  }
  if (known !== undefined) return issuerOf(known)
  const [row] = yield {
    sql: `INSERT INTO trusted_issuers (project_id, issuer, jwks, created_at_ms)
      VALUES ($1, $2, $3, $4) RETURNING ${COLUMNS}`,
    params: [projectId, issuer, jwks, nowMs],
  }
  return row === undefined ? null : issuerOf(row)
}

/** Finds the issuer of that name that a project trusts. */
export function* findTrustedIssuer(
  projectId: number,
  issuer: string,
): Operation<TrustedIssuer | null> {
  const [row] = yield {
    sql: `SELECT ${COLUMNS} FROM trusted_issuers
      WHERE project_id = $1 AND issuer = $2 AND deleted_at_ms IS NULL`,
    params: [projectId, issuer],
  }
  return row === undefined ? null : issuerOf(row)
}

/** Finds a trusted issuer by id. */
export function* findTrustedIssuerById(id: number): Operation<TrustedIssuer | null> {
  const [row] = yield {
    sql: `SELECT ${COLUMNS} FROM trusted_issuers WHERE id = $1 AND deleted_at_ms IS NULL`,
    params: [id],
  }
  return row === undefined ? null : issuerOf(row)
}

/** Lists the issuers a project trusts by id, from after `position`. */
export function* listTrustedIssuers(
  projectId: number,
  limit: number,
  position: string | null,
): Operation<Page<TrustedIssuer>> {
  const rows = yield {
    sql: `SELECT ${COLUMNS} FROM trusted_issuers
      WHERE project_id = $1 AND deleted_at_ms IS NULL AND id > $2 ORDER BY id LIMIT $3`,
    params: [projectId, Number(position ?? 0), limit + 1],
  }
  return pageOf(rows.map(issuerOf), limit, (issuer) => String(issuer.id))
}

/** Ends the trust in an issuer; its members stay known. */
export function* deleteTrustedIssuer(id: number, nowMs: number): Operation<void> {
  yield {
    sql: 'UPDATE trusted_issuers SET deleted_at_ms = $2 WHERE id = $1',
    params: [id, nowMs],
  }
}

function issuerOf(row: Row): TrustedIssuer {
  return {
    id: int(row, 'id'),
    projectId: int(row, 'project_id'),
    issuer: text(row, 'issuer'),
    jwks: text(row, 'jwks'),
    createdAtMs: int(row, 'created_at_ms'),
  }
}
