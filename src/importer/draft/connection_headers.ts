import { comparableName, isConnectionHeader, isHeaderToken } from '../../model/header_name.ts'
import type { ApiParameter } from '../api_document.ts'
import { type DraftContext, remark } from './draft_context.ts'

/**
 * Whether a parameter is none of the headers that no argument can fill (reliability.md case 143), nor
 * an optional one whose name no header can have; else a finding says that it is left out.
 */
export function isFillable(context: DraftContext, parameter: ApiParameter): boolean {
  const { in: place, name, required } = parameter
  if (place !== 'header') return true
  const isSet = isConnectionHeader(comparableName(name))
  const isOdd = !required && !isHeaderToken(name)
  if (!isSet && !isOdd) return true
  remark(context, {
    severity: isSet ? 'note' : 'warning',
    code: 'header_left_out',
    reason: isSet
      ? `The header ${name} is set by the connection, so the parameter is left out.`
      : `No header can be called ${JSON.stringify(name)}, so the parameter is left out.`,
    fix: isSet ? 'Nothing need be done.' : 'Correct its name in the document.',
  })
  return false
}
