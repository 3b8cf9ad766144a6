import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

const kid = 'bench'

/** Registers an assertion key and exchanges an assertion for a session token, as a backend would. */
export async function mintSession(port: number, apiKey: string): Promise<string> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const post = (path: string, body: object) => postJson(port, path, { apiKey, body })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const key = await post('/api/v1/assertion-keys', { kid, public_key: pem })
  const assertion = assertionFor(Number(key['project_id']), privateKey)
  const answer = await post('/api/v1/mcp/session-token', { member_assertion: assertion })
  return String(answer['token'])
}

async function postJson(
  port: number,
  path: string,
  { apiKey, body }: { readonly apiKey: string; readonly body: object },
): Promise<Record<string, unknown>> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`)
  return JSON.parse(text) as Record<string, unknown>
}

function assertionFor(projectId: number, key: KeyObject): string {
  const nowSeconds = Math.floor(Date.now() / 1000)
  const claims = {
    sub: 'user_alice_123',
    aud: `tengine:project:${projectId}`,
    iat: nowSeconds,
    exp: nowSeconds + 60,
    email: 'alice@example.com',
  }
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'ES256', kid })}.${part(claims)}`
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}
