import { accountPage } from '../../../src/web/pages/account_page.ts'
import { consentPage } from '../../../src/web/pages/consent_page.ts'
import { passkeyPage } from '../../../src/web/pages/passkey_page.ts'
import {
  authorizeErrorPage,
  setupHintPage,
  signedOutPage,
} from '../../../src/web/pages/plain_pages.ts'
import { refusalPage } from '../../../src/web/pages/refusal_page.ts'
import { secondFactorPage } from '../../../src/web/pages/second_factor_page.ts'
import { setupPage } from '../../../src/web/pages/setup_page.ts'
import { signInPage } from '../../../src/web/pages/sign_in_page.ts'
import type {
  AccountView,
  ConsentView,
  SetupView,
  SignInView,
} from '../../../src/web/pages/views.ts'

const start = Date.UTC(2026, 3, 7, 9, 41)

/** What the pages are shown with, unless a test says otherwise. */
export const signInView: SignInView = {
  next: '/api/v1/mcp-oauth/authorize?client_id=a&state=b',
  email: 'ada@example.com',
  error: null,
  otherProvider: { name: 'Example SSO', url: '/login/sso' },
}

export const setupView: SetupView = {
  purpose: 'first_owner',
  token: 'gh_setup_secret',
  email: null,
  typed: { name: '', email: '' },
  minPasswordLength: 12,
  errors: [],
}

export const consentView: ConsentView = {
  client: {
    name: 'Claude Code',
    clientId: 'https://claude.ai/oauth/claude-code-client-metadata',
    kind: 'document',
    verifiedHost: 'claude.ai',
    redirectHost: 'localhost:3118',
    isLoopback: true,
    isUnverified: false,
  },
  user: { name: 'Ada Lovelace', email: 'ada@example.com' },
  projects: [
    {
      id: 7,
      name: 'Sales',
      slug: 'sales',
      isAllowed: true,
      scopes: [
        { name: 'ALL', description: '', isWrite: true, isGranted: false },
        {
          name: 'CONTACTS_READ',
          description: 'Look up contacts and their companies',
          isWrite: false,
          isGranted: true,
        },
        { name: 'DEALS_READ', description: '', isWrite: false, isGranted: true },
        {
          name: 'CONTACTS_WRITE',
          description: 'Add and change contacts',
          isWrite: true,
          isGranted: false,
        },
      ],
    },
    {
      id: 8,
      name: 'Support desk',
      slug: 'support',
      isAllowed: true,
      scopes: [{ name: 'TICKETS_READ', description: '', isWrite: false, isGranted: true }],
    },
    { id: 9, name: 'Payroll', slug: 'payroll', isAllowed: false, scopes: [] },
  ],
  chosenProjectId: null,
  asksForEverything: false,
  warnings: [],
  hidden: [
    ['client_id', 'https://claude.ai/oauth/claude-code-client-metadata'],
    ['state', 'a&b="c"'],
  ],
  next: '/api/v1/mcp-oauth/authorize?client_id=a&state=b',
  csrf: 'csrf-of-ada',
  error: null,
}

export const accountView: AccountView = {
  user: { name: 'Ada Lovelace', email: 'ada@example.com', hasPassword: true },
  memberships: [
    { projectName: 'Sales', role: 'developer' },
    { projectName: 'Support desk', role: 'member' },
  ],
  totp: { state: 'off' },
  passkeys: { isOffered: false, list: [] },
  newPasskey: null,
  recoveryCodes: null,
  sessions: [
    {
      id: 1,
      isCurrent: true,
      userAgent: 'Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36',
      address: '192.0.2.7',
      createdAtMs: start,
      lastSeenAtMs: start + 7_200_000,
    },
    {
      id: 2,
      isCurrent: false,
      userAgent: null,
      address: '2001:db8::17',
      createdAtMs: start - 86_400_000,
      lastSeenAtMs: start,
    },
  ],
  connections: [
    {
      grantId: '0190f3d2-0000-7000-8000-000000000001',
      clientName: 'Claude Code',
      verifiedHost: 'claude.ai',
      projectName: 'Sales',
      scopes: ['CONTACTS_READ', 'DEALS_READ'],
      createdAtMs: start,
      lastUsedAtMs: start + 3_600_000,
      lastAddress: '192.0.2.7',
    },
    {
      grantId: '0190f3d2-0000-7000-8000-000000000002',
      clientName: 'My script',
      verifiedHost: null,
      projectName: 'Support desk',
      scopes: ['TICKETS_READ'],
      createdAtMs: start,
      lastUsedAtMs: null,
      lastAddress: null,
    },
  ],
  minPasswordLength: 12,
  csrf: 'csrf-of-ada',
  message: null,
  errors: [],
}

const enrolling = {
  state: 'enrolling',
  uri: 'otpauth://totp/Gatehouse:ada@example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  qrModules: Array.from({ length: 25 }, (_, y) =>
    Array.from({ length: 25 }, (_, x) => (x * y + x + y) % 3 === 0),
  ),
} as const

const codes = Array.from({ length: 10 }, (_, n) => `k7vq-${n}m2x-9tdw`)
const [sales, support] = consentView.projects
if (sales === undefined || support === undefined) throw new Error('two projects are needed')

