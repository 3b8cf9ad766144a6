import type { OauthClientKind } from '../../model/oauth_client.ts'
import type { Role } from '../../model/user.ts'

/**
 * Where the pages' links and forms lead. Every form posts `application/x-www-form-urlencoded`, no
 * name twice; the names of its fields stand at the view.
 */
export const pagePaths = {
  signIn: '/login',
  secondFactor: '/login/second-factor',
  beginPasskeySignIn: '/login/passkey',
  answerPasskey: '/login/passkey/answer',
  signOut: '/logout',
  setup: '/setup',
  account: '/account',
  changePassword: '/account/password',
  beginSecondFactor: '/account/second-factor/begin',
  confirmSecondFactor: '/account/second-factor/confirm',
  removeSecondFactor: '/account/second-factor/remove',
  renewRecoveryCodes: '/account/recovery-codes',
  beginPasskey: '/account/passkeys/begin',
  addPasskey: '/account/passkeys/add',
  removePasskey: '/account/passkeys/remove',
  endSession: '/account/sessions/end',
  endOtherSessions: '/account/sessions/end-others',
  revokeConnection: '/account/connections/revoke',
  revokeAllConnections: '/account/connections/revoke-all',
  authorize: '/api/v1/mcp-oauth/authorize',
} as const

/** Sign in: posts `next`, `email`, `password` (and `csrf` where given) to `pagePaths.signIn`. */
export interface SignInView {
  /** The relative URL to go to afterwards; null for the account page. */
  readonly next: string | null
  /** What was typed before, or ''. */
  readonly email: string
  /** A sentence for the person, or null. */
  readonly error: string | null
  /** What to say that is no failure: `Your password is set. Sign in.` */
  readonly notice?: string | null
  readonly csrf?: string
  /** An OpenID provider to sign in through; `url` is a path of this server. */
  readonly otherProvider: { readonly name: string; readonly url: string } | null
  /** Whether the provider is the only way in: no fields then. */
  readonly isPasswordOff?: boolean
  /** Whether there is a way in by passkey; needs the headers that let its script run. */
  readonly offersPasskeys?: boolean
  /** Whether `error` is about a passkey, not about the fields. */
  readonly isPasskeyRefused?: boolean
}

/** The browser asks for a passkey: posts `next` and `answer` to `pagePaths.answerPasskey`. */
export interface PasskeyView {
  readonly next: string | null
  /** What the browser is asked, as JSON. */
  readonly options: string
}

/**
 * The second step of signing in: posts `next`, `code` (six digits or a recovery code) and `csrf`
 * to `pagePaths.secondFactor`.
 */
export interface SecondFactorView {
  readonly next: string | null
  readonly email: string
  readonly error: string | null
  readonly csrf: string
  /** Whether a passkey may stand in for the code; needs the headers that let its script run. */
  readonly offersPasskeys?: boolean
}

/** A field of a form that was refused, and why. */
export interface FieldError {
  readonly field: string
  readonly message: string
}

/**
 * What a one-time link leads to: posts `token`, `password`, `password_again`, and for the first
 * owner `name` and `email` too, to `pagePaths.setup`.
 */
export interface SetupView {
  readonly purpose: 'first_owner' | 'invite' | 'reset'
  /** The token of the link; null asks the person to paste it. */
  readonly token: string | null
  /** Whose account it is; null where the person says so (`first_owner`). */
  readonly email: string | null
  /** What was typed before, or ''. */
  readonly typed: { readonly name: string; readonly email: string }
  readonly minPasswordLength: number
  readonly errors: readonly FieldError[]
}

/** An authenticator app, not set up, being set up, or in use. */
export type TotpView =
  | { readonly state: 'off' }
  | {
      readonly state: 'enrolling'
      /** `otpauth://totp/…`. */
      readonly uri: string
      /** The secret in base32. */
      readonly secret: string
      /** The URI as a QR code, row by row, true for dark. */
      readonly qrModules: readonly (readonly boolean[])[]
    }
  | { readonly state: 'on'; readonly recoveryCodesLeft: number }

/** One passkey of the person. */
export interface OwnPasskeyView {
  readonly id: number
  readonly name: string
  readonly createdAtMs: number
  readonly lastUsedAtMs: number | null
}

/** One place where the person is signed in. */
export interface SessionView {
  readonly id: number
  readonly isCurrent: boolean
  readonly userAgent: string | null
  readonly address: string | null
  readonly createdAtMs: number
  readonly lastSeenAtMs: number
}

/** One AI client that the person has connected. */
export interface ConnectionView {
  readonly grantId: string
  readonly clientName: string
  readonly verifiedHost: string | null
  readonly projectName: string
  readonly scopes: readonly string[]
  readonly createdAtMs: number
  readonly lastUsedAtMs: number | null
  readonly lastAddress: string | null
}

/** A form of the account page that may be refused for what was typed. */
export type AccountForm =
  | 'changePassword'
  | 'confirmSecondFactor'
  | 'removeSecondFactor'
  | 'renewRecoveryCodes'
  | 'beginPasskey'
  | 'removePasskey'

