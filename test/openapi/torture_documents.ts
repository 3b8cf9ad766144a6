import type { Raw } from './reference/document_graph.ts'
import type { SharedDocument } from './shared_documents.ts'
import { bodyPaths } from './torture/body_paths.ts'
import { namePaths } from './torture/name_paths.ts'
import { newPaths } from './torture/new_paths.ts'
import { otherParameterPaths } from './torture/parameter_paths.ts'
import { stylePaths } from './torture/style_paths.ts'
import { swaggerPaths } from './torture/swagger_paths.ts'
import { xmlComponents, xmlPaths } from './torture/xml_paths.ts'

const components: Raw = {
  schemas: {
    Tree: {
      type: 'object',
      required: ['value'],
      properties: {
        value: { type: 'string' },
        $left: { $ref: '#/components/schemas/Tree' },
        right: { type: 'array', items: { $ref: '#/components/schemas/Tree' } },
      },
    },
  },
}

const document = (name: string, value: Raw): SharedDocument => ({
  name,
  files: new Map([
    [`${name}.json`, JSON.stringify({ info: { title: name, version: '1' }, ...value })],
  ]),
  entry: `${name}.json`,
})

const definitions: Raw = JSON.parse(
  JSON.stringify(components.schemas).replaceAll('#/components/schemas/', '#/definitions/'),
)

/** Documents that ask for everything OpenAPI has, so that none of it depends on what somebody published. */
export const tortureDocuments: readonly SharedDocument[] = [
  document('styles', { openapi: '3.1.0', paths: stylePaths() }),
  document('styles-v30', { openapi: '3.0.3', paths: stylePaths() }),
  document('parameters', { openapi: '3.1.0', paths: otherParameterPaths }),
  document('names', { openapi: '3.1.0', paths: namePaths, components }),
  document('bodies', { openapi: '3.1.0', paths: bodyPaths, components }),
  document('swagger', { swagger: '2.0', paths: swaggerPaths(), definitions }),
  document('xml', { openapi: '3.0.3', paths: xmlPaths, components: xmlComponents }),
  document('new-in-v32', { openapi: '3.2.0', paths: newPaths }),
]
