import type { Raw } from '../reference/document_graph.ts'
import { schemas } from './parts.ts'

const stylesByPlace: Readonly<Record<string, readonly string[]>> = {
  path: ['simple', 'label', 'matrix'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
  header: ['simple'],
  cookie: ['form'],
}

const isDefined = (style: string, kind: string, explode: boolean): boolean => {
  const isStructure = ['list', 'numbers', 'thing'].includes(kind)
  if (style === 'deepObject') return kind === 'thing' && explode
  return style.endsWith('Delimited') ? isStructure && !explode : true
}

/** Every style and explode for every type, in every place that has it (OpenAPI 3.1 §4.8.12.3). */
export function stylePaths(): Raw {
  const paths: Raw = {}
  for (const [place, styles] of Object.entries(stylesByPlace)) {
    for (const style of styles) {
      for (const explode of [false, true]) {
        for (const [kind, schema] of Object.entries(schemas)) {
          if (!isDefined(style, kind, explode)) continue
          const name = place === 'header' ? 'X-Value' : 'value'
          const base = `/${place}/${style}/${explode}/${kind}`
          const path = place === 'path' ? `${base}/{${name}}/end` : base
          const parameter = { name, in: place, required: true, style, explode, schema }
          paths[path] = { get: { parameters: [parameter], responses: {} } }
        }
      }
    }
  }
  return paths
}