/**
 * A person's own page. Its forms post `csrf` and:
 * `changePassword` current_password, password, password_again · `beginSecondFactor` nothing more ·
 * `confirmSecondFactor` code · `removeSecondFactor` and `renewRecoveryCodes` current_password ·
 * `beginPasskey` passkey_name, current_password · `addPasskey` passkey_name, answer ·
 * `removePasskey` passkey_id, current_password · `endSession` session_id · `revokeConnection` grant_id · the two others nothing more.
 */
export interface AccountView {
  readonly user: {
    readonly name: string
    readonly email: string
    readonly hasPassword: boolean
  }
  /** `projectName` null: all projects. */
  readonly memberships: readonly { readonly projectName: string | null; readonly role: Role }[]
  readonly totp: TotpView
  readonly passkeys: { readonly isOffered: boolean; readonly list: readonly OwnPasskeyView[] }
  /** A passkey that the browser is asked to make now: its name, and what to ask as JSON. */
  readonly newPasskey: { readonly name: string; readonly options: string } | null
  /** New recovery codes, shown this once; null otherwise. */
  readonly recoveryCodes: readonly string[] | null
  readonly sessions: readonly SessionView[]
  readonly connections: readonly ConnectionView[]
  readonly minPasswordLength: number
  readonly csrf: string
  /** What was done: `Your password is changed.` */
  readonly message: string | null
  readonly errors: readonly (FieldError & { readonly form: AccountForm })[]
}

/** Who asks for access. */
export interface ConsentClient {
  /** What it calls itself; cleaned and cut by the page. */
  readonly name: string
  readonly clientId: string
  readonly kind: OauthClientKind
  /** The host that vouches for it; null where nobody does. */
  readonly verifiedHost: string | null
  /** Host and port of the redirect URI; for a private scheme, the scheme: `cursor:`. */
  readonly redirectHost: string
  /** Whether the answer goes to the person's own machine. */
  readonly isLoopback: boolean
  /** Whether nobody vouches for the name. */
  readonly isUnverified: boolean
}

/** A scope a person may approve; `ALL` is explained by the page. */
export interface ConsentScope {
  readonly name: string
  readonly description: string
  readonly isWrite: boolean
  /** Whether its box is checked to begin with. */
  readonly isGranted: boolean
}

/** A project the person may connect to. */
export interface ConsentProject {
  readonly id: number
  readonly name: string
  readonly slug: string
  /** Within the ceiling and what was asked. */
  readonly scopes: readonly ConsentScope[]
  /** False where the project's policy refuses this client: shown, not to be chosen. */
  readonly isAllowed: boolean
}

/**
 * The consent page. Posts to `pagePaths.authorize`: the hidden fields as they are, `csrf`,
 * `project` (an id), one `scopeField(…)` = `on` per checked box, `decision` = `approve` | `deny`.
 * The boxes of all projects are sent: those of the chosen one count.
 * Its sign-out form posts `csrf` and `next` to `pagePaths.signOut`.
 */
export interface ConsentView {
  readonly client: ConsentClient
  readonly user: { readonly name: string; readonly email: string }
  readonly projects: readonly ConsentProject[]
  readonly chosenProjectId: number | null
  /** Whether the client named no scope, and so asks for all that is allowed. */
  readonly asksForEverything: boolean
  /** Further warnings, a sentence each. */
  readonly warnings: readonly string[]
  /**
   * The parameters of the request, as name and value. Browsers rewrite control characters in form
   * fields, newlines among them: a request that holds any is to be refused before it gets here.
   */
  readonly hidden: readonly (readonly [string, string])[]
  /** The relative URL of this very request: where to come back to after signing out. */
  readonly next: string
  readonly csrf: string
  readonly error: string | null
}

/** Names the check box of a scope in the consent form: `scope.7.CONTACTS_READ`. */
export function scopeField(projectId: number, scope: string): string {
  return `scope.${projectId}.${scope}`
}

/** Where a person goes after the decision. */
export interface ContinueView {
  /** The redirect URI with its parameters. */
  readonly url: string
  /** Its host, as on the consent page. */
  readonly redirectHost: string
}

/** Why a request for access went no further, where it may not be told by a redirect. */
export interface AuthorizeErrorView {
  readonly title: string
  readonly detail: string
  /** What the person can do about it, or null. */
  readonly reason: string | null
  /** The error's code, or null. */
  readonly code?: string | null
}

/** What an installation without an owner shows. */
export interface SetupHintView {
  /** The command that prints a new setup link. */
  readonly command: string
}

/** After signing out. */
export interface SignedOutView {
  /** Where signing in leads afterwards; null for the account page. */
  readonly next: string | null
}

/** Why a link or a form led nowhere. */
export interface RefusalView {
  readonly title: string
  /** What the person can do about it, or null. */
  readonly reason: string | null
}
