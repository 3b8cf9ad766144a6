import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A published document as a user would hand it in. */
export interface SharedDocument {
  readonly name: string
  /** Path to text; one entry unless it is a bundle. */
  readonly files: ReadonlyMap<string, string>
  readonly entry: string
}

/** Where the published documents are; not part of the project. */
const sharedFolder = join(import.meta.dir, '../../../shared/openapi')

/** Every file of that folder, by document name, smallest first. */
const fileByName: Readonly<Record<string, string>> = {
  'oai-webhook-v31': 'oai-webhook-v31.yaml',
  'oai-uspto': 'oai-uspto.yaml',
  'oai-tags-v32': 'oai-tags-v32.yaml',
  'oai-tictactoe-v31': 'oai-tictactoe-v31.yaml',
  'oai-uber-v2': 'oai-uber-v2.yaml',
  'oai-link-example': 'oai-link-example.json',
  'og-form': 'og-form.json',
  'rm-schema-circular': 'rm-schema-circular.json',
  'rm-polymorphism': 'rm-polymorphism.json',
  'rm-parameters-style-v30': 'rm-parameters-style-v30.json',
  'museum-v31': 'museum-v31.yaml',
  'train-travel-v31': 'train-travel-v31.yaml',
  'petstore-v2': 'petstore-v2.json',
  'petstore-v3': 'petstore-v3.yaml',
  'redocly-cafe': 'redocly-cafe.yaml',
  notion: 'notion.json',
  qdrant: 'qdrant.json.gz',
  'telegram-bot': 'telegram-bot.json.gz',
  'slack-v2': 'slack-v2.json.gz',
  'twilio-api': 'twilio-api.json.gz',
  asana: 'asana.yaml.gz',
  box: 'box.json.gz',
  discord: 'discord.json.gz',
  openai: 'openai.yaml.gz',
  'stripe-2022': 'stripe-2022.yaml.gz',
  'digitalocean-multifile': 'digitalocean-multifile.tar.gz',
  'kubernetes-v2': 'kubernetes-v2.json.gz',
  'github-rest': 'github-rest.json.gz',
}

/** The names of all documents, smallest first. */
export const sharedNames = Object.keys(fileByName)

/** Whether the folder is there. */
export const hasSharedDocuments = existsSync(sharedFolder)

/** Reads one; null where it is absent. */
export async function readSharedDocument(name: string): Promise<SharedDocument | null> {
  const file = fileByName[name] ?? ''
  const path = join(sharedFolder, file)
  if (!existsSync(path)) return null
  const bytes = readFileSync(path)
  if (file.endsWith('.tar.gz')) {
    const files = await untar(Buffer.from(Bun.gunzipSync(bytes)))
    return { name, files, entry: 'specification/DigitalOcean-public.v2.yaml' }
  }
  const text = (file.endsWith('.gz') ? Buffer.from(Bun.gunzipSync(bytes)) : bytes).toString()
  const entry = file.replace(/\.gz$/, '')
  return { name, files: new Map([[entry, text]]), entry }
}

/** Files of a tar archive by path; POSIX headers with prefix and the long names of GNU and pax. */
async function untar(bytes: Buffer): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  let longName: string | null = null
  for (let at = 0; at + 512 <= bytes.length; ) {
    const header = bytes.subarray(at, at + 512)
    const word = (from: number, to: number) =>
      header.toString('utf8', from, to).replace(/\0.*$/s, '').trim()
    if (word(0, 100) === '') break
    const size = Number.parseInt(word(124, 136), 8) || 0
    const content = bytes.subarray(at + 512, at + 512 + size)
    const type = String.fromCharCode(header[156] ?? 0)
    const prefix = word(345, 500)
    const name: string = longName ?? (prefix === '' ? word(0, 100) : `${prefix}/${word(0, 100)}`)
    longName = null
    if (type === 'L') longName = content.toString().replace(/\0.*$/s, '')
    else if (type === 'x') longName = /path=([^\n]+)/.exec(content.toString())?.[1] ?? null
    else if (type === '0' || type === '\0') files.set(name.replace(/^\.\//, ''), content.toString())
    at += 512 + Math.ceil(size / 512) * 512
  }
  return files
}
