import { dirname, join, relative } from 'node:path'
import { misuse } from '../failure.ts'
import type { Surroundings } from '../surroundings.ts'

/** Files by path from the folder that holds them all, and the one to begin with. */
export interface Bundle {
  readonly files: ReadonlyMap<string, string>
  readonly entry: string
}

/** A file that was read. */
export interface NamedFile {
  /** Absolute. */
  readonly path: string
  readonly text: string
}

/** What the server takes in one import. */
const maxFiles = 5000
const maxCharacters = 32 * 1024 * 1024

/**
 * A document with the files its relative references lead to, and theirs, and with `others` that were
 * named. Only files beside or below the document, or in the working directory, are read unnamed: a
 * document from elsewhere must not choose what of this machine is sent. What is not there is left to
 * the server's report.
 * @throws CliFailure - exit code 2: more than the server takes
 */
export function bundleOf(
  root: NamedFile,
  others: readonly NamedFile[],
  inputs: Surroundings['inputs'],
): Bundle {
  const isAllowed = allowedBy(root.path, inputs.cwd ?? '/')
  const texts = new Map([root, ...others].map(({ path, text }) => [path, text]))
  let size = [...texts.values()].reduce((sum, text) => sum + text.length, 0)
  if (size > maxCharacters) throw tooBig()
  for (const [path, text] of texts) {
    for (const target of relativeFiles(text)) {
      const file = join(dirname(path), target)
      if (texts.has(file) || !isAllowed(file)) continue
      const found = readOrNull(file, inputs.readFile)
      if (found === null) continue
      texts.set(file, found)
      size += found.length
      if (texts.size > maxFiles || size > maxCharacters) throw tooBig()
    }
  }
  return namedFrom(commonFolder([...texts.keys()]), root.path, texts)
}

const tooBig = () =>
  misuse(
    'The document and the files it refers to are more than 32 MB, or more than 5000 files',
    'Bundle what is needed into one file.',
  )

function allowedBy(root: string, cwd: string): (file: string) => boolean {
  const folders = [dirname(root), ...(isInside(cwd, root) ? [cwd] : [])]
  return (file) => folders.some((folder) => isInside(folder, file))
}

const isInside = (folder: string, file: string) =>
  file.startsWith(folder.endsWith('/') ? folder : `${folder}/`)

const reference =
  /["']?\$ref["']?\s*:\s*(?:"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|([^\s"',}\]#][^\s,}\]]*))/g

/** The files that references of a text name: without fragment, not absolute. */
function relativeFiles(text: string): Set<string> {
  const files = new Set<string>()
  for (const [, double, single, plain] of text.matchAll(reference)) {
    const [file = ''] = (double ?? single ?? plain ?? '').replaceAll('\\/', '/').split('#')
    if (file !== '' && !/^(?:[a-z][a-z\d+.-]*:|\/)/i.test(file)) files.add(decoded(file))
  }
  return files
}

function decoded(file: string): string {
  try {
    return decodeURIComponent(file)
  } catch {
    return file
  }
}

function readOrNull(path: string, readFile: (path: string) => string | null): string | null {
  try {
    return readFile(path)
  } catch {
    return null
  }
}

function commonFolder(paths: readonly string[]): string {
  let folder = dirname(paths[0] ?? '/')
  while (!paths.every((path) => isInside(folder, path))) folder = dirname(folder)
  return folder
}

function namedFrom(folder: string, root: string, texts: ReadonlyMap<string, string>): Bundle {
  const files = new Map([...texts].map(([path, text]) => [relative(folder, path), text]))
  return { files, entry: relative(folder, root) }
}
