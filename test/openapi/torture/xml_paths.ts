import type { Raw } from '../reference/document_graph.ts'
import { operation } from './parts.ts'

const text: Raw = { type: 'string', minLength: 1 }

const body = (schema: Raw): Raw => ({
  post: operation([], {
    requestBody: { required: true, content: { 'application/xml': { schema } } },
  }),
})

/** XML bodies: the XML Object in all its combinations. */
export const xmlPaths: Raw = {
  '/xml/component': body({ $ref: '#/components/schemas/Pet' }),
  '/xml/named': body({
    type: 'object',
    xml: { name: 'order' },
    required: ['id', 'lines'],
    properties: {
      id: { type: 'integer', xml: { attribute: true } },
      note: { ...text, xml: { name: 'remark' } },
      lines: {
        type: 'array',
        minItems: 2,
        xml: { name: 'all-lines', wrapped: true },
        items: {
          type: 'object',
          xml: { name: 'line' },
          required: ['sku'],
          properties: { sku: text },
        },
      },
    },
  }),
  '/xml/arrays': body({
    type: 'object',
    xml: { name: 'arrays' },
    properties: {
      plain: { type: 'array', minItems: 2, items: text },
      renamed: { type: 'array', minItems: 2, items: { ...text, xml: { name: 'one' } } },
      wrapped: { type: 'array', minItems: 2, xml: { wrapped: true }, items: text },
      both: {
        type: 'array',
        minItems: 2,
        xml: { wrapped: true, name: 'all' },
        items: { type: 'integer', xml: { name: 'each' } },
      },
    },
  }),
  '/xml/namespaces': body({
    type: 'object',
    xml: { name: 'root', prefix: 'r', namespace: 'https://example.com/r' },
    properties: {
      child: { ...text, xml: { prefix: 'r' } },
      other: { type: 'boolean', xml: { namespace: 'https://example.com/o' } },
    },
  }),
}

/** What the above refers to. */
export const xmlComponents: Raw = {
  schemas: {
    Pet: {
      type: 'object',
      required: ['name'],
      properties: {
        name: text,
        category: { type: 'object', properties: { id: { type: 'integer' }, name: text } },
        photoUrls: {
          type: 'array',
          minItems: 1,
          xml: { wrapped: true },
          items: { ...text, xml: { name: 'photoUrl' } },
        },
      },
    },
  },
}
