import type { JsonObject } from '../../lib/json.ts'
import { visibleOnly } from './concise_text.ts'

const oneOf = 'A file: exactly one of text, base64 and data_uri.'

/**
 * A file as a model gives it: an object with exactly one of `text`, `base64` and `data_uri`. A plain
 * string is taken as well: a `data:` URI is decoded, any other is the file's text.
 */
export function fileForms(description: string): JsonObject[] {
  return [
    {
      type: 'object',
      description: visibleOnly(`${description} ${oneOf}`.trimStart()),
      properties: {
        text: { type: 'string' },
        base64: { type: 'string' },
        data_uri: { type: 'string' },
        filename: { type: 'string' },
        content_type: { type: 'string' },
      },
      additionalProperties: false,
    },
    { type: 'string', description: 'The text of the file, or a data: URI.' },
  ]
}

/** The file object as `RequestMap.schema` checks it: one shared definition. */
export const fileRules: JsonObject = {
  type: 'object',
  properties: {
    text: { type: 'string' },
    base64: { type: 'string' },
    data_uri: { type: 'string' },
    filename: { type: 'string' },
    content_type: { type: 'string' },
  },
  oneOf: [{ required: ['text'] }, { required: ['base64'] }, { required: ['data_uri'] }],
  additionalProperties: false,
}
