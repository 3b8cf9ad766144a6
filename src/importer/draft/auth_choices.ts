import type { AuthStrategy } from '../../model/tool.ts'
import type { SecurityRequirement, SecurityScheme } from '../api_document.ts'
import type { DraftAuth } from '../operation_draft.ts'
import { type DraftContext, remark } from './draft_context.ts'

/** Schemes we can only satisfy with a token got elsewhere, after those we satisfy by ourselves. */
interface RankedAuth extends DraftAuth {
  readonly isFallback: boolean
}

/**
 * The strategies that satisfy the document's security requirements, in its order, the ones that
 * need a token from elsewhere last. A requirement of several schemes at once is a finding, since a
 * strategy satisfies one; empty for an operation that is open or whose schemes nothing of ours fits.
 */
export function authChoices(context: DraftContext, baseUrl: string | null): readonly DraftAuth[] {
  const all = context.operation.security.flatMap((needed) => choicesOf(context, needed, baseUrl))
  const ranked = [
    ...all.filter((auth) => !auth.isFallback),
    ...all.filter((auth) => auth.isFallback),
  ]
  const seen = new Set<string>()
  return ranked.flatMap(({ isFallback: _, ...auth }) => {
    const same = JSON.stringify([auth.strategy, auth.headerName?.toLowerCase(), auth.oauth])
    if (seen.has(same)) return []
    seen.add(same)
    return [auth]
  })
}

function choicesOf(
  context: DraftContext,
  needed: SecurityRequirement,
  baseUrl: string | null,
): RankedAuth[] {
  const names = Object.keys(needed)
  if (names.length > 1) remarkCombination(context, names)
  return names.flatMap((name) => {
    const scheme = context.document.securitySchemes[name]
    if (scheme === undefined) {
      remarkUnfit(context, `The security scheme ${name} is not described.`)
      return []
    }
    return ofScheme(name, scheme, { context, scopes: needed[name] ?? [], baseUrl })
  })
}

interface Surrounding {
  readonly context: DraftContext
  readonly scopes: readonly string[]
  readonly baseUrl: string | null
}

function ofScheme(scheme: string, said: SecurityScheme, around: Surrounding): RankedAuth[] {
  const plain = (strategy: AuthStrategy, headerName: string | null = null): RankedAuth[] => [
    { scheme, strategy, headerName, oauth: null, isFallback: false },
  ]
  if (said.kind === 'api_key') return plain(`static_${said.in}`, said.name)
  const fallback = plain('static_bearer').map((auth) => ({ ...auth, isFallback: true }))
  if (said.kind === 'oauth2') {
    const tokenUrl = tokenUrlOf(said.clientCredentialsUrl, around.baseUrl)
    if (tokenUrl === null) return fallback
    const oauth = { tokenUrl, scopes: around.scopes, audience: null }
    const own = { scheme, strategy: 'oauth_client_credentials', headerName: null, oauth } as const
    return [{ ...own, isFallback: false }, ...fallback]
  }
  if (said.kind !== 'other') return plain(said.kind === 'basic' ? 'basic' : 'static_bearer')
  if (/^openidconnect$/i.test(said.type)) return fallback
  remarkUnfit(around.context, `The security scheme ${scheme} is of the type ${said.type}.`)
  return []
}

function tokenUrlOf(text: string | null, baseUrl: string | null): string | null {
  if (text === null) return null
  const url = baseUrl === null ? URL.parse(text) : URL.parse(text, baseUrl)
  return url !== null && /^https?:$/.test(url.protocol) ? url.href : null
}

function remarkCombination(context: DraftContext, names: readonly string[]): void {
  remark(context, {
    severity: 'warning',
    code: 'auth_combination',
    reason: `Requests need ${names.join(' and ')} at once, and an auth strategy gives one of them.`,
    fix: 'Set the one as auth, and have the others added on the way to the API.',
  })
}

function remarkUnfit(context: DraftContext, reason: string): void {
  remark(context, {
    severity: 'warning',
    code: 'auth_unsupported',
    reason,
    fix: 'Choose an auth strategy for the source by hand if the API takes one.',
  })
}
