import { createRoute, z } from '@hono/zod-openapi'
import { AppError } from '../../errors.ts'
import { applyImport } from '../../manage/openapi/apply_import.ts'
import { cancelImport, listImports, showImport, startImport } from '../../manage/openapi/imports.ts'
import { sourceInReach } from '../../manage/openapi/source_reach.ts'
import { heldOpen } from '../held_open.ts'
import {
  checkedBy,
  createRouter,
  type ManagementDeps,
  type ManagementRouter,
} from '../management_router.ts'
import { idParam, pageOf, pageQuery } from '../schemas/common_schemas.ts'
import {
  appliedSchema,
  applySchema,
  importJson,
  importSchema,
  newImportSchema,
} from '../schemas/openapi_import_schemas.ts'
import { filterOf } from '../schemas/openapi_source_schemas.ts'
import {
  isJsonUpload,
  type JsonUpload,
  uploadedDocument,
  uploadedJson,
} from '../uploaded_document.ts'
import { json, problems, secured } from './route_parts.ts'

const shared = { tags: ['OpenAPI imports'], security: secured }

/** A source and one of its imports in a path. */
export const importParams = idParam.extend({
  import_id: z.coerce
    .number()
    .int()
    .positive()
    .openapi({ param: { name: 'import_id', in: 'path' }, example: 1 }),
})

const binary = { schema: { type: 'string', format: 'binary' } } as const

const start = createRoute({
  ...shared,
  method: 'post',
  path: '/openapi-sources/{id}/imports',
  operationId: 'startOpenapiImport',
  summary: 'Import a document',
  description: `As \`application/json\`, \`{}\` fetches the URL of the source; \`reuse_document\` reads
the document that was kept; JSON with \`openapi\` or \`swagger\` at its top is the document itself. As
\`application/yaml\`, \`text/*\`, \`application/octet-stream\` or \`application/vnd.oai.openapi+json\`
the body is the document itself, too, 32 MiB at most. As
\`multipart/form-data\` it is a bundle: the file name of each file is its path, the field \`entry\`
names the root. Reading goes on in the background; nothing changes until the import is applied.`,
  request: {
    params: idParam,
    body: {
      required: false,
      content: {
        'application/json': { schema: newImportSchema },
        'application/yaml': binary,
        'application/octet-stream': binary,
      },
    },
  },
  responses: { 202: json(importSchema, 'The import, which is being read.'), ...problems },
})

const list = createRoute({
  ...shared,
  method: 'get',
  path: '/openapi-sources/{id}/imports',
  operationId: 'listOpenapiImports',
  summary: 'List imports, newest first',
  request: { params: idParam, query: pageQuery },
  responses: { 200: json(pageOf(importSchema), 'Imports, newest first.'), ...problems },
})

const show = createRoute({
  ...shared,
  method: 'get',
  path: '/openapi-sources/{id}/imports/{import_id}',
  operationId: 'getOpenapiImport',
  summary: 'Show an import and how far it is',
  request: { params: importParams },
  responses: { 200: json(importSchema, 'The import.'), ...problems },
})

const cancel = createRoute({
  ...shared,
  method: 'post',
  path: '/openapi-sources/{id}/imports/{import_id}/cancel',
  operationId: 'cancelOpenapiImport',
  summary: 'Stop an import, or drop its plan',
  request: { params: importParams },
  responses: { 200: json(importSchema, 'The import, cancelled.'), ...problems },
})

const apply = createRoute({
  ...shared,
  method: 'post',
  path: '/openapi-sources/{id}/imports/{import_id}/apply',
  operationId: 'applyOpenapiImport',
  summary: 'Make the plan of an import come true',
  description: 'All tools of the source change at once, or none does.',
  request: {
    params: importParams,
    body: { required: true, content: { 'application/json': { schema: applySchema } } },
  },
  responses: { 200: json(appliedSchema, 'What changed.'), ...problems },
})

/** `/openapi-sources/{id}/imports`, but for what is in a plan. */
export function openapiImportRoutes({ manage, openapi }: ManagementDeps): ManagementRouter {
  const router = createRouter()
  const uploads = new Uploads()
  // Its body is not always JSON, which a validated route would insist on.
  router.openAPIRegistry.registerPath(start)
  router.post('/openapi-sources/:id/imports', async (c) => {
    const { id: sourceId } = checkedBy(idParam, c.req.param())
    const admin = c.get('admin')
    // A big body is not taken for a source that is not there.
    await sourceInReach(manage, admin, sourceId)
    const origin = await uploads.take(() => originIn(c.req.raw))
    return c.json(importJson(await startImport(openapi, admin, { sourceId, origin })), 202)
  })
  router.openapi(list, async (c) => {
    const { limit, cursor = null } = c.req.valid('query')
    const { id: sourceId } = c.req.valid('param')
    const page = await listImports(openapi, c.get('admin'), { sourceId, limit, cursor })
    return c.json({ items: page.items.map(importJson), next_cursor: page.nextCursor }, 200)
  })
  router.openapi(show, async (c) => {
    return c.json(
      importJson(await showImport(openapi, c.get('admin'), targetOf(c.req.valid('param')))),
      200,
    )
  })
  router.openapi(cancel, async (c) => {
    const target = targetOf(c.req.valid('param'))
    return c.json(importJson(await cancelImport(openapi, c.get('admin'), target)), 200)
  })
  router.openapi(apply, async (c) => {
    const { accept_dangerous: acceptDangerous, filter, enable } = c.req.valid('json')
    const terms = {
      ...targetOf(c.req.valid('param')),
      acceptDangerous,
      filter: filter === undefined ? null : filterOf(filter),
      enable: {
        ...(enable.reads === undefined ? {} : { reads: enable.reads }),
        ...(enable.writes === undefined ? {} : { writes: enable.writes }),
      },
    }
    const work = () => applyImport(openapi, c.get('admin'), terms)
    return c.json(await heldOpen(c.env.peer, work), 200)
  })
  return router
}

/** How many documents are taken at a time: each is in memory as a whole. */
const MAX_UPLOADS = 8

class Uploads {
  private running = 0

  /** @throws AppError too_many_imports */
  async take<T>(read: () => Promise<T>): Promise<T> {
    if (this.running >= MAX_UPLOADS) {
      throw new AppError('too_many_imports', { retryAfterSeconds: 10 })
    }
    this.running++
    try {
      return await read()
    } finally {
      this.running--
    }
  }
}

async function originIn(request: Request) {
  if (isJsonUpload(request.headers)) return originOf(await uploadedJson(request))
  return { uploaded: await uploadedDocument(request) }
}

function originOf(upload: JsonUpload) {
  if ('uploaded' in upload) return upload
  return checkedBy(newImportSchema, upload.asked).reuse_document ? 'kept' : 'url'
}

/** Names an import by the parts of its path. */
export const targetOf = ({ id, import_id }: z.infer<typeof importParams>) => ({
  sourceId: id,
  importId: import_id,
})
