import { expect, test } from 'bun:test'
import { catalogue } from '../../src/errors.ts'
import { findDocsAsset } from '../../src/web/assets.ts'
import { startApp } from '../helpers/running_app.ts'

test("every problem's type leads to an anchor of a page that is served", async () => {
  const app = await startApp()
  try {
    const problem = await app.api('GET', '/api/v1/projects', undefined, null)
    const [path = '', anchor] = problem.body.type.split('#')
    expect(anchor).toBe('missing_credential')
    const page = await app.api('GET', path, undefined, null)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    for (const code of Object.keys(catalogue)) expect(page.body).toContain(`<h3 id="${code}">`)
    expect(page.body).not.toMatch(/<script|<style|href="(?!#|\/docs\/|data:)/)
  } finally {
    await app.stop()
  }
})

test('the page links its own style sheet', () => {
  expect(findDocsAsset('/docs/errors.css')?.contentType).toBe('text/css; charset=utf-8')
})
