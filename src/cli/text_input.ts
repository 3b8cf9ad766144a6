import { resolve } from 'node:path'
import { misuse } from './failure.ts'
import type { Surroundings } from './surroundings.ts'

/** Text a flag gives: `-` is standard input, `@file` a file, anything else itself. @throws CliFailure */
export async function readText(
  flag: string,
  value: string,
  surroundings: Surroundings,
): Promise<string> {
  if (value === '-') return surroundings.readStdin()
  return value.startsWith('@') ? readNamed(flag, value.slice(1), surroundings) : value
}

/**
 * The secret that `--secret-file` or `--secret-stdin` gives, without the newline at its end; null
 * where neither is given. There is no flag for the secret itself: others could read it in the list of
 * processes.
 * @throws CliFailure
 */
export async function readSecret(
  options: { readonly secretFile?: string; readonly secretStdin?: boolean },
  surroundings: Surroundings,
): Promise<string | null> {
  const { secretFile, secretStdin } = options
  if (secretFile === undefined && secretStdin !== true) return null
  if (secretFile !== undefined && secretStdin === true) {
    throw misuse('Both --secret-file and --secret-stdin are given', 'Keep one.')
  }
  const text =
    secretFile === undefined
      ? await surroundings.readStdin()
      : readNamed('--secret-file', secretFile, surroundings)
  const secret = text.replace(/\r?\n$/, '')
  if (secret !== '') return secret
  throw misuse('The secret is empty')
}

/** The password on standard input, without the newline at its end. @throws CliFailure - there is none */
export async function readPassword({ readStdin }: Surroundings): Promise<string> {
  const password = (await readStdin()).replace(/\r?\n$/, '')
  if (password !== '') return password
  throw misuse('The password is empty')
}

function readNamed(flag: string, path: string, { inputs }: Surroundings): string {
  try {
    const text = inputs.readFile(resolve(inputs.cwd ?? '.', path))
    if (text !== null) return text
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? ` (${cause.code})` : ''
    throw misuse(`${flag} names ${path}, which cannot be read${why}`)
  }
  throw misuse(`${flag} names ${path}, which does not exist`)
}
