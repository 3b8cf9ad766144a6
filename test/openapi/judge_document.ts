import type { Bootstrapped } from '../helpers/running_app.ts'
import { type CatalogueClient, type CatalogueWorld, connectModern } from './catalogue_world.ts'
import { allItems, importDocument } from './imported_document.ts'
import { portabilityFaults } from './model_api_rules.ts'
import { misfit } from './portable_fit.ts'
import { type ChosenValues, chooseValues, type ValueSource } from './reference/chosen_values.ts'
import { differencesFromAny } from './reference/compare_request.ts'
import { type DocumentGraph, type Raw, readGraph } from './reference/document_graph.ts'
import { expectedRequests } from './reference/expected_request.ts'
import { makeJudge } from './reference/judge.ts'
import { readWireOperations, type WireOperation } from './reference/wire_operations.ts'
import type { SharedDocument } from './shared_documents.ts'
import { isPortableName, toolArguments } from './tool_arguments.ts'

/** Something that is not as it should be with an operation. */
export interface Fault {
  readonly document: string
  readonly key: string
  /** What part of the way: `import`, `schema`, `values`, `arguments`, `refused`, `request`. */
  readonly stage: string
  readonly detail: string
}

/** How a document fared. */
export interface DocumentScore {
  readonly document: string
  readonly operations: number
  readonly imported: number
  readonly tools: number
  readonly portable: number
  readonly calls: number
  readonly exact: number
  /** Of the whole process from upload until the report is ready. */
  readonly importCpuSeconds: number
  readonly importSeconds: number
  readonly totalSeconds: number
  readonly listBytes: number
  /** As the import counts them. */
  readonly tokens: number
  readonly faults: readonly Fault[]
}

const concurrency = 24

/** Imports a document, lists its tools, calls each operation twice and compares what arrives. */
export async function judgeDocument(
  world: CatalogueWorld,
  document: SharedDocument,
  connect: (project: Bootstrapped) => Promise<CatalogueClient> = connectModern,
): Promise<DocumentScore> {
  const startMs = performance.now()
  const graph = readGraph(document)
  const { operations, unreadable } = readWireOperations(graph)
  const project = await world.openProject(document.name)
  const { app, echo } = world
  const before = process.cpuUsage()
  const { sourceId, importId, report, waitedMs } = await importDocument(app, document, {
    project_id: project.project_id,
    settings: { base_url: echo.url },
  })
  const cpu = process.cpuUsage(before)
  const path = `/api/v1/openapi-sources/${sourceId}/imports/${importId}`
  if (report.state !== 'ready') throw new Error(`import ended ${JSON.stringify(report)}`)
  const planned = await allItems(app, `${path}/operations?limit=100`)
  const applied = await app.api('POST', `${path}/apply`, { enable: { reads: true, writes: true } })
  if (applied.status !== 200) throw new Error(`apply: ${JSON.stringify(applied.body)}`)
  const client = await connect(project)
  const listed = await client.list()
  const toolByName = new Map<string, Raw>(listed.map((tool) => [tool.name, tool]))
  const plannedByKey = new Map<string, Raw>(planned.map((one) => [one.key, one]))
  const faults: Fault[] = []
  const say = (key: string, stage: string, detail: string) =>
    void faults.push({ document: document.name, key, stage, detail })
  for (const [key, reason] of unreadable) say(key, 'reference', reason)
  const imported: { operation: WireOperation; tool: Raw }[] = []
  for (const operation of operations) {
    const plan = plannedByKey.get(operation.key)
    const tool = plan === undefined ? undefined : toolByName.get(plan.name)
    if (tool !== undefined) imported.push({ operation, tool })
    else
      say(
        operation.key,
        'import',
        plan === undefined ? 'unknown' : JSON.stringify(plan).slice(0, 800),
      )
  }
  let portable = 0
  for (const tool of listed) {
    const found = portabilityFaults(tool)
    if (found.length === 0) portable++
    else say(tool.name, 'schema', found.slice(0, 4).join('; '))
  }
  const source: ValueSource = {
    graph,
    judge: makeJudge(graph),
    lenientJudge: makeJudge(graph, true),
    avoid: (name) => !isPortableName(name) && /^(member|project|integration)_id$/i.test(name),
  }
  let calls = 0
  let exact = 0
  const jobs = imported.values()
  const work = async () => {
    for (const { operation, tool } of jobs) {
      let last = ''
      for (const isFull of [false, true]) {
        const chosen = chooseValues(source, operation, isFull)
        const outcome = await judgeCall({ graph, client, echo, operation, tool, chosen, last })
        if (outcome.kind === 'same') continue
        calls++
        last = outcome.args
        if (outcome.narrowed !== null) say(operation.key, 'narrowed', outcome.narrowed)
        if (outcome.kind === 'exact') exact++
        else say(operation.key, outcome.kind, `${isFull ? 'full' : 'minimal'}: ${outcome.detail}`)
      }
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  await client.close()
  return {
    document: document.name,
    operations: operations.length,
    imported: imported.length,
    tools: listed.length,
    portable,
    calls,
    exact,
    importCpuSeconds: (cpu.user + cpu.system) / 1e6,
    importSeconds: waitedMs / 1000,
    totalSeconds: (performance.now() - startMs) / 1000,
    listBytes: Buffer.byteLength(JSON.stringify(listed)),
    tokens: report.tokens?.all ?? Number.NaN,
    faults,
  }
}

interface Call {
  readonly graph: DocumentGraph
  readonly client: CatalogueClient
  readonly echo: CatalogueWorld['echo']
  readonly operation: WireOperation
  readonly tool: Raw
  readonly chosen: ChosenValues
  /** The arguments of the call before, as text. */
  readonly last: string
}

interface Outcome {
  /** `same` for arguments that were sent already, `exact`, or the stage that failed. */
  readonly kind: string
  readonly args: string
  readonly detail: string
  /** Where the listed schema does not let the arguments be; null where it does. */
  readonly narrowed: string | null
}

async function judgeCall(call: Call): Promise<Outcome> {
  const { operation, tool, chosen } = call
  const failed = (kind: string, detail: string): Outcome => ({
    kind,
    args: '',
    detail,
    narrowed: null,
  })
  if (chosen.lack !== null) return failed('values', `no value: ${chosen.lack}`)
  let given: Raw
  try {
    given = toolArguments(operation, chosen, tool.inputSchema)
  } catch (error) {
    return failed('arguments', String(error))
  }
  const args = JSON.stringify(given)
  if (args === call.last) return { ...failed('same', ''), args }
  const narrowed = chosen.isAmbiguous ? null : misfit(tool.inputSchema, given)
  const result = await call.client.call(tool.name, given, crypto.randomUUID())
  const arrived = call.echo.take(result._meta?.['tengine/request_id'] ?? '')
  const outcome = (kind: string, detail: string): Outcome => ({ kind, args, detail, narrowed })
  if (result.isError === true) {
    const why = JSON.stringify(result.content).slice(0, 600)
    return outcome('refused', `${why} for ${args.slice(0, 600)}`)
  }
  const [request] = arrived
  if (request === undefined || arrived.length > 1) {
    return outcome('request', `${arrived.length} requests arrived`)
  }
  const found = differencesFromAny(expectedRequests(call.graph, operation, chosen), request)
  return outcome(found.length === 0 ? 'exact' : 'request', found.slice(0, 5).join('; '))
}
