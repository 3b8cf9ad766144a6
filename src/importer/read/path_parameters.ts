import type { ApiParameter } from '../api_document.ts'
import type { Reading } from './reading.ts'

/** A path and where its operation stands. */
export interface TemplatePath {
  readonly path: string
  readonly pointer: string
}

/** Names in braces of a path template, each once; those of its fragment count for nothing. */
function templateNames(path: string): string[] {
  const [sent = ''] = path.split('#')
  return [...new Set([...sent.matchAll(/\{([^{}]+)\}/g)].map(([, name]) => name ?? ''))]
}

/**
 * Makes path parameters and path template agree: what only the template has becomes a required
 * string, what only the list has is left out.
 */
export function agreeWithPath(
  reading: Reading,
  parameters: readonly ApiParameter[],
  { path, pointer }: TemplatePath,
): ApiParameter[] {
  const names = templateNames(path)
  const given = new Set(parameters.filter((one) => one.in === 'path').map((one) => one.name))
  const missing = new Set(names.filter((name) => !given.has(name)))
  const kept: ApiParameter[] = []
  for (const one of parameters) {
    const name = one.in === 'path' && !names.includes(one.name) ? respelled(one, missing) : one.name
    if (name === null) noteUnused(reading, one, pointer)
    else kept.push({ ...one, name })
    missing.delete(one.in === 'path' ? (name ?? '') : '')
  }
  for (const name of missing) {
    warnMissing(reading, name, pointer)
    kept.push(addedParameter(name))
  }
  return kept
}

/** The spelling the template has of a parameter that differs in case or white space alone. */
function respelled({ name }: ApiParameter, missing: ReadonlySet<string>): string | null {
  const plain = (text: string) => text.trim().toLowerCase()
  return [...missing].find((one) => plain(one) === plain(name)) ?? null
}

function noteUnused(reading: Reading, { name }: ApiParameter, pointer: string): void {
  reading.findings.note({
    code: 'path_parameter_unused',
    pointer,
    reason: `The path has no {${name}}; that parameter is left out.`,
    fix: `Put {${name}} into the path, or take the parameter out.`,
  })
}

function warnMissing(reading: Reading, name: string, pointer: string): void {
  reading.findings.warning({
    code: 'path_parameter_added',
    pointer,
    reason: `The path has {${name}} but no such parameter; a required string is added.`,
    fix: `Describe a path parameter ${name}.`,
  })
}

/** What stands for a variable of a path that no parameter describes: a required string. */
export function addedParameter(name: string): ApiParameter {
  return {
    in: 'path',
    name,
    description: null,
    required: true,
    isDeprecated: false,
    style: 'simple',
    explode: false,
    allowReserved: false,
    contentType: null,
    schema: { type: 'string' },
    example: undefined,
  }
}
