import { InvalidSetting, type SettingKind } from './setting.ts'

const discoveryPath = '/.well-known/openid-configuration'

const anyTenant = /^\/(?:common|organizations|consumers)(?:\/|$)/i

/** Whether a host name or address in a URL is this machine. */
const isLoopbackHost = (hostname: string) =>
  /^(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost)$/.test(hostname)

/** Whether a URL is spoken to over TLS, or never leaves this machine. */
export function isConfidentialUrl({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname))
}

/**
 * The issuer of an OpenID provider (OpenID Connect Discovery 1.0 §3): an https URL without query and
 * fragment, kept as it is written. The address of its discovery document stands for it too.
 */
export const issuerSetting: SettingKind<string> = {
  form: 'url',
  arity: 'one',
  parse(text) {
    const issuer = text.endsWith(discoveryPath) ? text.slice(0, -discoveryPath.length) : text
    const url = URL.parse(issuer)
    if (url === null || !/^https?:\/\/[^/?#@\\\s]+(?:\/[^?#@\\\s]*)?$/.test(issuer)) {
      throw new InvalidSetting(
        'is not an issuer URL. Write https://login.example.com or https://login.example.com/realms/main.',
      )
    }
    if (url.hostname === 'login.microsoftonline.com' && anyTenant.test(url.pathname)) {
      throw new InvalidSetting(
        'lets people of every tenant in. Put the id of your own tenant in its place.',
      )
    }
    if (isConfidentialUrl(url)) return issuer
    throw new InvalidSetting('is plain http beyond this machine. Write https://.')
  },
}
