import type { Command } from 'commander'
import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import { escapeUnprintable } from '../../lib/printable.ts'
import { type ApiCall, type ApiOptions, apiAction, apiCommand } from '../api_command.ts'
import { CliFailure, exitCodes, misuse } from '../failure.ts'
import { findProject, idOf } from '../find_object.ts'
import { given } from '../given.ts'
import { cell, print } from '../print.ts'
import { collect } from '../setting_flags.ts'
import type { Surroundings } from '../surroundings.ts'
import { readText } from '../text_input.ts'
import { textDetails } from '../text_table.ts'

interface ProjectOptions extends ApiOptions {
  readonly project?: string
}

interface MintOptions extends ProjectOptions {
  readonly privateKeyFile: string
  readonly kid: string
  readonly sub: string
  readonly email?: string
  readonly role?: readonly string[]
  readonly jti?: boolean
}

const lifeSeconds = 60

/** `gatehouse assertion …`: what a backend signs to say which member it speaks for. */
export function addAssertionCommands(program: Command, surroundings: Surroundings): void {
  const assertion = program.command('assertion').description('try and check member assertions')
  apiCommand(
    assertion,
    'verify <assertion>',
    'show which check an assertion fails; uses nothing up',
  )
    .option('--project <project>', 'its project, by id or slug')
    .action(apiAction(surroundings, verify))
  apiCommand(assertion, 'mint', 'sign an assertion here, as a backend does, to try things out')
    .requiredOption('--private-key-file <file>', 'private key in PEM; it stays on this machine')
    .requiredOption('--kid <kid>', 'what its public key is registered as')
    .requiredOption('--sub <id>', 'the external id of the member')
    .option('--email <email>', 'their email')
    .option('--role <role>', 'a role of theirs (repeatable)', collect)
    .option('--jti', 'with a random id, so that it can be exchanged once only')
    .option('--project <project>', 'by id, which needs no server, or by slug')
    .action((options: MintOptions, command: Command) =>
      /^[1-9]\d{0,14}$/.test(options.project ?? '')
        ? mint(options, Number(options.project), surroundings)
        : apiAction(surroundings, mintForProject)(options, command),
    )
}

/** @throws CliFailure - exit code 1: it would be refused */
async function verify(call: ApiCall<ProjectOptions>, source: string): Promise<void> {
  const { api, options, surroundings } = call
  const text = await readText('assertion', source, surroundings)
  const assertion = text.replace(/\r?\n$/, '')
  if (assertion === '') throw misuse('The assertion is empty')
  const answer = await api.post('/api/v1/assertions/verify', {
    project_id: (await findProject(api, options.project)).id ?? null,
    assertion,
  })
  call.print(answer, () => verifiedText(answer))
  if (answer.valid === true) return
  throw new CliFailure(exitCodes.failed, 'The assertion is not valid')
}

function verifiedText(answer: JsonObject): string {
  const { checks, detail, reason, key } = answer
  const verdict = answer.valid === true ? ['It would be exchanged now.'] : [detail, reason]
  const lines = [
    ...(Array.isArray(checks) ? checks.filter(isJsonObject).map(checkText) : []),
    '',
    ...verdict.filter((line) => typeof line === 'string'),
  ]
  const details = textDetails([
    ['Expected aud', cell(answer.expected_audience)],
    ['Server time', cell(answer.server_time)],
    ['Key', isJsonObject(key) ? `${key.kid} (id ${idOf(key)}, ${key.algorithm})` : '-'],
    ['Header', jsonLines(answer.header)],
    ['Claims', jsonLines(answer.claims)],
  ])
  return `${lines.map(escapeUnprintable).join('\n')}\n\n${details}`
}

const checkText = ({ name, ok }: JsonObject) =>
  `${stateOf(ok).padEnd(11)}  ${String(name).replaceAll('_', ' ')}`

function stateOf(ok: JsonValue | undefined): string {
  if (typeof ok !== 'boolean') return 'not reached'
  return ok ? 'ok' : 'FAILED'
}

const jsonLines = (value: JsonValue | undefined) =>
  isJsonObject(value) ? JSON.stringify(value, null, 2) : '-'

async function mintForProject({ api, options, surroundings }: ApiCall<MintOptions>) {
  const { id } = await findProject(api, options.project)
  await mint(options, Number(id), surroundings)
}

async function mint(
  options: MintOptions,
  projectId: number,
  surroundings: Surroundings,
): Promise<void> {
  const flag = '--private-key-file'
  const pem = await readText(flag, `@${options.privateKeyFile}`, surroundings)
  // The JWT library is no part of what every command loads.
  const { audienceOf } = await import('../../crypto/member_assertion.ts')
  const { readAssertionSigner, signMemberAssertion } = await import(
    '../../crypto/member_assertion_signer.ts'
  )
  const signer = readAssertionSigner(pem)
  if ('fault' in signer) throw misuse(`${flag} holds no key that can sign`, signer.fault)
  const { sub, email, role, jti } = options
  const iat = Math.floor(surroundings.nowMs() / 1000)
  const assertion = await signMemberAssertion(signer, options.kid, {
    sub,
    aud: audienceOf(projectId),
    iat,
    exp: iat + lifeSeconds,
    ...given({ email, roles: role && [...role], jti: jti ? crypto.randomUUID() : undefined }),
  })
  print({ answer: { assertion }, text: () => `${assertion}\n` }, options, surroundings)
}
