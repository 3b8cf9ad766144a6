import { describe, expect, test } from 'bun:test'
import { resourceMetadata, serverMetadata } from '../../src/oauth/metadata.ts'

const url = 'https://gate.example.com'
const usable = { registration: true, documents: true }

describe('the metadata', () => {
  test('of the server is made of the public URL alone (case 134)', () => {
    const metadata = serverMetadata(url, usable)
    expect(metadata).toMatchObject({
      issuer: url,
      authorization_endpoint: `${url}/api/v1/mcp-oauth/authorize`,
      token_endpoint: `${url}/api/v1/mcp-oauth/token`,
      revocation_endpoint: `${url}/api/v1/mcp-oauth/revoke`,
      introspection_endpoint: `${url}/api/v1/mcp-oauth/introspect`,
      registration_endpoint: `${url}/api/v1/mcp-oauth/register`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: true,
    })
    expect(metadata['token_endpoint_auth_methods_supported']).toContain('none')
    expect(metadata['grant_types_supported']).toEqual(
      expect.arrayContaining(['authorization_code', 'refresh_token', 'client_credentials']),
    )
    // Clients ask for all they find there.
    expect(metadata).not.toHaveProperty('scopes_supported')
  })

  test('announces registration and documents only where they can be used', () => {
    const metadata = serverMetadata(url, { registration: false, documents: false })
    expect(metadata).not.toHaveProperty('registration_endpoint')
    expect(metadata).not.toHaveProperty('client_id_metadata_document_supported')
  })

  test.each([
    [null, `${url}/mcp`],
    ['acme', `${url}/mcp/acme`],
  ])('of the MCP URL of %s names resource and server', (slug, resource) => {
    const metadata = resourceMetadata(url, slug)
    expect(metadata).toMatchObject({ resource, authorization_servers: [url] })
    expect(metadata).not.toHaveProperty('scopes_supported')
  })
})
