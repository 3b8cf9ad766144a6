import { expect } from 'bun:test'
import { builtBinary } from '../helpers/built_binary.ts'
import {
  type Finished,
  type ProcessOptions,
  runGatehouse,
  type ServerProcess,
} from '../helpers/server_process.ts'

const secret = 'the-shared-secret-of-the-sample'

/** Makes a project with a signed tool. */
export async function fill(server: ServerProcess): Promise<void> {
  const { project_id } = await server.bootstrap()
  const tool = {
    project_id,
    name: 'signed',
    base_url: 'https://api.example.test',
    http_method: 'POST',
    endpoint_path: '/signed',
    auth_strategy: 'hmac_signature',
    encrypted_auth_secret: secret,
  }
  expect((await server.api('POST', '/api/v1/custom-tools', tool)).status).toBe(201)
}

/** Runs a server that is to end by itself, on any free port. */
export async function serve(dataDir: string, options: ProcessOptions = {}): Promise<Finished> {
  const words = ['serve', '--listen', '127.0.0.1:0', '--data-dir', dataDir]
  return runGatehouse([await builtBinary()], words, options)
}

/** Whether the sample's secret can be used: the preview of a call signs with it. */
export async function signs(server: ServerProcess): Promise<boolean> {
  const { status, body } = await server.api('POST', '/api/v1/custom-tools/1/execute', {
    dry_run: true,
  })
  return status === 200 && body.canonical_line.startsWith('tng2 ')
}
