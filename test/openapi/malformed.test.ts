import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type RunningApp, startApp } from '../helpers/running_app.ts'
import { adminTokens, allItems, importAgain, upload } from './imported_document.ts'
import { type BrokenDocument, goodDocument, mutations, scrambled } from './mutations.ts'
import { nastyTexts } from './nasty_documents.ts'
import type { Raw } from './reference/document_graph.ts'

let app: RunningApp
let sourceId: number
let importsPath: string

beforeAll(async () => {
  app = await startApp()
  const { project_id, admin_token } = await app.bootstrap()
  adminTokens.set(app, admin_token)
  const made = await app.api('POST', '/api/v1/openapi-sources', {
    project_id,
    name: 'broken',
    settings: { base_url: 'https://api.example.com' },
  })
  sourceId = made.body.id
  importsPath = `/api/v1/openapi-sources/${sourceId}/imports`
})
afterAll(() => app.stop())

const asDocument = ({ text }: BrokenDocument) => {
  const entry = /^\s*[{["]/.test(text) ? 'broken.json' : 'broken.yaml'
  return { name: 'broken', files: new Map([[entry, text]]), entry }
}

/** What is wrong with how an upload was answered; null where all is as promised. */
async function complaint(broken: BrokenDocument): Promise<string | null> {
  const startMs = performance.now()
  const given = await upload(app, importsPath, asDocument(broken))
  if (given.status >= 500) return `answered ${given.status}`
  if (given.status !== 202) return given.body.detail ? null : 'refused without a word'
  const importId = (given.body.import ?? given.body).id
  const path = `${importsPath}/${importId}`
  let report: Raw
  do {
    report = (await app.api('GET', path)).body
    if (performance.now() - startMs > 10_000) return `hangs: ${JSON.stringify(report.progress)}`
    if (report.state === 'reading') await Bun.sleep(3)
  } while (report.state === 'reading')
  if (report.state === 'failed') {
    return broken.keeps === undefined ? failureComplaint(report) : `lost all: ${report.error}`
  }
  if (!['ready', 'superseded'].includes(report.state)) return `ended ${report.state}`
  if (broken.keeps !== undefined) {
    const operations = await allItems(app, `${path}/operations?limit=100`)
    if (!operations.some(({ key }) => key === broken.keeps)) return `lost ${broken.keeps}`
  }
  const findings = await allItems(app, `${path}/findings?limit=100`)
  const vague = findings.find((one) => !isClear(one))
  return vague === undefined ? null : `vague: ${JSON.stringify(vague)}`
}

const isClear = ({ pointer, reason, fix }: Raw): boolean =>
  /^[^\s]*#|^\//.test(pointer) && isSentence(reason) && isSentence(fix)

const isSentence = (text: Raw): boolean =>
  typeof text === 'string' && /^.{10,}[.!?]$/s.test(text) && !/undefined|\[object|NaN/.test(text)

function failureComplaint({ error }: Raw): string | null {
  const isOurs = error?.code !== undefined && error.code !== 'internal'
  if (!isOurs) return `failed without a reason: ${JSON.stringify(error)}`
  return isSentence(error.reason) ? null : `failed vaguely: ${JSON.stringify(error)}`
}

async function complaints(list: readonly BrokenDocument[]): Promise<string[]> {
  const found: string[] = []
  for (const broken of list) {
    const wrong = await complaint(broken)
    if (wrong !== null) found.push(`${broken.what}: ${wrong}`)
  }
  return found
}

describe('a broken document is told so, whatever is broken', () => {
  const all = mutations()
  const size = Math.ceil(all.length / 4)
  const parts = [0, 1, 2, 3].map(
    (part) => [part, all.slice(part * size, (part + 1) * size)] as const,
  )

  test.each(parts)(
    'each place of a good document removed or replaced, part %d',
    async (_part, list) => {
      expect(await complaints(list)).toEqual([])
    },
    60_000,
  )

  test('texts with bytes changed, cut and doubled', async () => {
    expect(await complaints(scrambled(40))).toEqual([])
  }, 60_000)

  test.each(nastyTexts().map((one) => [one.what, one] as const))(
    'nasty: %s',
    async (_what, broken) => {
      expect(await complaint(broken)).toBeNull()
    },
    15_000,
  )

  test('there are more than 200 of them', () => {
    expect(all.length + 40 + nastyTexts().length).toBeGreaterThan(200)
  })

  test('the server answers and imports a good document afterwards', async () => {
    const good = { what: 'good', text: JSON.stringify(goodDocument) }
    const { report } = await importAgain(app, asDocument(good), sourceId)
    expect(report).toMatchObject({ state: 'ready', counts: { operations: 3, tools: 3 } })
    const log = app.logLines().filter((line) => JSON.parse(line).level === 'error')
    expect(log).toEqual([])
  }, 15_000)
})
