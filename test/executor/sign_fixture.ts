import type { RenderedRequest } from '../../src/executor/render_request.ts'
import {
  type AttemptStamp,
  prepareAuth,
  type SignedRequest,
  signRequest,
  type UpstreamAuth,
} from '../../src/executor/sign_request.ts'
import { alice } from './request_fixture.ts'

export const requestId = '123e4567-e89b-42d3-a456-426614174000'
export const traceparent = '00-123e4567e89b42d3a456426614174000-00f067aa0ba902b7-01'

/** A stamp with a member named in full and only the id injected. */
export function stamp(parts: Partial<AttemptStamp> = {}): AttemptStamp {
  return {
    requestId,
    timestampSeconds: 1_760_000_000,
    traceparent,
    caller: alice,
    member: {
      externalId: 'alice',
      email: 'alice@example.com',
      roles: ['admin', 'sales'],
      source: 'assertion',
    },
    inject: { id: true, email: false, roles: false },
    idempotencyKey: null,
    ...parts,
  }
}

/** An auth without a secret unless told otherwise. */
export function auth(parts: Partial<UpstreamAuth> = {}): UpstreamAuth {
  return { strategy: 'none', headerName: null, secrets: [], ...parts }
}

/** Prepares and signs in one go. */
export function sign(
  rendered: RenderedRequest,
  authParts: Partial<UpstreamAuth> = {},
  stampParts: Partial<AttemptStamp> = {},
): SignedRequest {
  return signRequest(rendered, prepareAuth(auth(authParts)), stamp(stampParts))
}
