import { afterAll, expect, test } from 'bun:test'
import { Connector } from '../../src/executor/connector/connector.ts'
import {
  ExchangeError,
  type SendableRequest,
  sendRequest,
} from '../../src/executor/send_request.ts'
import { answer, startRawUpstream } from '../helpers/raw_upstream.ts'
import { localTarget } from './connector/connector_fixture.ts'

const upstream = startRawUpstream((connection, { head }) => {
  if (head.includes('/hang')) return
  connection.write(answer('{"ok":true}', ['content-type: application/json']))
})
const target = localTarget(`http://127.0.0.1:${upstream.port}`)
const connector = new Connector()
afterAll(() => {
  connector.close()
  upstream.stop()
})

const post: SendableRequest = {
  method: 'POST',
  target: '/v1/contacts/lookup?x=%20',
  headers: [['x-tengine-timestamp', '1760000000']],
  body: Buffer.from('{"contact_id":"c_001"}'),
}
const bounds = (timeoutMs: number, signal: AbortSignal | null = null) => ({
  deadlineAtMs: performance.now() + timeoutMs,
  maxResponseBytes: 1_000,
  signal,
})

test('case 154: the target and the body that were signed are the ones that arrive', async () => {
  const response = await sendRequest(connector, target, post, bounds(2_000))
  expect([response.status, response.utf8()]).toEqual([200, '{"ok":true}'])
  const request = upstream.requests.at(-1)
  expect(request?.head).toStartWith('POST /v1/contacts/lookup?x=%20 HTTP/1.1\r\nhost: ')
  expect(request?.head).toContain('\r\nx-tengine-timestamp: 1760000000\r\n')
  expect(request?.body.toString()).toBe('{"contact_id":"c_001"}')
})

test('the bounds it is given hold, and the failure says that the request may have been sent', async () => {
  const hanging = { ...post, target: '/hang' }
  const timedOut = sendRequest(connector, target, hanging, bounds(80))
  await expect(timedOut).rejects.toBeInstanceOf(ExchangeError)
  await expect(timedOut).rejects.toMatchObject({
    sent: 'maybe',
    error: { code: 'upstream_timeout' },
  })
  const cancelled = sendRequest(connector, target, hanging, bounds(2_000, AbortSignal.timeout(50)))
  await expect(cancelled).rejects.toMatchObject({
    sent: 'maybe',
    error: { code: 'call_cancelled' },
  })
  const small = { ...bounds(2_000), maxResponseBytes: 5 }
  const tooLarge = sendRequest(connector, target, post, small)
  await expect(tooLarge).rejects.toMatchObject({
    status: 200,
    error: { code: 'response_too_large' },
  })
})
