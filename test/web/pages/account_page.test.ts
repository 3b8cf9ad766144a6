import { describe, expect, test } from 'bun:test'
import { accountPage } from '../../../src/web/pages/account_page.ts'
import { browserName } from '../../../src/web/pages/browser_name.ts'
import { pagePaths } from '../../../src/web/pages/views.ts'
import { accountView } from './sample_views.ts'

/** The forms of a page: where each posts to, and its fields with their values. */
function formsOf(page: string) {
  return [...page.matchAll(/<form method="post" action="([^"]*)">([\s\S]*?)<\/form>/g)].map(
    ([, action, inside = '']) => ({
      action,
      fields: [
        ...inside.matchAll(/<input[^>]* name="([^"]*)"[^>]*?(?: value="([^"]*)")?[^>]*>/g),
      ].map(([, name, value]) => (value === undefined ? name : `${name}=${value}`)),
    }),
  )
}
const form = (page: string, action: string) =>
  formsOf(page).find((each) => each.action === action)?.fields

describe('the account page', () => {
  test('every form carries the token against forgery', () => {
    const forms = formsOf(accountPage(accountView))
    expect(forms.length).toBeGreaterThan(6)
    for (const { fields } of forms) expect(fields).toContain('csrf=csrf-of-ada')
  })

  test('each connection and each other session can be ended by its id, or all at once', () => {
    const page = accountPage(accountView)
    expect(form(page, pagePaths.revokeConnection)).toContain(
      'grant_id=0190f3d2-0000-7000-8000-000000000001',
    )
    expect(form(page, pagePaths.endSession)).toEqual(['csrf=csrf-of-ada', 'session_id=2'])
    expect(form(page, pagePaths.revokeAllConnections)).toEqual(['csrf=csrf-of-ada'])
    expect(form(page, pagePaths.endOtherSessions)).toEqual(['csrf=csrf-of-ada'])
  })

  test('nothing is offered that there is nothing of', () => {
    const [current] = accountView.sessions
    const page = accountPage({
      ...accountView,
      connections: [],
      sessions: current === undefined ? [] : [current],
    })
    expect(page).toContain('No client is connected in your name.')
    for (const path of [
      pagePaths.revokeConnection,
      pagePaths.revokeAllConnections,
      pagePaths.endSession,
      pagePaths.endOtherSessions,
    ]) {
      expect(form(page, path)).toBeUndefined()
    }
  })

  test('who has no password here can neither change it nor add a second factor', () => {
    const page = accountPage({ ...accountView, user: { ...accountView.user, hasPassword: false } })
    expect(form(page, pagePaths.changePassword)).toBeUndefined()
    expect(form(page, pagePaths.beginSecondFactor)).toBeUndefined()
    expect(page).not.toContain('type="password"')
  })

  test('the second factor is set up, confirmed and removed by forms of their own', () => {
    expect(form(accountPage(accountView), pagePaths.beginSecondFactor)).toEqual([
      'csrf=csrf-of-ada',
    ])
    const enrolling = accountPage({
      ...accountView,
      totp: { state: 'enrolling', uri: 'otpauth://totp/a', secret: 'ABCDEFGHIJ', qrModules: [] },
    })
    expect(form(enrolling, pagePaths.confirmSecondFactor)).toEqual(['csrf=csrf-of-ada', 'code'])
    expect(enrolling).toContain('<code class="key">ABCD EFGH IJ</code>')
    expect(enrolling).toContain('aria-label="QR code"')
    const on = accountPage({ ...accountView, totp: { state: 'on', recoveryCodesLeft: 3 } })
    expect(on).toContain('3 recovery codes are left.')
    for (const path of [pagePaths.removeSecondFactor, pagePaths.renewRecoveryCodes]) {
      expect(form(on, path)).toEqual(['csrf=csrf-of-ada', 'current_password'])
    }
  })

  test('only an otpauth address becomes a link', () => {
    const page = accountPage({
      ...accountView,
      totp: { state: 'enrolling', uri: 'javascript:alert(1)', secret: 'A', qrModules: [] },
    })
    expect(page).not.toContain('javascript:')
  })

  test('a QR code is dark where it has to be, with a quiet zone around', () => {
    const page = accountPage({
      ...accountView,
      totp: {
        state: 'enrolling',
        uri: 'otpauth://totp/a',
        secret: 'A',
        qrModules: [
          [true, false],
          [false, true],
        ],
      },
    })
    expect(page).toContain('viewBox="0 0 10 10"')
    expect(page).toContain('d="M4 4h1v1h-1zM5 5h1v1h-1z"')
  })

  test('an error leads to its own field, though other forms have one of that name', () => {
    const page = accountPage({
      ...accountView,
      totp: { state: 'on', recoveryCodesLeft: 1 },
      errors: [{ form: 'removeSecondFactor', field: 'current_password', message: 'Wrong' }],
    })
    expect(page).toContain('<a href="#removeSecondFactor-current_password">Wrong</a>')
    expect(page.match(/aria-invalid/g)).toHaveLength(1)
    expect(page).toContain('<details open>')
    expect(page).toContain('<title>Error: Your account · Gatehouse</title>')
  })
})

test.each([
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0',
    'Firefox on Windows',
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0',
    'Edge on Windows',
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1 Version/26.0 Safari/605.1',
    'Safari on macOS',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) CriOS/141.0 Safari/604.1',
    'Chrome on iOS',
  ],
  [
    'Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/141.0 Mobile Safari/537.36',
    'Chrome on Android',
  ],
  [
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/141.0 Safari/537.36',
    'Chrome on Linux',
  ],
  ['curl/8.5.0', 'Unknown browser'],
  ['<script>Linux', 'Unknown browser on Linux'],
  [null, 'Unknown browser'],
])('%p is called %s', (userAgent, name) => {
  expect(browserName(userAgent)).toBe(name)
})