export const unverifiedView: ConsentView = {
  ...consentView,
  client: {
    name: 'Claude',
    clientId: 'c_7f2a',
    kind: 'registered',
    verifiedHost: null,
    redirectHost: 'connect.example.net',
    isLoopback: false,
    isUnverified: true,
  },
  projects: [{ ...sales, scopes: sales.scopes.map((scope) => ({ ...scope, isGranted: true })) }],
  chosenProjectId: 7,
  asksForEverything: true,
}

const failed = [
  { form: 'changePassword', field: 'current_password', message: 'That is not your password' },
  { form: 'removeSecondFactor', field: 'current_password', message: 'That is not your password' },
] as const

const long = 'm'.repeat(300)
const overlongView: ConsentView = {
  ...unverifiedView,
  client: {
    ...unverifiedView.client,
    name: `\u202e${'W'.repeat(10_240)}`,
    clientId: long,
    verifiedHost: long,
    redirectHost: `claude.ai.${long}.example.net`,
  },
  user: { name: long, email: `${long}@example.com` },
  projects: [
    {
      ...sales,
      name: long,
      slug: long,
      scopes: [
        { name: `${'M'.repeat(100)}_WRITE`, description: long, isWrite: true, isGranted: true },
      ],
    },
    support,
  ],
  warnings: [long],
  error: long,
}

/** As `accountView`, where passkeys can be made; these pages have a script. */
export const passkeysView: AccountView = {
  ...accountView,
  passkeys: {
    isOffered: true,
    list: [
      { id: 3, name: 'My phone', createdAtMs: 1_760_000_000_000, lastUsedAtMs: null },
      { id: 4, name: 'Key', createdAtMs: 1_760_000_000_000, lastUsedAtMs: 1_770_000_000_000 },
    ],
  },
}

const askedPasskey = JSON.stringify({ challenge: 'AAAA', rpId: 'gate.example' })

/** Every page, and every state in which it looks different, by name. */
export const everyPage: Readonly<Record<string, string>> = {
  sign_in: signInPage(signInView),
  sign_in_refused: signInPage({
    ...signInView,
    otherProvider: null,
    error: 'The email address or the password is wrong.',
  }),
  second_factor: secondFactorPage({
    next: null,
    email: 'ada@example.com',
    error: null,
    csrf: 'csrf-of-ada',
  }),
  second_factor_refused: secondFactorPage({
    next: null,
    email: 'ada@example.com',
    error: 'That code is not right, or it was used before.',
    csrf: 'csrf-of-ada',
  }),
  sign_in_passkey: signInPage({ ...signInView, offersPasskeys: true }),
  sign_in_passkey_refused: signInPage({
    ...{ ...signInView, offersPasskeys: true, isPasskeyRefused: true },
    error: 'The passkey was not accepted.',
  }),
  second_factor_passkey: secondFactorPage({
    ...{ next: null, email: 'ada@example.com', error: null, csrf: 'csrf-of-ada' },
    offersPasskeys: true,
  }),
  passkey: passkeyPage({ next: '/account', options: askedPasskey }),
  setup_owner: setupPage(setupView),
  setup_pasted: setupPage({
    ...setupView,
    token: null,
    typed: { name: 'Ada', email: 'ada@example' },
    errors: [
      { field: 'email', message: 'This is not an email address' },
      { field: 'password', message: 'The password needs 12 characters or more' },
    ],
  }),
  setup_invite: setupPage({ ...setupView, purpose: 'invite', email: 'ada@example.com' }),
  setup_reset: setupPage({ ...setupView, purpose: 'reset', email: 'ada@example.com' }),
  setup_hint: setupHintPage(),
  signed_out: signedOutPage({ next: '/account' }),
  authorize_error: authorizeErrorPage({
    title: 'This client cannot be connected',
    detail: 'redirect_uri is not allowed',
    reason: 'Ask an administrator of the project to allow http://localhost:3118/callback.',
    code: 'redirect_uri_not_allowed',
  }),
  consent: consentPage(consentView),
  consent_chosen: consentPage({ ...consentView, chosenProjectId: 7 }),
  consent_refused: consentPage({ ...consentView, error: 'Choose a project.' }),
  consent_everything: consentPage(unverifiedView),
  consent_nowhere: consentPage({ ...consentView, projects: [] }),
  consent_overlong: consentPage(overlongView),
  refusal: refusalPage({ title: 'The link is not valid', reason: 'Ask for another one.' }),
  account: accountPage({ ...accountView, message: 'Your password is changed.' }),
  account_enrolling: accountPage({ ...accountView, totp: enrolling }),
  account_codes: accountPage({
    ...accountView,
    totp: { state: 'on', recoveryCodesLeft: 10 },
    recoveryCodes: codes,
  }),
  account_refused: accountPage({
    ...accountView,
    totp: { state: 'on', recoveryCodesLeft: 1 },
    errors: failed,
  }),
  account_passkeys: accountPage(passkeysView),
  account_passkey_refused: accountPage({
    ...passkeysView,
    errors: [
      { form: 'beginPasskey', field: 'passkey_name', message: 'The passkey was not accepted.' },
      { form: 'removePasskey', field: 'current_password', message: 'The password is wrong.' },
    ],
  }),
  account_new_passkey: accountPage({
    ...passkeysView,
    newPasskey: { name: 'My phone', options: askedPasskey },
  }),
  account_empty: accountPage({ ...accountView, memberships: [], connections: [] }),
}
