import { describe, expect, test } from 'bun:test'
import { consentPage } from '../../../src/web/pages/consent_page.ts'
import type { ConsentClient, ConsentView } from '../../../src/web/pages/views.ts'
import { consentView, unverifiedView } from './sample_views.ts'

const withClient = (client: Partial<ConsentClient>, view: ConsentView = consentView) =>
  consentPage({ ...view, client: { ...view.client, ...client } })

const inputs = (page: string) => [...page.matchAll(/<input[^>]*>/g)].map(([input]) => input)
const input = (page: string, name: string) =>
  inputs(page).find((each) => each.includes(`name="${name}"`)) ?? ''

describe('the consent page (case 112)', () => {
  test('says who asks, who vouches for it, where the answer goes and as whom', () => {
    const page = consentPage(consentView)
    expect(page).toContain('<h1>Connect <q><bdi>Claude Code</bdi></q>?</h1>')
    expect(page).toContain('Verified: <bdi>claude.ai</bdi>')
    expect(page).toContain('<bdi>localhost:3118</bdi>')
    expect(page).toContain('<bdi>ada@example.com</bdi>')
    expect(page).not.toContain('Unverified')
  })

  test('an unverified client is called so, twice, whatever host it names', () => {
    const page = withClient({ verifiedHost: 'claude.ai', isUnverified: true })
    expect(page).toContain('<span class="badge caution">Unverified</span>')
    expect(page).toContain('Nobody has verified this client.')
    expect(page).not.toContain('Verified:')
  })

  test("an administrator's client has nobody else to vouch for it", () => {
    const page = withClient({ kind: 'integration', verifiedHost: null })
    expect(page).toContain('Set up by an administrator')
    expect(page).not.toMatch(/Verified:|Unverified/)
  })

  test('a redirect to this computer is warned of, another is not', () => {
    expect(consentPage(consentView)).toContain('goes to a program on this computer')
    expect(consentPage(unverifiedView)).not.toContain('this computer')
  })

  test('a name of 10 KB is cut in the heading and in the title', () => {
    const page = withClient({ name: 'x'.repeat(10_240) })
    expect(page).toContain(`<bdi>${'x'.repeat(79)}…</bdi>`)
    expect(page).not.toContain('x'.repeat(80))
    expect(page.length).toBeLessThan(15_000)
  })

  test('bidi characters are gone, so that nothing reads backwards', () => {
    expect(withClient({ name: '\u202eedoC\u202c edualC\u200b' })).not.toMatch(
      /[\u200b\u202a-\u202e]/,
    )
  })

  test('every parameter comes back as it was, with the token against forgery', () => {
    const page = consentPage(consentView)
    expect(input(page, 'state')).toContain('value="a&amp;b=&quot;c&quot;"')
    expect(input(page, 'csrf')).toContain('value="csrf-of-ada"')
  })

  test('no field name comes twice in the form, for a repeated one is refused', () => {
    const form =
      consentPage({ ...consentView, chosenProjectId: 7 }).split('class="consent"')[1] ?? ''
    const names = inputs(form)
      .filter((each) => !each.includes('type="radio"'))
      .map((each) => / name="([^"]*)"/.exec(each)?.[1])
    expect(names).toContain('scope.7.CONTACTS_READ')
    expect(new Set(names).size).toBe(names.length)
  })

  test('no project is chosen for a person who has several, unless it is implied', () => {
    expect(consentPage(consentView)).not.toMatch(/type="radio"[^>]*checked/)
    const chosen = consentPage({ ...consentView, chosenProjectId: 8 })
    expect(inputs(chosen).filter((each) => /radio[^>]* checked/.test(each))).toEqual([
      expect.stringContaining('value="8"'),
    ])
  })

  test('a project that does not allow the client is shown and cannot be chosen', () => {
    const page = consentPage({ ...consentView, chosenProjectId: 9 })
    const payroll = inputs(page).find((each) => each.includes('id="project-9"'))
    expect(payroll).toContain('disabled')
    expect(payroll).not.toContain('checked')
    expect(page).not.toContain('scope.9.')
  })

  test('only what is asked for is checked', () => {
    const page = consentPage(consentView)
    expect(input(page, 'scope.7.CONTACTS_READ')).toContain('checked')
    expect(input(page, 'scope.7.CONTACTS_WRITE')).not.toContain('checked')
    expect(input(page, 'scope.7.ALL')).not.toContain('checked')
  })

  test('a client that asked for nothing in particular is said to get everything', () => {
    expect(consentPage(unverifiedView)).toContain('everything this project allows is\n')
    expect(consentPage(consentView)).not.toContain('did not say what it needs')
  })

  test('a scope without a description is put in words', () => {
    expect(consentPage(consentView)).toContain('Read deals <code>DEALS_READ</code>')
    expect(consentPage(consentView)).toContain('includes CONTACTS_READ')
  })

  test.each([
    ['there is no project', []],
    ['no project allows the client', consentView.projects.map((p) => ({ ...p, isAllowed: false }))],
  ])('where %s, it can only be denied', (_, projects) => {
    const page = consentPage({ ...consentView, projects })
    expect(page).not.toContain('value="approve"')
    expect(page).toContain('value="deny"')
  })

  test('Deny is the button that Enter presses: the first of its form', () => {
    const form = consentPage(consentView).split('class="consent"')[1] ?? ''
    expect([...form.matchAll(/<button[^>]*value="(\w+)"/g)].map(([, value]) => value)).toEqual([
      'deny',
      'approve',
    ])
  })
})
