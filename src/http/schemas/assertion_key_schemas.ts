import { z } from '@hono/zod-openapi'
import { type AssertionKey, assertionAlgorithms, kidPattern } from '../../model/assertion_key.ts'
import { moment, momentOf, momentOrNull } from './common_schemas.ts'

/** An assertion key in answers. */
export const assertionKeySchema = z
  .object({
    id: z.int(),
    project_id: z.int(),
    kid: z.string(),
    algorithm: z.enum(assertionAlgorithms),
    public_key: z.string().meta({ description: 'SubjectPublicKeyInfo in PEM.' }),
    is_active: z.boolean(),
    created_at: moment,
    deactivated_at: moment.nullable(),
  })
  .openapi('AssertionKey')

/** A key to register. What `algorithm` may be is the key reader's to say, in its literal words. */
export const newAssertionKeySchema = z
  .strictObject({
    project_id: z.int().positive().optional(),
    kid: z.string().regex(kidPattern, 'must be 1 to 128 visible ASCII characters'),
    public_key: z.string().max(16_384).meta({ description: 'SubjectPublicKeyInfo in PEM.' }),
    algorithm: z
      .string()
      .max(64)
      .nullish()
      .meta({ description: `${assertionAlgorithms.join(', ')}; inferred from the key.` }),
  })
  .openapi('NewAssertionKey')

/** Writes an assertion key as the API shows it. */
export function assertionKeyJson(key: AssertionKey) {
  return {
    id: key.id,
    project_id: key.projectId,
    kid: key.kid,
    algorithm: key.algorithm,
    public_key: key.publicKey,
    is_active: key.deactivatedAtMs === null,
    created_at: momentOf(key.createdAtMs),
    deactivated_at: momentOrNull(key.deactivatedAtMs),
  }
}
