import { basename, join, resolve } from 'node:path'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import type { UploadedText } from '../api_client.ts'
import { CliFailure, exitCodes, misuse } from '../failure.ts'
import type { Surroundings } from '../surroundings.ts'
import { bundleOf, type NamedFile } from './bundle_files.ts'

/** What an import reads: a URL the server fetches, or a document that is sent. */
export type ChosenDocument =
  | { readonly url: string; readonly name: string }
  | { readonly upload: UploadedText | FormData; readonly name: string; readonly files: number }

/** Names a directory's root document may have, the likeliest first. */
const rootNames = ['openapi', 'swagger', 'index', 'api', 'spec'].flatMap((name) =>
  ['yaml', 'yml', 'json'].map((ending) => `${name}.${ending}`),
)

/**
 * The document that words name: a URL, `-` for standard input, a directory, or a file, with the files it
 * refers to and those named after it. The name is the URL's host, else the document's title.
 * @throws CliFailure - exit code 2: there is no such document
 */
export async function chooseDocument(
  [word = '', ...others]: readonly string[],
  surroundings: Surroundings,
): Promise<ChosenDocument> {
  if (others.length > 0 && (word === '-' || /^https?:/i.test(word))) {
    throw misuse('More files go with a file or directory only', 'Name the root document first.')
  }
  if (/^https?:\/\//i.test(word)) return { url: word, name: hostOf(word) }
  if (word === '-') return single(await surroundings.readStdin(), 'standard input')
  const { path, text } = readRoot(word, surroundings)
  const more = others.map((file) => readNamed(file, surroundings))
  const bundle = bundleOf({ path, text }, more, surroundings.inputs)
  if (bundle.files.size === 1) return single(text, word)
  const form = new FormData()
  form.append('entry', bundle.entry)
  for (const [name, content] of bundle.files) form.append('file', new File([content], name), name)
  return { upload: form, name: titleOf(text) ?? basename(path), files: bundle.files.size }
}

function hostOf(url: string): string {
  const host = URL.parse(url)?.host
  if (host !== undefined && host !== '') return host
  throw misuse(`"${url}" is not a URL`, 'Write https://host/path/openapi.json.')
}

function single(text: string, word: string): ChosenDocument {
  if (text.trim() === '') throw misuse(`There is nothing in ${word}`)
  const name = titleOf(text) ?? (word === 'standard input' ? 'api' : basename(word))
  return { upload: { text, contentType: 'application/yaml' }, name, files: 1 }
}

function readNamed(word: string, { inputs }: Surroundings): NamedFile {
  const path = resolve(inputs.cwd ?? '.', word)
  const text = readOrNull(path, inputs.readFile)
  if (text !== null) return { path, text }
  throw misuse(`${word} is no file that can be read`)
}

/** The text of a file, or of the root document of a directory. */
function readRoot(word: string, { inputs }: Surroundings): NamedFile {
  const path = resolve(inputs.cwd ?? '.', word)
  const text = readOrNull(path, inputs.readFile)
  if (text !== null) return { path, text }
  for (const name of rootNames) {
    const inside = join(path, name)
    const found = readOrNull(inside, inputs.readFile)
    if (found !== null) return { path: inside, text: found }
  }
  throw misuse(
    `${word} is no file that can be read, and no directory with an openapi.yaml or openapi.json`,
    'Name the document itself: gatehouse openapi import DIR/FILE',
  )
}

function readOrNull(path: string, readFile: (path: string) => string | null): string | null {
  try {
    return readFile(path)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : null
    if (code === 'EISDIR' || code === 'ENOTDIR') return null
    throw new CliFailure(exitCodes.usage, `${path} cannot be read (${code ?? 'no reason'})`, {
      cause,
    })
  }
}

/** The title of a document, 100 characters at most; null where it has none or cannot be read. */
function titleOf(text: string): string | null {
  const document = parsed(text)
  const info = document === null || !isJsonObject(document['info']) ? {} : document['info']
  const title = typeof info['title'] === 'string' ? info['title'].replace(/\s+/g, ' ').trim() : ''
  return title === '' ? null : title.slice(0, 100)
}

function parsed(text: string): JsonObject | null {
  try {
    const begun = text.trimStart()
    const value = begun.startsWith('{') ? JSON.parse(begun) : Bun.YAML.parse(begun)
    return isJsonObject(value) ? value : null
  } catch {
    return null
  }
}
