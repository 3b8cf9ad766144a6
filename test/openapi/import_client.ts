/** Imports a document from a process of its own, so that the server's costs are the server's. */
import { adminTokens, importDocument, type Management } from './imported_document.ts'
import { readSharedDocument } from './shared_documents.ts'

const [url = '', token = '', projectId = '', name = ''] = process.argv.slice(2)
const authorization = `Bearer ${token}`

const management: Management = {
  url,
  api: async (method, path, body) => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: response.status, headers: response.headers, body: await response.json() }
  },
}
adminTokens.set(management, token)
const document = await readSharedDocument(name)
if (document === null) throw new Error(`${name} is not here`)
const { report, waitedMs } = await importDocument(management, document, {
  project_id: Number(projectId),
})
console.log(JSON.stringify({ report, waitedMs }))
