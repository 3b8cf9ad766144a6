import { type OpenidProvider, startOpenidProvider } from '../helpers/openid_provider.ts'
import { type RunningApp, type RunningAppOptions, startApp } from '../helpers/running_app.ts'
import { local } from './visitor.ts'
import { type Rest, WebBrowser } from './web_browser.ts'

/** The product and a real provider that knows it. */
export interface ExternalWorld {
  readonly app: RunningApp
  readonly provider: OpenidProvider
  readonly projectId: number
  /** Signs a person in in a browser of its own, or in the one given. */
  signIn(sub: string | null, browser?: WebBrowser, next?: string): Promise<Rest>
  /** The account with this address as administrators see it; undefined for none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  account(email: string): Promise<any>
  /** `action target` of everything on record so far, oldest first. */
  audit(): Promise<string[]>
  stop(): Promise<void>
}

/** How a test wants its world. */
export interface ExternalWorldOptions extends RunningAppOptions {
  readonly authMethod?: 'client_secret_basic' | 'client_secret_post'
  readonly isIdTokenFull?: boolean
}

/** A secret of characters that are easily encoded once too often. */
const clientSecret = 'GOCSPX-a_b.c~d+e/f=g:h%20i'

/** Starts both; call `stop` in afterAll. */
export async function startExternalWorld(
  options: ExternalWorldOptions = {},
): Promise<ExternalWorld> {
  const provider = await startOpenidProvider()
  const { settings, authMethod, isIdTokenFull, ...rest } = options
  const app = await startApp({
    ...rest,
    settings: {
      oidc_issuer: provider.issuer,
      oidc_client_id: 'gatehouse',
      oidc_client_secret: clientSecret,
      oidc_name: 'Example Corp',
      oidc_role_map: ['admins=admin', 'devs=developer@demo', 'readers=viewer@demo'],
      ...settings,
    },
  })
  const { project_id: projectId } = await app.bootstrap('demo')
  await provider.register({
    redirectUri: `${app.url}/login/external/callback`,
    clientId: 'gatehouse',
    clientSecret,
    ...(authMethod === undefined ? {} : { authMethod }),
    ...(isIdTokenFull === undefined ? {} : { isIdTokenFull }),
  })
  return {
    app,
    provider,
    projectId,
    signIn: (sub, browser = new WebBrowser(), next = '/account') => {
      provider.whoSignsIn = sub
      return browser.go(`${app.url}/login/external?next=${encodeURIComponent(next)}`)
    },
    account: async (email) => {
      const path = `/api/v1/users?email=${encodeURIComponent(email)}`
      return (await local(app, 'GET', path)).body.items[0]
    },
    audit: async () => {
      const { items } = (await local(app, 'GET', '/api/v1/audit?limit=100')).body
      return items
        .map(({ action, target }: Record<string, string>) => `${action} ${target}`)
        .reverse()
    },
    stop: async () => {
      await app.stop()
      await provider.stop()
    },
  }
}
