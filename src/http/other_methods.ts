import { AppError } from '../errors.ts'
import type { ManagementRouter } from './management_router.ts'
import { problemResponse } from './problem.ts'

/**
 * Answers other methods of public paths below `/api/v1` with 405, before a credential is asked for
 * (RFC 9110 §15.5.6; case 130).
 */
export function refuseOtherMethods(
  router: ManagementRouter,
  paths: readonly string[],
  allowed: readonly string[],
): void {
  const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((one) => !allowed.includes(one))
  router.on(methods, [...paths], (c) => {
    const response = problemResponse(new AppError('method_not_allowed'), c.get('requestId'))
    response.headers.set('allow', allowed.join(', '))
    return response
  })
}
