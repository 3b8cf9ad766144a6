import { CALL_NUMBER } from './load/request_bytes.ts'

/** The two calls everybody is measured with. */
export type CallKind = 'GET' | 'POST'

/** The arguments of a call as the model would give them. */
export const callArguments = {
  GET: { id: `item-${CALL_NUMBER}`, view: 'full' },
  POST: {
    sku: `sku-${CALL_NUMBER}`,
    title: 'Adjustable wrench',
    quantity: 12,
    price: 24.9,
    tags: ['tools', 'steel'],
    active: true,
  },
} as const satisfies Record<CallKind, object>

/** What every right answer holds, by kind: the upstream's own words about this very call. */
export const answerMarks: Readonly<Record<CallKind, readonly string[]>> = {
  GET: [`item-${CALL_NUMBER}`, 'warehouse'],
  POST: [`sku-${CALL_NUMBER}`, 'created'],
}

/** JSON Schema of the arguments. */
export const inputSchemas = {
  GET: {
    type: 'object',
    properties: {
      id: { type: 'string', minLength: 1, maxLength: 64, description: 'Id of the item.' },
      view: { type: 'string', enum: ['brief', 'full'], description: 'How much to show.' },
    },
    required: ['id'],
    additionalProperties: false,
  },
  POST: {
    type: 'object',
    properties: {
      sku: { type: 'string', minLength: 1, maxLength: 64 },
      title: { type: 'string', maxLength: 200 },
      quantity: { type: 'integer', minimum: 0 },
      price: { type: 'number', minimum: 0 },
      tags: { type: 'array', items: { type: 'string' }, maxItems: 16 },
      active: { type: 'boolean' },
    },
    required: ['sku', 'title', 'quantity', 'price'],
    additionalProperties: false,
  },
} as const satisfies Record<CallKind, object>
