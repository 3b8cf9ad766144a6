const project = { $ref: '#/components/schemas/Project' }
const json = (schema: object) => ({ 'application/json': { schema } })

/** A small OpenAPI 3.1 document in the shape of the management API's. */
export const sampleDescription = {
  openapi: '3.1.0',
  info: {
    title: 'Gatehouse management API',
    version: '0.1.0',
    description: 'Everything an administrator can do.',
  },
  servers: [{ url: '/' }],
  tags: [{ name: 'Projects', description: 'Where tools live.' }],
  security: [{ adminToken: [] }],
  components: {
    securitySchemes: { adminToken: { type: 'http', scheme: 'bearer' } },
    schemas: {
      Project: {
        type: 'object',
        required: ['id', 'name'],
        properties: {
          id: { type: 'string' },
          name: { type: 'string', description: 'Shown to people.' },
          status: { type: 'string', enum: ['active', 'suspended'] },
        },
      },
    },
  },
  paths: {
    '/api/v1/projects': {
      get: {
        tags: ['Projects'],
        operationId: 'listProjects',
        summary: 'List projects',
        parameters: [{ name: 'limit', in: 'query', schema: { type: 'integer', maximum: 200 } }],
        responses: {
          200: { description: 'A page', content: json({ type: 'array', items: project }) },
        },
      },
      post: {
        tags: ['Projects'],
        operationId: 'createProject',
        summary: 'Create a project with an integration, its API key and an admin token',
        requestBody: { required: true, content: json(project) },
        responses: { 201: { description: 'Created', content: json(project) } },
      },
    },
  },
}
