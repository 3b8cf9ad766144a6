import type { RunningApp } from '../helpers/running_app.ts'

interface FixtureTool {
  readonly name: string
  readonly description: string
  readonly endpoint_path: string
  readonly input_schema?: object
}

/** The tool schema whose keywords the suite looks for in `tools/list`, each one (SEP-1613, SEP-2106). */
const everyKeyword = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
}

const mirrored = {
  type: 'object',
  properties: { region: { type: 'string', 'x-mcp-header': 'Region' } },
}

const tool = (name: string, endpoint_path: string, input_schema?: object): FixtureTool => ({
  name,
  description: `Calls ${endpoint_path} of the fixture API.`,
  endpoint_path,
  ...(input_schema === undefined ? {} : { input_schema }),
})

/** The suite calls tools by these names; each is one operation of the fixture API. */
const fixtureTools: readonly FixtureTool[] = [
  tool('test_simple_text', '/text'),
  tool('test_image_content', '/image'),
  tool('test_audio_content', '/audio'),
  tool('test_embedded_resource', '/document'),
  tool('test_multiple_content_types', '/mixed'),
  tool('test_error_handling', '/error'),
  tool('test_tool_with_progress', '/slow'),
  tool('test_tool_with_logging', '/slow'),
  tool('test_logging_tool', '/text'),
  tool('test_streaming_elicitation', '/text'),
  tool('test_input_required_result_elicitation', '/text'),
  tool('test_trigger_tool_change', '/change-tools'),
  tool('test_x_mcp_header', '/echo', mirrored),
  tool('json_schema_2020_12_tool', '/echo', everyKeyword),
]

/** Registers the fixture's tools through the management API. */
export async function registerFixtureTools(
  app: RunningApp,
  project: { readonly project_id: number },
  apiUrl: string,
): Promise<void> {
  for (const fixture of fixtureTools) {
    const answer = await app.api('POST', '/api/v1/custom-tools', {
      project_id: project.project_id,
      base_url: apiUrl,
      http_method: 'GET',
      ...fixture,
    })
    if (answer.status !== 201) throw new Error(`${fixture.name}: ${JSON.stringify(answer.body)}`)
  }
}

/** A change of one tool, each time another: what a colleague's edit in the console does. */
export async function editATool(app: RunningApp, projectId: number): Promise<void> {
  const { body } = await app.api('GET', `/api/v1/custom-tools?project_id=${projectId}&limit=100`)
  const edited = body.items.find((each: FixtureTool) => each.name === 'test_simple_text')
  const description = `${edited.description.split(' Edit')[0]} Edit ${crypto.randomUUID()}.`
  const answer = await app.api('PATCH', `/api/v1/custom-tools/${edited.id}`, { description })
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
}
