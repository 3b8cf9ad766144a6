import { describe, expect, test } from 'bun:test'
import { readResource } from '../../src/oauth/resource.ts'

const own = 'https://gate.example.com'

describe('the resources of this server (RFC 8707)', () => {
  test.each([
    ['https://gate.example.com/mcp', null],
    ['https://gate.example.com/mcp/', null],
    ['HTTPS://GATE.example.com/mcp', null],
    ['https://gate.example.com:443/mcp', null],
    ['https://gate.example.com/mcp/acme', 'acme'],
    ['https://gate.example.com/mcp/acme/', 'acme'],
  ])('case 105: %s is one, in canonical form', (text, slug) => {
    const url = slug === null ? `${own}/mcp` : `${own}/mcp/${slug}`
    expect(readResource(own, text)).toEqual({ url, slug })
  })

  test.each([
    'https://gate.example.com',
    'https://gate.example.com/',
    'https://gate.example.com/MCP',
    'https://gate.example.com/mcp//',
    'https://gate.example.com/mcp/a/b',
    'https://gate.example.com/mcp/Acme',
    'https://gate.example.com/x/../mcp',
    'https://gate.example.com/mcp?x=1',
    'https://gate.example.com/mcp#x',
    'https://gate.example.com/mcp/%61cme',
    'https://user@gate.example.com/mcp',
    'https://gate.example.com:8443/mcp',
    'http://gate.example.com/mcp',
    'https://gate.example.com.evil.com/mcp',
    'https://evil.com/mcp',
    'https://evil.com\\@gate.example.com/mcp',
    'mcp',
    ' https://gate.example.com/mcp',
    'https://gate.example.com/mcp\n',
  ])('case 105: %j is none', (text) => {
    expect(readResource(own, text)).toBeNull()
  })
})
