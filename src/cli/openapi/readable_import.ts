import type { JsonObject } from '../../lib/json.ts'
import type { ApiCall, ApiOptions } from '../api_command.ts'
import { CliFailure, exitCodes } from '../failure.ts'
import { findOpenapiSource, findProject, idOf } from '../find_object.ts'
import { cell } from '../print.ts'
import { awaitImport } from './await_import.ts'
import { importPath, newestImport, sourcePath } from './plan.ts'
import { progressLine } from './progress_line.ts'
import { shellWord } from './shell_word.ts'
import { watchStop } from './stop_watch.ts'

/** What every command about a source takes. */
export interface SourceOptions extends ApiOptions {
  readonly project?: string
}

/** A source with the import whose operations can be looked at. */
export interface Readable {
  readonly source: JsonObject
  readonly found: JsonObject
}

/** The source with this id or name. @throws CliFailure - there is none */
export async function foundSource(
  { api, options }: ApiCall<SourceOptions>,
  wanted: string,
): Promise<JsonObject> {
  return findOpenapiSource(api, idOf(await findProject(api, options.project)), wanted)
}

/**
 * A source with its newest plan, or the one that was applied; the kept document is read again where
 * neither tells its operations any more, as after a rollback.
 * @throws CliFailure - it was never imported
 */
export async function readableImport(
  call: ApiCall<SourceOptions>,
  wanted: string,
): Promise<Readable> {
  const source = await foundSource(call, wanted)
  const { api } = call
  const running = await newestImport(api, source, ['reading'])
  // What it comes to is not the question: a plan that fails leaves the one before.
  if (running !== null) await waited(call, importPath(source, running)).catch(() => null)
  const found = await newestImport(api, source, ['ready', 'applied'])
  if (found === null) {
    throw new CliFailure(exitCodes.failed, `${cell(source.name)} has not been imported yet`, {
      reason: `Import it: gatehouse openapi import FILE|URL --source ${shellWord(cell(source.name))}`,
    })
  }
  const { items } = await api.page(`${importPath(source, found)}/operations`, { limit: 1 })
  return { source, found: items.length > 0 ? found : await readAgain(call, source) }
}

async function readAgain(call: ApiCall<SourceOptions>, source: JsonObject): Promise<JsonObject> {
  const path = `${sourcePath(source)}/imports`
  const started = await call.api.post(path, { reuse_document: true })
  return waited(call, importPath(source, started))
}

async function waited(call: ApiCall<SourceOptions>, path: string): Promise<JsonObject> {
  const { api, options, surroundings } = call
  const stop = watchStop(surroundings)
  const line = progressLine(surroundings, options)
  try {
    return await awaitImport({ api, stop, line }, path)
  } finally {
    stop.off()
  }
}
