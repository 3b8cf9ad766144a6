import { describe, expect, test } from 'bun:test'
import { pageHeaders } from '../../../src/web/pages/page_headers.ts'

const policyFor = (formAction?: string) =>
  pageHeaders(formAction === undefined ? {} : { formAction })['content-security-policy'] ?? ''
const formAction = (uri: string) => /form-action ([^;]*);/.exec(policyFor(uri))?.[1]

describe('the headers of a page', () => {
  test('cases 111 and 131: no script, no frame, no referrer elsewhere, nothing kept', () => {
    expect(pageHeaders()).toEqual({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      'x-frame-options': 'DENY',
      'referrer-policy': 'same-origin',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'cross-origin-opener-policy': 'same-origin',
    })
  })

  test('a page that asks for passkeys may run the server’s own scripts, and no page else', () => {
    const { 'content-security-policy': policy, ...others } = pageHeaders({ asksPasskeys: true })
    const { 'content-security-policy': usual = '', ...same } = pageHeaders()
    expect(policy).toBe(usual.replace("'none'; ", "'none'; script-src 'self'; "))
    expect(others).toEqual(same)
  })

  test('an authorization may keep the window that opened it', () => {
    const kept = pageHeaders({ keepsOpener: true })
    expect(kept['cross-origin-opener-policy']).toBe('unsafe-none')
    expect(kept['content-security-policy']).toBe(policyFor())
  })

  test.each([
    ['https://claude.ai/api/mcp/auth_callback?x=1#y', "'self' https://claude.ai"],
    ['http://localhost:3118/callback', "'self' http://localhost:3118"],
    ['http://127.0.0.1:7/', "'self' http://127.0.0.1:7"],
    ['https://EXAMPLE.com:443/', "'self' https://example.com"],
    ['https://user:secret@example.com/', "'self' https://example.com"],
    ['http://[::1]:3118/callback', "'self' http:"],
    ['cursor://anysphere.cursor-mcp/callback', "'self' cursor:"],
    ['com.example.app:/cb', "'self' com.example.app:"],
    ['not a url', "'self'"],
    ["https://a.example;script-src'none'/", "'self'"],
    ['https://x.example/; script-src *', "'self' https://x.example"],
  ])('the form may lead to the origin of %s alone', (uri, expected) => {
    expect(formAction(uri)).toBe(expected)
    expect(policyFor(uri).split('; ')).toHaveLength(6)
  })
})
