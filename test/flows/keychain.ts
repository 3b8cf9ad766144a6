import type {
  OAuthClientInformationMixed,
  OAuthDiscoveryState,
  OAuthTokens,
} from '@modelcontextprotocol/client'

/** Where the programs of the tests are told the outcome. */
const keychainRedirectUri = 'http://127.0.0.1:33418/callback'

/** What a program keeps between two starts; both SDKs take it as their OAuth provider. */
export class Keychain {
  readonly redirectUrl = keychainRedirectUri
  readonly clientMetadata = {
    client_name: 'SDK client',
    redirect_uris: [keychainRedirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  }
  /** Where it would open the browser, in order. */
  readonly opened: URL[] = []
  client: OAuthClientInformationMixed | undefined
  kept: OAuthTokens | undefined
  /** Its metadata document, where it has one. */
  clientMetadataUrl?: string
  private verifier = ''
  private discovered: OAuthDiscoveryState | undefined

  constructor(clientMetadataUrl?: string) {
    if (clientMetadataUrl !== undefined) this.clientMetadataUrl = clientMetadataUrl
  }

  state = () => 'state-of-the-sdk-client'
  clientInformation = () => this.client
  saveClientInformation = (client: OAuthClientInformationMixed) => {
    this.client = client
  }
  tokens = () => this.kept
  saveTokens = (tokens: OAuthTokens) => {
    this.kept = tokens
  }
  redirectToAuthorization = (url: URL) => {
    this.opened.push(url)
  }
  saveCodeVerifier = (verifier: string) => {
    this.verifier = verifier
  }
  codeVerifier = () => this.verifier
  saveDiscoveryState = (state: OAuthDiscoveryState) => {
    this.discovered = state
  }
  discoveryState = () => this.discovered
}
