import { z } from '@hono/zod-openapi'
import type { JsonObject } from '../../lib/json.ts'
import {
  type Deduplication,
  defaultDeduplication,
  defaultRetry,
  type RetryPolicy,
  type VerifyRule,
} from '../../model/tool.ts'

/** How repeated calls are told from new ones, as it is written (wire.md §5, §7). */
export const deduplicationSchema = z
  .strictObject({
    mode: z.enum(['identical', 'key', 'off']).default(defaultDeduplication.mode),
    window_seconds: z
      .int()
      .min(0)
      .max(86_400)
      .nullable()
      .default(null)
      .meta({ description: 'How long a success answers identical calls; null: 300, for GET 0.' }),
  })
  .meta({ description: 'Whether an identical call is answered from the one before.' })

/** When a request may be sent again by itself, as it is written. */
export const retrySchema = z
  .strictObject({
    max_attempts: z.int().min(1).max(5).default(defaultRetry.maxAttempts),
    idempotent: z
      .boolean()
      .default(false)
      .meta({ description: 'Asking the API twice does no more than asking once.' }),
    honours_key: z
      .boolean()
      .default(false)
      .meta({ description: 'The API does nothing twice under one `Idempotency-Key`.' }),
  })
  .meta({ description: 'When a request may be sent again by itself.' })

/** How to find out whether a write took effect, as it is written. */
export const verifySchema = z
  .strictObject({
    path: z.string().min(1).max(4_000),
    query: z.record(z.string(), z.unknown()).nullable().default(null),
    done: z.string().min(1).max(4_000).meta({
      description: 'JMESPath over the JSON answer; whatever it finds, the write was done.',
      example: 'items[?reference == `order-17`]',
    }),
  })
  .meta({ description: 'A GET that tells whether a write of unknown outcome was done.' })

/** Reads what a body says of repeats. */
export const deduplicationOf = (json: z.infer<typeof deduplicationSchema>): Deduplication => ({
  mode: json.mode,
  windowSeconds: json.window_seconds,
})
export const retryOf = (json: z.infer<typeof retrySchema>): RetryPolicy => ({
  maxAttempts: json.max_attempts,
  isIdempotent: json.idempotent,
  honoursKey: json.honours_key,
})
export const verifyOf = (json: z.infer<typeof verifySchema>): VerifyRule => ({
  path: json.path,
  query: json.query as JsonObject | null,
  done: json.done,
})

/** Writes what a tool says of repeats as the API shows it. */
export const deduplicationJson = ({ mode, windowSeconds }: Deduplication) => ({
  mode,
  window_seconds: windowSeconds,
})
export const retryJson = ({ maxAttempts, isIdempotent, honoursKey }: RetryPolicy) => ({
  max_attempts: maxAttempts,
  idempotent: isIdempotent,
  honours_key: honoursKey,
})
export const verifyJson = ({ path, query, done }: VerifyRule) => ({ path, query, done })
