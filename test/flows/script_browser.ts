import type { Visitor } from '../http/visitor.ts'

const unescaped = (text: string) =>
  text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')

/**
 * Approves everything, or everything but one scope, on the consent page of an authorization, by plain HTTP as a browser without
 * scripts would; yields where the client is told. @throws Error where there is no consent page
 */
export async function approveByHttp(
  visitor: Visitor,
  authorizationUrl: string,
  without?: string,
): Promise<URL> {
  const { pathname, search } = new URL(authorizationUrl)
  const page = await visitor.get(pathname + search)
  if (page.status !== 200) throw new Error(`${page.status} ${page.location}: ${page.text}`)
  const fields: Record<string, string> = { decision: 'approve' }
  const inputs = page.text.slice(page.text.indexOf('class="consent"')).matchAll(/<input[^>]+>/g)
  for (const [input] of inputs) {
    const [, name = ''] = /name="([^"]+)"/.exec(input) ?? []
    const [, value = ''] = /value="([^"]*)"/.exec(input) ?? []
    if (without === undefined || !name.endsWith(`.${without}`)) {
      fields[unescaped(name)] = unescaped(value)
    }
  }
  const { status, location, text } = await visitor.post(pathname, fields)
  if (status !== 303 || location === null) throw new Error(`${status}: ${text}`)
  return new URL(location)
}
