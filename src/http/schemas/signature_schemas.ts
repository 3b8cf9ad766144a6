import { z } from '@hono/zod-openapi'
import type { SignatureInquiry, ToolSignatureExplanation } from '../../manage/signatures.ts'
import { moment, momentOf } from './common_schemas.ts'

const asReceived = 'As your API received it, character for character.'

/** A request of a tool as its upstream received it. */
export const signatureInquirySchema = z
  .strictObject({
    tool_id: z.int().positive().optional(),
    run_id: z
      .string()
      .max(64)
      .optional()
      .meta({ description: 'A Run ID of the tool, in place of `tool_id`.' }),
    timestamp: z.string().max(64).meta({ description: asReceived, example: '1760000000' }),
    request_id: z
      .string()
      .max(200)
      .meta({ description: asReceived, example: '123e4567-e89b-42d3-a456-426614174000' }),
    method: z.string().max(32).meta({ example: 'POST' }),
    target: z
      .string()
      .max(32 * 1024)
      .meta({ description: 'Raw path and query.', example: '/v1/contacts/lookup' }),
    body: z.string().optional().meta({ description: 'As text; absent for none.' }),
    body_base64: z
      .base64()
      .optional()
      .meta({ description: 'The bytes of the body, in place of `body`.' }),
    signature: z
      .string()
      .max(1000)
      .optional()
      .meta({ description: 'The value of `X-Tengine-Signature`, or what your code computed.' }),
  })
  .refine((body) => body.tool_id !== undefined || body.run_id !== undefined, {
    path: ['tool_id'],
    message: 'is required, or run_id',
  })
  .refine((body) => body.tool_id === undefined || body.run_id === undefined, {
    path: ['run_id'],
    message: 'does not go with tool_id',
  })
  .refine((body) => body.body === undefined || body.body_base64 === undefined, {
    path: ['body_base64'],
    message: 'does not go with body',
  })
  .openapi('SignatureInquiry')

/** What was found, in answers. */
export const signatureExplanationSchema = z
  .object({
    canonical_line: z.string().meta({ description: 'What has to be signed for this request.' }),
    body_sha256: z.string(),
    checks: z.array(
      z.object({
        name: z.string(),
        ok: z.boolean().nullable().meta({ description: 'null where it cannot be said.' }),
        message: z.string(),
      }),
    ),
    matches: z
      .boolean()
      .nullable()
      .meta({ description: 'Whatever the age of the timestamp; null without a signature.' }),
    likely_cause: z
      .string()
      .nullable()
      .meta({ description: 'The mistake that explains the signature, where it is a known one.' }),
    secrets_tried: z.array(z.enum(['current', 'previous'])),
    server_time: moment,
  })
  .openapi('SignatureExplanation')

/** The inquiry a checked body makes. */
export function signatureInquiryOf(body: z.infer<typeof signatureInquirySchema>): SignatureInquiry {
  const { tool_id: toolId = 0, run_id: runId, body_base64: base64 } = body
  return {
    of: runId === undefined ? { toolId } : { runId },
    timestamp: body.timestamp,
    requestId: body.request_id,
    method: body.method,
    target: body.target,
    body: base64 === undefined ? Buffer.from(body.body ?? '') : Buffer.from(base64, 'base64'),
    signature: body.signature ?? null,
  }
}

/** Writes what was found as the API shows it. */
export function signatureExplanationJson(explanation: ToolSignatureExplanation) {
  return {
    canonical_line: explanation.canonicalLine,
    body_sha256: explanation.bodySha256,
    checks: [...explanation.checks],
    matches: explanation.matches,
    likely_cause: explanation.likelyCause,
    secrets_tried: [...explanation.secretsTried],
    server_time: momentOf(explanation.nowMs),
  }
}
