import { afterAll, beforeAll, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Socket } from 'bun'
import { builtBinary } from '../helpers/built_binary.ts'
import { type ServerProcess, startServer } from '../helpers/server_process.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'

const mostFiles = 96
let place: string
let server: ServerProcess

beforeAll(async () => {
  place = temporaryDir()
  const limited = [
    'sh',
    '-c',
    `ulimit -Sn ${mostFiles} && ulimit -Hn ${mostFiles} && exec "$0" "$@"`,
  ]
  const program = [...limited, await builtBinary()]
  server = await startServer({ program, dataDir: join(place, 'data') })
}, 60_000)

afterAll(async () => {
  await server.stop()
  rmSync(place, { recursive: true, force: true })
})

/** Opens more connections than the server may have files. */
async function crowd(): Promise<Socket[]> {
  const { port } = new URL(server.url)
  const socket = { data: () => {}, error: () => {} }
  const connect = () => Bun.connect({ hostname: '127.0.0.1', port: Number(port), socket })
  const opened = await Promise.allSettled(Array.from({ length: 2 * mostFiles }, connect))
  return opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
}

test('case 240: out of descriptors, connections it has are served, and it recovers', async () => {
  const { project_id } = await server.bootstrap()
  expect((await fetch(`${server.url}/livez`)).status).toBe(200)
  for (let round = 0; round < 3; round++) {
    const sockets = await crowd()
    expect(sockets.length).toBeGreaterThan(mostFiles)
    await Bun.sleep(100)
    // The client keeps this connection from the round before.
    for (const one of sockets) one.terminate()
    const projects = await server.api('GET', '/api/v1/projects')
    expect([projects.status, projects.body.items[0].id]).toEqual([200, project_id])
    const change = await server.api('POST', '/api/v1/projects', {
      name: `After ${round}`,
      slug: `after-${round}`,
    })
    expect(change.status).toBe(201)
  }
  expect(server.stderr.text).not.toContain('internal_error')
  expect(server.stderr.text).not.toContain('uncaught_exception')
})
