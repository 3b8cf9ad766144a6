import { OpenAPIHono } from '@hono/zod-openapi'
import type { z } from 'zod'
import type { AccessDeps } from '../access/authenticate.ts'
import type { ConsoleDeps } from '../access/console_session.ts'
import type { ExternalSignIn } from '../access/external_sign_in.ts'
import type { FailedAttempts } from '../access/failed_attempts.ts'
import type { RateLimits } from '../access/rate_limits.ts'
import type { UsageControl } from '../access/usage_control.ts'
import { AppError, type FieldError } from '../errors.ts'
import type { ExecutorDeps } from '../executor/call_tool.ts'
import type { JsonValue } from '../lib/json.ts'
import type { Logger } from '../log.ts'
import type { ManageDeps } from '../manage/manage_deps.ts'
import type { OpenapiDeps } from '../manage/openapi/openapi_deps.ts'
import type { Administrator } from '../model/admin_token.ts'
import type { Principal } from '../model/principal.ts'
import type { OauthDeps } from '../oauth/oauth_deps.ts'
import type { Peer } from './peer.ts'

/** What the management routes need of the house. */
export interface ManagementDeps {
  readonly access: AccessDeps
  readonly console: ConsoleDeps
  /** Null where no OpenID provider is configured. */
  readonly external: ExternalSignIn | null
  readonly executor: ExecutorDeps
  readonly manage: ManageDeps
  readonly openapi: OpenapiDeps
  readonly oauth: OauthDeps
  readonly limits: RateLimits
  readonly usage: UsageControl
  readonly failures: FailedAttempts
  readonly logger: Logger
}

/** What middleware hands to the routes. */
export interface ManagementEnv {
  Bindings: {
    readonly peer: Peer
    /** The client's address; null on the machine itself. */
    readonly address: string | null
  }
  Variables: {
    readonly requestId: string
    /** Who mints a session token; only there. */
    readonly minter: Principal
    readonly admin: Administrator
    /** The body as the strict parser read it; the routes take free-form JSON from here. */
    readonly exactBody: JsonValue
  }
}

/** A router of this API. */
export type ManagementRouter = OpenAPIHono<ManagementEnv>

/** Creates a router whose validation failures are answered alike. */
export function createRouter(): ManagementRouter {
  return new OpenAPIHono<ManagementEnv>({ defaultHook: refuseInvalid })
}

/** Checks a value as routes check theirs. @throws AppError validation_failed */
export function checkedBy<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const result = schema.safeParse(value)
  refuseInvalid(result)
  return result.data as z.infer<T>
}

type Validation = { success: true } | { success: false; error: z.core.$ZodError }

function refuseInvalid(result: Validation): void {
  if (result.success) return
  const errors: FieldError[] = result.error.issues.flatMap(fieldErrors)
  throw new AppError('validation_failed', { errors })
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const pointer = issue.path.map(pointerStep).join('')
  if (issue.code !== 'unrecognized_keys') return [{ pointer, message: issue.message }]
  return issue.keys.map((key) => ({
    pointer: pointer + pointerStep(key),
    message: 'is not a field this takes',
  }))
}

const pointerStep = (key: PropertyKey) =>
  `/${String(key).slice(0, 128).replaceAll('~', '~0').replaceAll('/', '~1')}`
