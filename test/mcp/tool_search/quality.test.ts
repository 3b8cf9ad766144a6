import { describe, expect, test } from 'bun:test'
import { ToolIndex } from '../../../src/mcp/tool_search/tool_index.ts'
import {
  hasPublishedDocuments,
  type PublishedOperation,
  publishedOperations,
} from './published_documents.ts'
import { boxQuestions, githubQuestions, type Question, stripeQuestions } from './questions.ts'

const apis: readonly (readonly [string, string, readonly Question[]])[] = [
  ['github', 'github-rest.json.gz', githubQuestions],
  ['stripe', 'stripe-2022.yaml.gz', stripeQuestions],
  ['box', 'box.json.gz', boxQuestions],
]
const allQuestions = apis.flatMap(([, , questions]) => questions)

function indexOf(operations: readonly PublishedOperation[]): ToolIndex {
  const index = new ToolIndex()
  for (const { document } of operations) index.add(document)
  return index
}

/** The questions whose operation is not among the first five. */
function missed(operations: readonly PublishedOperation[], questions: readonly Question[]) {
  const index = indexOf(operations)
  return questions.filter(({ query, expected }) => {
    const hits = index.search(query, { limit: 5, accepts: () => true })
    return !hits.some(({ at }) => operations[at]?.operationId === expected)
  })
}

if (!hasPublishedDocuments) console.warn('Skipped: ../shared/openapi is not there')

describe.skipIf(!hasPublishedDocuments)(
  '60 questions, from headings of public documentation',
  () => {
    test('find the right operation among the first five for at least 9 in 10', async () => {
      expect(allQuestions).toHaveLength(60)
      const left: Question[] = []
      for (const [, file, questions] of apis) {
        left.push(...missed(await publishedOperations(file), questions))
      }
      console.log(`search quality: ${60 - left.length} of 60 in the first five`, left)
      expect(left.length).toBeLessThanOrEqual(6)
    })

    test('find it for at least 8 in 10 where the three are one catalogue', async () => {
      const documents = await Promise.all(apis.map(([, file]) => publishedOperations(file)))
      const left = missed(documents.flat(), allQuestions)
      console.log(`search quality, one catalogue: ${60 - left.length} of 60`)
      expect(left.length).toBeLessThanOrEqual(12)
    })
  },
)
