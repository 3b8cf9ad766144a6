import { join } from 'node:path'
import type { Children } from '../children.ts'
import { bunCommand } from '../commands.ts'
import { freePort, requestText, untilReady } from '../http_text.ts'
import { SESSION } from '../load/mcp_session.ts'
import { CALL_NUMBER } from '../load/request_bytes.ts'
import { answerMarks, type CallKind, callArguments, inputSchemas } from '../sample_calls.ts'
import type { Competitor } from './competitor.ts'

/** Where the peer is, and what it is told. */
export interface PeerOptions {
  readonly upstream: string
  /** For the OpenAPI document it reads. */
  readonly directory: string
}

/** Starts `@ivotoby/openapi-mcp-server` in its HTTP mode, quiet, over a description of the upstream. */
export async function startPeer(
  children: Children,
  { upstream, directory }: PeerOptions,
): Promise<Competitor> {
  const port = await freePort()
  const documentFile = join(directory, 'openapi.json')
  await Bun.write(documentFile, JSON.stringify(openApiDocument(upstream)))
  const entry = import.meta.resolve('@ivotoby/openapi-mcp-server/bin/mcp-server.js')
  const flags = {
    '--api-base-url': upstream,
    '--openapi-spec': documentFile,
    '--transport': 'http',
    '--host': '127.0.0.1',
    '--port': String(port),
    '--verbose': 'false',
  }
  const child = children.start({
    name: 'peer',
    command: bunCommand(entry, ...Object.entries(flags).flat()),
  })
  await untilReady(`http://127.0.0.1:${port}/health`, {
    hasExited: child.hasExited,
    timeoutMs: 20_000,
  })
  return {
    name: 'peer',
    pid: child.pid,
    job: (kind) => ({
      kind: 'calls',
      port,
      request: request(kind, port),
      picks: 1,
      expect: {
        status: 202,
        contains: [...answerMarks[kind], `"id":${CALL_NUMBER}`],
        lacks: ['"isError":true', '"error":'],
      },
      serverPid: child.pid,
      answersOnStream: true,
    }),
  }
}

const toolNames: Readonly<Record<CallKind, string>> = { GET: 'get-item', POST: 'create-item' }

function request(kind: CallKind, port: number): string {
  const params = JSON.stringify({ name: toolNames[kind], arguments: callArguments[kind] })
  return requestText({
    method: 'POST',
    path: '/mcp',
    port,
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'Mcp-Session-Id': SESSION,
    },
    body: `{"jsonrpc":"2.0","id":${CALL_NUMBER},"method":"tools/call","params":${params}}`,
  })
}

const jsonAnswer = { description: 'ok', content: { 'application/json': { schema: {} } } }

function openApiDocument(upstream: string) {
  const { id, view } = inputSchemas.GET.properties
  const content = { 'application/json': { schema: inputSchemas.POST } }
  return {
    openapi: '3.0.3',
    info: { title: 'Items', version: '1' },
    servers: [{ url: upstream }],
    paths: {
      '/items/{id}': {
        get: {
          operationId: 'get-item',
          summary: 'Get item',
          parameters: [
            { name: 'id', in: 'path', required: true, schema: id },
            { name: 'view', in: 'query', schema: view },
          ],
          responses: { '200': jsonAnswer },
        },
      },
      '/items': {
        post: {
          operationId: 'create-item',
          summary: 'Create item',
          requestBody: { required: true, content },
          responses: { '201': jsonAnswer },
        },
      },
    },
  }
}
