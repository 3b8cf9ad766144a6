import type { ErrorCode } from '../src/errors.ts'
import { callCauses } from './error_causes/call_causes.ts'
import { memberCauses } from './error_causes/member_causes.ts'
import { openapiCauses } from './error_causes/openapi_causes.ts'
import { peopleCauses } from './error_causes/people_causes.ts'
import { requestCauses } from './error_causes/request_causes.ts'
import { upstreamCauses } from './error_causes/upstream_causes.ts'

/** What the page says of one error beside its status and detail. Markdown. */
export interface ErrorAdvice {
  readonly group: ErrorGroup
  readonly cause: string
  readonly fix: string
}

/** The parts of docs/errors.md in their order: title and a line on when these are met. */
export const errorGroups = {
  credentials: {
    title: 'Credentials and permissions',
    about: 'Reported by `/mcp`, `/api/v1` and the command line before anything else is looked at.',
  },
  session: {
    title: 'Session tokens and member assertions',
    about:
      'Reported by `POST /api/v1/mcp/session-token`, and for assertions by `gatehouse assertion ' +
      'verify` too, which shows each check up to the one that fails and uses nothing up. The reason ' +
      'names the `kid`, the expected `aud` and the time of the server. How it is done: ' +
      '[members.md](members.md).',
  },
  assertion_keys: {
    title: 'Assertion keys',
    about: 'Reported by `POST /api/v1/assertion-keys` and `gatehouse assertion-key add`.',
  },
  people: {
    title: 'People, sign-in and OAuth',
    about:
      'Shown on pages of the console and of the sign-in, and reported by `/api/v1` and the OAuth ' +
      'endpoints.',
  },
  request: {
    title: 'The request itself',
    about: 'The HTTP request or its JSON could not be taken as it came.',
  },
  registration: {
    title: 'Registering or changing a tool',
    about: 'Nothing was stored.',
  },
  call: {
    title: 'Calling a tool: refused before anything was sent',
    about: 'The upstream has seen nothing of these calls.',
  },
  upstream: {
    title: 'Calling a tool: the upstream',
    about:
      'The run of the call (`gatehouse runs show RUN_ID`) says how far it came. A write that was ' +
      'sent and got no answer is always reported as [`outcome_unknown`](#outcome_unknown); the ' +
      'code that led to it stands in the reason.',
  },
  openapi: {
    title: 'Importing an OpenAPI document',
    about: 'Nothing was changed. An import that failed says the same in its `error`.',
  },
  house: {
    title: 'The server and its store',
    about: 'The caller did nothing wrong. The server log has more.',
  },
} as const

/** A part of docs/errors.md. */
export type ErrorGroup = keyof typeof errorGroups

/** Some of the table. */
export type CausesOf = Readonly<Partial<Record<ErrorCode, ErrorAdvice>>>

/** Cause and fix of every error; a code without an entry does not compile. */
export const errorCauses: Readonly<Record<ErrorCode, ErrorAdvice>> = {
  ...requestCauses,
  ...memberCauses,
  ...peopleCauses,
  ...callCauses,
  ...openapiCauses,
  ...upstreamCauses,
}
