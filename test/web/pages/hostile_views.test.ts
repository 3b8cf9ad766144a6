import { describe, expect, test } from 'bun:test'
import { accountPage } from '../../../src/web/pages/account_page.ts'
import { consentPage } from '../../../src/web/pages/consent_page.ts'
import { continuePage } from '../../../src/web/pages/continue_page.ts'
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
import {
  accountView,
  consentView,
  passkeysView,
  setupView,
  signInView,
  unverifiedView,
} from './sample_views.ts'

const hostile = [
  ['a script', '<script>alert(1)</script>'],
  ['a way out of an attribute', '"><img src=x onerror=alert(1)>'],
  ['a way out of quotes', `' onfocus='alert(1)' x="`],
  ['the end of the page', '</title></form></main></body></html><form action=//evil.example>'],
  ['a comment', '--><!-- '],
  ['an entity', '&lt;b&gt;&#x3c;script&#x3e;'],
  ['markup between bidi characters', '\u202e<b>\u2066x\u2069</b>'],
  ['10 KB of markup', '<b>'.repeat(3_500)],
] as const

// Words that choose between shapes of a page, rather than being shown.
const kept = new Set(['kind', 'purpose', 'state', 'role', 'form', 'field'])

/** A view with every text in it replaced. */
function withText<T>(view: T, text: string): T {
  const replace = (value: unknown, key: string): unknown => {
    if (typeof value === 'string') return kept.has(key) ? value : text
    if (Array.isArray(value)) return value.map((each) => replace(each, ''))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [name, replace(each, name)]),
    )
  }
  return replace(view, '') as T
}

/** What a page is made of: its elements, and the names of their attributes. */
async function shape(page: string): Promise<string[]> {
  const seen: string[] = []
  const rewriter = new HTMLRewriter().on('*', {
    element: ({ tagName, attributes }) => {
      seen.push([tagName, ...[...attributes].map(([name]) => name)].join(' '))
    },
    comments: ({ text }) => {
      seen.push(`comment ${text}`)
    },
  })
  await rewriter.transform(new Response(page)).text()
  return seen
}

const error = { field: 'current_password', message: '', form: 'removeSecondFactor' } as const
const pages: Readonly<Record<string, (text: string) => string>> = {
  'sign-in': (text) =>
    signInPage(withText({ ...signInView, error: '', notice: '', csrf: '' }, text)),
  'second-factor': (text) =>
    secondFactorPage(withText({ next: '', email: '', error: '', csrf: '' }, text)),
  setup: (text) =>
    setupPage(withText({ ...setupView, errors: [{ field: 'email', message: '' }] }, text)),
  invite: (text) => setupPage(withText({ ...setupView, email: '', purpose: 'invite' }, text)),
  'setup hint': (text) => setupHintPage(withText({ command: '' }, text)),
  'signed-out': (text) => signedOutPage(withText({ next: '' }, text)),
  error: (text) =>
    authorizeErrorPage(withText({ title: '', detail: '', reason: '', code: '' }, text)),
  refusal: (text) => refusalPage(withText({ title: '', reason: '' }, text)),
  continue: (text) => continuePage({ url: 'https://a.example/', redirectHost: text }),
  consent: (text) => consentPage(withText({ ...consentView, warnings: [''], error: '' }, text)),
  'unverified consent': (text) => consentPage(withText(unverifiedView, text)),
  account: (text) =>
    accountPage(
      withText(
        {
          ...accountView,
          totp: { state: 'on', recoveryCodesLeft: 1 },
          recoveryCodes: [''],
          message: '',
          errors: [error],
        },
        text,
      ),
    ),
  'sign-in with passkey': (text) =>
    signInPage(withText({ ...signInView, error: '', offersPasskeys: true }, text)),
  passkey: (text) => passkeyPage(withText({ next: '', options: '' }, text)),
  'account with passkeys': (text) =>
    accountPage(withText({ ...passkeysView, newPasskey: { name: '', options: '' } }, text)),
  'account being secured': (text) =>
    accountPage(
      withText(
        { ...accountView, totp: { state: 'enrolling', uri: '', secret: '', qrModules: [] } },
        text,
      ),
    ),
}

const ownScript = /<script src="\/assets\/passkeys\.js\?v=[0-9a-f]{12}" defer><\/script>/

describe.each(Object.entries(pages))('the %s page (cases 112, 266)', (name, render) => {
  test.each(hostile)('%s in any text of it stays text', async (_name, text) => {
    const page = render(text)
    expect(await shape(page)).toEqual(await shape(render('x')))
    expect(page).toMatch(/^<!doctype html>\n/)
  })

  test('has one h1, no script but that for passkeys, no inline style, and links nothing from elsewhere', async () => {
    const asking = render('x')
    const page = asking.replace(ownScript, '')
    expect(page !== asking).toBe(name.includes('passkey'))
    expect(page.match(/<h1[ >]/g)).toHaveLength(1)
    expect(page).not.toMatch(/<script|<style|<iframe|<base| style=| on\w+=|autofocus/)
    for (const [, attribute, target] of page.matchAll(/ (src|href|action)="([^"]*)"/g)) {
      const isOwn = /^(?:\/(?!\/)|#|data:image\/svg|https:\/\/a\.example\/$)/.test(target ?? '')
      expect({ attribute, target, isOwn }).toEqual({ attribute, target, isOwn: true })
    }
  })
})

test.each(['javascript:alert(1)', '//evil.example', '/\\evil.example', 'https://evil.example'])(
  'another way to sign in leads nowhere but to this server, not to %s (case 116)',
  (url) => {
    const page = signInPage({ ...signInView, otherProvider: { name: 'SSO', url } })
    expect(page).not.toContain(url)
    expect(page).toContain('href="/login"')
  },
)

test.each([
  'javascript:alert(1)',
  'JavaScript:x',
  'data:text/html,x',
  'blob:https://a/b',
  'https://a/ b',
  'x',
  '',
])('nobody is led on to %p', (url) => {
  expect(() => continuePage({ url, redirectHost: 'a' })).toThrow('cannot be there')
})
