import { type Children, firstMessage } from '../children.ts'
import { bunCommand } from '../commands.ts'
import { requestText } from '../http_text.ts'
import { answerMarks, type CallKind, callArguments } from '../sample_calls.ts'
import type { Competitor } from './competitor.ts'

/** Starts the bare `Bun.serve` that forwards with `fetch`: the floor everybody stands on. */
export async function startForwarder(children: Children, upstream: string): Promise<Competitor> {
  const command = bunCommand(import.meta.resolve('../programs/forwarder.ts'), upstream)
  const { child, message } = await firstMessage<{ port: number }>(children, {
    name: 'forwarder',
    command,
  })
  const { port } = message
  return {
    name: 'forwarder',
    pid: child.pid,
    job: (kind) => ({
      kind: 'calls',
      port,
      request: request(kind, port),
      picks: 1,
      expect: { status: kind === 'GET' ? 200 : 201, contains: answerMarks[kind], lacks: [] },
      serverPid: child.pid,
      answersOnStream: false,
    }),
  }
}

function request(kind: CallKind, port: number): string {
  const { id, view } = callArguments.GET
  if (kind === 'GET') return requestText({ method: 'GET', path: `/items/${id}?view=${view}`, port })
  const headers = { 'Content-Type': 'application/json' }
  const body = JSON.stringify(callArguments.POST)
  return requestText({ method: 'POST', path: '/items', port, headers, body })
}
