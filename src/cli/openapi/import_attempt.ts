import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import type { ApiClient } from '../api_client.ts'
import { ApiFailure } from '../failure.ts'
import { type Awaited, awaitImport } from './await_import.ts'
import type { ChosenDocument } from './document_input.ts'
import { importPath, newestImport, sourcePath, sourcesPath } from './plan.ts'

/** What an attempt begins with. */
export interface AttemptParts {
  readonly api: ApiClient
  /** The source there is; null for one to be made. */
  readonly present: JsonObject | null
  /** Fields of the source to make, or to change. */
  readonly fields: JsonObject
}

/** Only the last of these waits longer than a person notices. */
const busyPausesMs = [50, 100, 200, 400, 800, 1600, 3200]

/** An import that leaves everything as it was, unless it is applied. */
export class ImportAttempt {
  private readonly parts: AttemptParts
  private made: JsonObject | null = null
  private found: JsonObject | null = null
  private before: JsonObject | null = null
  private isApplied = false
  private isOwn = true

  constructor(parts: AttemptParts) {
    this.parts = parts
  }

  /** The source that is imported. */
  get source(): JsonObject {
    return this.made ?? this.parts.present ?? {}
  }

  /** Whether the URL gave what it gave before. */
  get isUnchanged(): boolean {
    return !this.isOwn
  }

  /**
   * Makes or changes the source, sends the document or has it fetched, and waits for the plan.
   * @throws ApiFailure, CliFailure
   */
  async plan(document: ChosenDocument, awaited: Awaited): Promise<JsonObject> {
    await this.prepare()
    const found = await this.read(document, awaited)
    if (found.state !== 'unchanged') return found
    this.isOwn = false
    this.found = await newestImport(this.parts.api, this.source, ['ready'])
    if (this.found !== null) return this.found
    // The plan was applied, or the filter is another: the document that was kept makes it anew.
    const { api } = this.parts
    this.isOwn = true
    this.found = await api.post(`${sourcePath(this.source)}/imports`, { reuse_document: true })
    return awaitImport(awaited, importPath(this.source, this.found))
  }

  private async read(document: ChosenDocument, awaited: Awaited): Promise<JsonObject> {
    const { api } = this.parts
    const path = `${sourcePath(this.source)}/imports`
    const send = () => ('url' in document ? api.post(path) : api.upload(path, document.upload))
    this.found = await this.onceFree(send)
    return awaitImport(awaited, importPath(this.source, this.found))
  }

  private async prepare(): Promise<void> {
    const { api, present, fields } = this.parts
    if (present === null) {
      this.made = await api.post(sourcesPath, fields)
      return
    }
    const before = beforeOf(present, fields)
    if (before === null) return
    this.before = before
    this.made = await api.patch(sourcePath(present), fields)
    // The document that was kept is being read with them; a newer one is on its way.
    const running = await newestImport(api, present, ['reading'])
    if (running !== null) await api.post(`${importPath(present, running)}/cancel`).catch(ignored)
  }

  /** What was cancelled a moment ago takes another one to end, and so does what an override began. */
  private async onceFree(send: () => Promise<JsonObject>): Promise<JsonObject> {
    for (const pauseMs of busyPausesMs) {
      try {
        return await send()
      } catch (error) {
        if (!(error instanceof ApiFailure) || error.problem.code !== 'import_running') throw error
        await Bun.sleep(pauseMs)
      }
    }
    return send()
  }

  /** Notes that the plan came true: nothing is taken back any more. */
  applied(): void {
    this.isApplied = true
  }

  /** Drops the plan, and makes the source what it was, unless the plan was applied. */
  async undo(): Promise<void> {
    if (this.isApplied) return
    const { api, present } = this.parts
    if (this.found !== null && this.isOwn) {
      await api.post(`${importPath(this.source, this.found)}/cancel`).catch(ignored)
    }
    if (present === null && this.made !== null) {
      await api.delete(sourcePath(this.made)).catch(ignored)
    }
    if (present !== null && this.before !== null) {
      await api.patch(sourcePath(present), this.before).catch(ignored)
    }
  }
}

/** The failure that led here is the one to tell. */
const ignored = () => null

/** What the fields that would change are now; null where none would. */
function beforeOf(present: JsonObject, fields: JsonObject): JsonObject | null {
  const before: JsonObject = {}
  for (const [name, value] of Object.entries(fields)) {
    const now = present[name] ?? null
    const isSame = isJsonObject(value) && isJsonObject(now) ? holds(now, value) : equal(now, value)
    if (!isSame) before[name] = now
  }
  return Object.keys(before).length === 0 ? null : before
}

const holds = (whole: JsonObject, part: JsonObject) =>
  Object.entries(part).every(([name, value]) => equal(whole[name], value))

const equal = (one: unknown, other: unknown) => Bun.deepEquals(one, other)
