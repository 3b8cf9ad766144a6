import type { z } from '@hono/zod-openapi'
import { problemSchema } from '../schemas/common_schemas.ts'

const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problemSchema } },
})

/** The failures any authenticated route may answer with. */
export const problems = {
  400: problem('The request is not well-formed, or breaks a rule named in `detail`.'),
  401: problem('The credential is missing, wrong or no longer active.'),
  403: problem('The credential may not do this.'),
  404: problem('There is no such resource in reach of the credential.'),
  409: problem('The name is taken, or the resource changed meanwhile.'),
  413: problem('The body is larger than 1 MiB.'),
  415: problem('The body is not `application/json`.'),
  422: problem('A field is invalid; `errors` names each by JSON pointer.'),
  429: problem('Too many calls, or too many failed authentications; `Retry-After` says how long.'),
  500: problem('Something failed here; the log has more under the `request_id`.'),
  503: problem('The store is not available, or the server is shutting down.'),
} as const

/** A JSON answer. */
export const json = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
})

/** A required JSON body. */
export const jsonBody = <T extends z.ZodType>(schema: T) => ({
  required: true as const,
  content: { 'application/json': { schema } },
})

/** Every route but the docs takes the bearer credential. */
export const secured: Record<string, string[]>[] = [{ bearer: [] }]
