import type { ParameterPlace, ParameterStyle } from '../../model/request_map.ts'
import { booleanAt, child, type Place, textAt } from './place.ts'
import type { Reading } from './reading.ts'

/** How a parameter is written. */
export interface WrittenStyle {
  readonly style: ParameterStyle
  readonly explode: boolean
  readonly allowReserved: boolean
}

const styles: Readonly<Record<ParameterPlace, readonly ParameterStyle[]>> = {
  path: ['simple', 'label', 'matrix'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
  header: ['simple'],
  cookie: ['form', 'cookie'],
  querystring: ['form'],
}

/** The style OpenAPI gives a place where a parameter names none (3.2 §4.12.2.2). */
function defaultStyle(place: ParameterPlace): ParameterStyle {
  return place === 'path' || place === 'header' ? 'simple' : 'form'
}

/** Style, explode and allowReserved of a 3.x parameter, defaults filled in. */
export function readStyle(reading: Reading, parameter: Place, place: ParameterPlace): WrittenStyle {
  const style = knownStyle(reading, child(parameter, 'style'), place)
  const isForm = style === 'form' || style === 'cookie'
  return {
    style,
    explode: booleanAt(child(parameter, 'explode')) ?? isForm,
    allowReserved:
      mayReserve(reading, place) && booleanAt(child(parameter, 'allowReserved')) === true,
  }
}

function mayReserve(reading: Reading, place: ParameterPlace): boolean {
  return place === 'query' || (reading.version === '3.2' && place !== 'header')
}

function knownStyle(reading: Reading, place: Place, where: ParameterPlace): ParameterStyle {
  const written = textAt(place)
  const known = styles[where].find((style) => style === written)
  const isEarly = known === 'cookie' && reading.version !== '3.2'
  if (known !== undefined && !isEarly) return known
  const style = defaultStyle(where)
  if (place.value === undefined || place.value === null) return style
  reading.findings.warning({
    code: 'style_invalid',
    pointer: place.pointer,
    reason: `The style ${JSON.stringify(place.value).slice(0, 60)} does not exist for a ${where} parameter; ${style} is used.`,
    fix: `Use one of ${styles[where].join(', ')}.`,
  })
  return style
}

const collectionStyles: Readonly<Record<string, ParameterStyle>> = {
  ssv: 'spaceDelimited',
  tsv: 'tabDelimited',
  pipes: 'pipeDelimited',
}

/** How a Swagger 2.0 parameter is written: `collectionFormat`, for lists alone. */
export function readCollectionFormat(parameter: Place, place: ParameterPlace): WrittenStyle {
  const format = textAt(child(parameter, 'collectionFormat')) ?? 'csv'
  const isList = textAt(child(parameter, 'type')) === 'array'
  const other = Object.hasOwn(collectionStyles, format) ? collectionStyles[format] : undefined
  const isForm = place === 'query' || place === 'cookie'
  return {
    style: (isList ? other : undefined) ?? defaultStyle(place),
    explode: isForm && (!isList || format === 'multi'),
    allowReserved: false,
  }
}
