import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { explainSignature } from '../../crypto/explain_signature.ts'
import { prepareSigner, signatureHeader } from '../../crypto/request_signature.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import { escapeUnprintable } from '../../lib/printable.ts'
import { type ApiCall, type ApiOptions, apiAction, apiCommand } from '../api_command.ts'
import { CliFailure, exitCodes, misuse } from '../failure.ts'
import { findProject, findTool, idOf } from '../find_object.ts'
import { given } from '../given.ts'
import { print } from '../print.ts'
import type { Surroundings } from '../surroundings.ts'
import { readSecret } from '../text_input.ts'

interface ExplainOptions extends ApiOptions {
  readonly tool?: string
  readonly project?: string
  readonly secretFile?: string
  readonly secretStdin?: boolean
  readonly timestamp: string
  readonly requestId: string
  readonly method: string
  readonly target: string
  readonly body?: string
  readonly bodyFile?: string
  readonly signature?: string
}

/** `gatehouse signature …`: why an upstream refuses what Gatehouse signed. */
export function addSignatureCommands(program: Command, surroundings: Surroundings): void {
  const signature = program.command('signature').description('look into request signatures')
  apiCommand(signature, 'explain', 'say why a signature does not match')
    .option('--tool <tool>', 'ask the server, with the secret of this tool, by name or id')
    .option('--project <project>', 'its project, by id or slug')
    .option('--secret-file <file>', 'no server: compute here, with the secret in this file')
    .option('--secret-stdin', 'the same, with the secret from standard input')
    .requiredOption('--timestamp <text>', 'X-Tengine-Timestamp as received')
    .requiredOption('--request-id <text>', 'X-Tengine-Request-Id as received')
    .requiredOption('--method <method>', 'method as received')
    .requiredOption('--target <target>', 'raw path and query as received')
    .option('--body <text>', 'body as received (default: none)')
    .option('--body-file <file>', 'the same, byte for byte from a file')
    .option('--signature <text>', 'X-Tengine-Signature as received, or what your code computed')
    .action((options: ExplainOptions, command: Command) =>
      options.tool === undefined
        ? explainHere(options, surroundings)
        : apiAction(surroundings, explainThere)(options, command),
    )
}

async function explainThere(call: ApiCall<ExplainOptions>): Promise<void> {
  const { api, options, surroundings } = call
  const { tool = '', secretFile, secretStdin, timestamp, method, target, signature } = options
  if (secretFile !== undefined || secretStdin === true) {
    throw misuse('Both --tool and a secret are given', 'With --tool the server has the secret.')
  }
  const body = bodyOf(options, surroundings)
  const project = idOf(await findProject(api, options.project))
  const { id = null } = await findTool(api, project, tool)
  const answer = await api.post('/api/v1/signatures/explain', {
    tool_id: id,
    timestamp,
    request_id: options.requestId,
    method,
    target,
    ...(body.byteLength > 0 && { body_base64: body.toString('base64') }),
    ...given({ signature }),
  })
  report(answer, options, surroundings)
}

/** Without a server. The signature expected may be shown: who asks has the secret. */
async function explainHere(options: ExplainOptions, surroundings: Surroundings): Promise<void> {
  const secret = await readSecret(options, surroundings)
  if (secret === null) {
    throw misuse('With which secret?', 'Give --tool, --secret-file or --secret-stdin.')
  }
  const { timestamp, requestId, method, target, signature = null } = options
  const explanation = explainSignature({
    ...{ timestamp, requestId, method, target, signature },
    body: bodyOf(options, surroundings),
    secrets: [secret],
    baseUrl: null,
    nowSeconds: Math.floor(surroundings.nowMs() / 1000),
  })
  const { canonicalLine, bodySha256, matches, likelyCause } = explanation
  const answer = {
    canonical_line: canonicalLine,
    body_sha256: bodySha256,
    checks: explanation.checks.map((check) => ({ ...check })),
    matches,
    likely_cause: likelyCause,
    expected_signature: signatureHeader([prepareSigner(secret)], canonicalLine),
  }
  report(answer, options, surroundings)
}

function bodyOf({ body, bodyFile }: ExplainOptions, { inputs }: Surroundings): Buffer {
  if (bodyFile === undefined) return Buffer.from(body ?? '')
  if (body !== undefined) throw misuse('Both --body and --body-file are given', 'Keep one.')
  try {
    return readFileSync(resolve(inputs.cwd ?? '.', bodyFile))
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? ` (${cause.code})` : ''
    throw misuse(`--body-file names ${bodyFile}, which cannot be read${why}`)
  }
}

/** @throws CliFailure - exit code 1: the signature does not match */
function report(answer: JsonObject, options: ExplainOptions, surroundings: Surroundings): void {
  print({ answer, text: () => reportText(answer) }, options, surroundings)
  if (answer.matches !== false) return
  throw new CliFailure(exitCodes.failed, 'The signature does not match')
}

function reportText(answer: JsonObject): string {
  const { canonical_line: line, checks, likely_cause: cause, expected_signature: wanted } = answer
  const lines = [
    String(line),
    '',
    ...(Array.isArray(checks) ? checks.filter(isJsonObject).map(checkText) : []),
    ...(typeof cause === 'string' ? ['', `Likely cause: ${cause}`] : []),
    ...(typeof wanted === 'string' ? ['', `Expected: X-Tengine-Signature: ${wanted}`] : []),
  ]
  return `${lines.map(escapeUnprintable).join('\n')}\n`
}

const checkText = ({ name, ok, message }: JsonObject) =>
  `${stateOf(ok).padEnd(6)}  ${String(name).replaceAll('_', ' ').padEnd(15)}  ${message}`

function stateOf(ok: JsonValue | undefined): string {
  if (typeof ok !== 'boolean') return '-'
  return ok ? 'ok' : 'FAILED'
}
