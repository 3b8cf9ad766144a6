import { z } from '@hono/zod-openapi'
import type { ExplainedAssertion } from '../../manage/explain_assertion.ts'
import { assertionAlgorithms } from '../../model/assertion_key.ts'
import { moment, momentOf } from './common_schemas.ts'

/** An assertion to look into. */
export const explainAssertionSchema = z
  .strictObject({
    project_id: z.int().positive().optional(),
    assertion: z.string().min(1).max(8192),
  })
  .openapi('VerifyAssertion')

/** What is right and wrong with it. */
export const explainedAssertionSchema = z
  .object({
    valid: z.boolean().meta({ description: 'Whether it would be exchanged now.' }),
    code: z.string().nullable(),
    detail: z.string().nullable().meta({ description: 'What the exchange would answer.' }),
    reason: z.string().nullable(),
    checks: z.array(
      z.object({
        name: z.string(),
        ok: z
          .boolean()
          .nullable()
          .meta({ description: 'null: not reached, for an earlier check failed.' }),
      }),
    ),
    header: z.record(z.string(), z.unknown()).nullable(),
    claims: z
      .record(z.string(), z.unknown())
      .nullable()
      .meta({ description: 'As read; proven only where the signature check passed.' }),
    expected_audience: z.string(),
    server_time: moment,
    key: z
      .object({ id: z.int(), kid: z.string(), algorithm: z.enum(assertionAlgorithms) })
      .nullable()
      .meta({ description: 'The active key of its `kid`.' }),
  })
  .openapi('VerifiedAssertion')

/** Writes what was found as the API shows it. */
export function explainedAssertionJson(explained: ExplainedAssertion) {
  const { error, key } = explained
  return {
    valid: error === null,
    code: error?.code ?? null,
    detail: error?.message ?? null,
    reason: error?.reason ?? null,
    checks: explained.checks.map(({ name, isPassed }) => ({ name, ok: isPassed })),
    header: explained.header,
    claims: explained.claims,
    expected_audience: explained.expectedAudience,
    server_time: momentOf(explained.serverTimeMs),
    key: key && { id: key.id, kid: key.kid, algorithm: key.algorithm },
  }
}
