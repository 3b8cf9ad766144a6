import type { Command } from 'commander'
import { holdsPrivateKey } from '../../crypto/public_key.ts'
import { AppError } from '../../errors.ts'
import {
  type ApiCall,
  type ApiOptions,
  apiAction,
  type PageOptions,
  pageOptions,
  projectCommand,
} from '../api_command.ts'
import { misuse } from '../failure.ts'
import { findAssertionKey, findProject, idOf } from '../find_object.ts'
import { given } from '../given.ts'
import { cell, column } from '../print.ts'
import type { Surroundings } from '../surroundings.ts'
import { readText } from '../text_input.ts'

const path = '/api/v1/assertion-keys'

interface ProjectOptions extends ApiOptions {
  readonly project?: string
}

interface AddOptions extends ProjectOptions {
  readonly publicKeyFile?: string
  readonly publicKeyStdin?: boolean
  readonly algorithm?: string
}

/** `gatehouse assertion-key …`: the public keys of backends that speak for members. */
export function addAssertionKeyCommands(program: Command, surroundings: Surroundings): void {
  const noun = program
    .command('assertion-key')
    .description('manage the public keys that member assertions are checked with')
  const command = (usage: string, description: string) => projectCommand(noun, usage, description)
  command('add <kid>', 'register a public key')
    .option('--public-key-file <file>', 'file with the key in PEM: BEGIN PUBLIC KEY')
    .option('--public-key-stdin', 'read the key from standard input')
    .option('--algorithm <name>', 'ES256, ES384, Ed25519 or RS256 (default: as the key is)')
    .action(apiAction(surroundings, add))
  pageOptions(command('list', 'list assertion keys')).action(apiAction(surroundings, list))
  command('show <key>', 'show an assertion key, by kid or id').action(apiAction(surroundings, show))
  command(
    'deactivate <key>',
    'refuse its assertions, and end the session tokens made by it',
  ).action(apiAction(surroundings, deactivate))
}

async function add(call: ApiCall<AddOptions>, kid: string): Promise<void> {
  const { api, options, print } = call
  const publicKey = await readPublicKeyText(call)
  const answer = await api.post(path, {
    project_id: (await findProject(api, options.project)).id ?? null,
    kid,
    public_key: publicKey,
    ...given({ algorithm: options.algorithm }),
  })
  print(
    answer,
    () => `Added ${cell(answer.kid)} (id ${idOf(answer)}, ${cell(answer.algorithm)}).\n`,
  )
}

async function readPublicKeyText({ options, surroundings }: ApiCall<AddOptions>): Promise<string> {
  const { publicKeyFile: file, publicKeyStdin = false } = options
  if ((file !== undefined) === publicKeyStdin) {
    throw misuse('Which public key?', 'Give --public-key-file or --public-key-stdin.')
  }
  const source = file === undefined ? '-' : `@${file}`
  const text = await readText('--public-key-file', source, surroundings)
  // The server would refuse it too, but then it would have travelled.
  if (!holdsPrivateKey(text)) return text
  throw new AppError('invalid_public_key', {
    reason:
      'This is a private key; it was not sent. openssl pkey -in FILE -pubout has its public half.',
  })
}

async function list(call: ApiCall<PageOptions & ProjectOptions>): Promise<void> {
  const { api, options, printPage } = call
  const { limit, cursor } = options
  const project = idOf(await findProject(api, options.project))
  printPage(await api.page(path, { project_id: project, limit, cursor }), [
    column('id', 'id'),
    column('kid', 'kid', true),
    column('algorithm', 'algorithm'),
    { title: 'state', text: (item) => (item.is_active === false ? 'inactive' : 'active') },
    column('created', 'created_at'),
  ])
}

async function show(call: ApiCall<ProjectOptions>, wanted: string): Promise<void> {
  const { api, print } = call
  print(await api.get(`${path}/${idOf(await found(call, wanted))}`))
}

async function deactivate(call: ApiCall<ProjectOptions>, wanted: string): Promise<void> {
  const key = await found(call, wanted)
  await call.api.delete(`${path}/${idOf(key)}`)
  call.print({ deactivated: key.kid ?? null }, () => `Deactivated ${cell(key.kid)}.\n`)
}

async function found({ api, options }: ApiCall<ProjectOptions>, wanted: string) {
  return findAssertionKey(api, idOf(await findProject(api, options.project)), wanted)
}
