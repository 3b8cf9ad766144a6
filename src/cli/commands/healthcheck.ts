import type { Command } from 'commander'
import { type ApiOptions, apiCommand, apiConfig } from '../api_command.ts'
import { CliFailure, exitCodes } from '../failure.ts'
import { print } from '../print.ts'
import type { Surroundings } from '../surroundings.ts'
import { remoteTransport, socketTransport } from '../transport.ts'

const timeoutMs = 5000

/** `gatehouse healthcheck`: exit code 0 where the server is ready, 1 where it is not, 3 where none is. */
export function addHealthcheckCommand(program: Command, surroundings: Surroundings): void {
  apiCommand(program, 'healthcheck', 'ask the running server whether it is ready').action(
    (options: ApiOptions) => healthcheck(options, surroundings),
  )
}

async function healthcheck(options: ApiOptions, surroundings: Surroundings): Promise<void> {
  const config = apiConfig(options, surroundings)
  const transport =
    config.url === null
      ? await socketTransport(config, surroundings)
      : remoteTransport(config, surroundings)
  if (transport === null) {
    throw new CliFailure(exitCodes.unreachable, `No server runs for ${config.dataDir}`)
  }
  const response = await transport.send({ method: 'GET', path: '/readyz', headers: {}, timeoutMs })
  const state = await statusOf(response)
  if (!response.ok) throw new CliFailure(exitCodes.failed, `The server is not ready: ${state}`)
  print({ answer: { status: state }, text: () => `${state}\n` }, options, surroundings)
}

async function statusOf(response: Response): Promise<string> {
  const answer: unknown = await response.json().catch(() => null)
  const status =
    typeof answer === 'object' && answer !== null && 'status' in answer && answer.status
  return typeof status === 'string' ? status : `HTTP ${response.status}`
}
