import { HttpConnection, type OnResponse } from './http_connection.ts'
import type { CallsJob } from './job.ts'
import { openMcpSession, SESSION } from './mcp_session.ts'
import { RequestBytes } from './request_bytes.ts'

/** One caller with its own connections; one call under way at a time. */
export interface Caller {
  call(callNumber: number, onResponse: OnResponse): void
  close(): void
}

/** Opens a caller as the job wants it. `onBroken` is told should its server hang up. */
export function openCaller(
  job: Pick<CallsJob, 'port' | 'request' | 'picks' | 'answersOnStream'>,
  onBroken: (problem: string) => void,
): Promise<Caller> {
  return job.answersOnStream ? openStreamCaller(job, onBroken) : openPlainCaller(job, onBroken)
}

async function openPlainCaller(
  { port, request, picks }: Pick<CallsJob, 'port' | 'request' | 'picks'>,
  onBroken: (problem: string) => void,
): Promise<Caller> {
  const connection = await HttpConnection.open(port, onBroken)
  const bytes = new RequestBytes(request, picks)
  return {
    call: (callNumber, onResponse) => connection.send(bytes.fill(callNumber), onResponse),
    close: () => connection.close(),
  }
}

/** A call is answered once its POST was accepted and its message has come on the stream. */
async function openStreamCaller(
  { port, request, picks }: Pick<CallsJob, 'port' | 'request' | 'picks'>,
  onBroken: (problem: string) => void,
): Promise<Caller> {
  const connection = await HttpConnection.open(port, onBroken)
  const session = await openMcpSession(port, onBroken)
  const bytes = new RequestBytes(request.replace(SESSION, session.id), picks)
  return {
    call: (callNumber, onResponse) => {
      let accepted = 0
      let message: Buffer | null = null
      const settle = () => {
        if (accepted !== 0 && message !== null) onResponse(accepted, message, 0)
      }
      session.onMessage = (bytesOfMessage) => {
        message = bytesOfMessage
        settle()
      }
      connection.send(bytes.fill(callNumber), (status) => {
        accepted = status
        settle()
      })
    },
    close: () => {
      connection.close()
      session.close()
    },
  }
}
