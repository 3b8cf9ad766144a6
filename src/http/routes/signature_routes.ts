import { createRoute } from '@hono/zod-openapi'
import { explainToolSignature } from '../../manage/signatures.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import {
  signatureExplanationJson,
  signatureExplanationSchema,
  signatureInquiryOf,
  signatureInquirySchema,
} from '../schemas/signature_schemas.ts'
import { json, jsonBody, problems, secured } from './route_parts.ts'

const explain = createRoute({
  method: 'post',
  path: '/signatures/explain',
  operationId: 'explainSignature',
  tags: ['Signatures'],
  summary: 'Say why a signature does not match',
  description:
    'Shows the line a signature has to cover and looks for the mistake that explains the one ' +
    'presented. Never answers with a secret or with the signature expected.',
  security: secured,
  request: { body: jsonBody(signatureInquirySchema) },
  responses: { 200: json(signatureExplanationSchema, 'What was found.'), ...problems },
})

/** `/signatures`. */
export function signatureRoutes({ manage }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  router.openapi(explain, async (c) => {
    const inquiry = signatureInquiryOf(c.req.valid('json'))
    const explanation = await explainToolSignature(manage, c.get('admin'), inquiry)
    return c.json(signatureExplanationJson(explanation), 200)
  })
  return router
}
