import { readPerson } from '../../access/person_administrator.ts'
import { AppError } from '../../errors.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'

/**
 * `GET /session`: who is signed in at this browser, and the token that every request of the session
 * which is no mere read carries in `X-CSRF-Token`. For pages of this server, and so not described.
 */
export function sessionRoutes({ console }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  router.get('/session', async (c) => {
    const session = await readPerson(console, c.req.raw)
    if (session === null) throw new AppError('not_signed_in')
    const { user, memberships, csrfToken } = session
    c.header('cache-control', 'no-store')
    return c.json({
      user: { id: user.id, email: user.email, name: user.name },
      roles: memberships.map(({ projectId, role }) => ({ project_id: projectId, role })),
      csrf_token: csrfToken,
    })
  })
  return router
}
