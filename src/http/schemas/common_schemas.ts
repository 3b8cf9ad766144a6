import { z } from '@hono/zod-openapi'
import { catalogue } from '../../errors.ts'
import { invisibleFault, isVisibleLine, isVisibleText } from '../../model/visible_text.ts'

const codes = Object.keys(catalogue).map((code) => `\`${code}\``)

/** An error answer (RFC 9457). */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'The literal text of the error reference.' }),
    code: z
      .string()
      .meta({ description: `Stable, for machines. Known codes: ${codes.join(', ')}.` }),
    request_id: z.string(),
    reason: z.string().optional(),
    errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
  })
  .openapi('Problem')

/** A positive integer in a path. */
export const idParam = z.object({
  id: z.coerce
    .number()
    .int()
    .positive()
    .openapi({ param: { name: 'id', in: 'path' }, example: 1 }),
})

/** A project named in a query. */
export const projectQuery = z.coerce
  .number()
  .int()
  .positive()
  .optional()
  .meta({ description: 'Required with an admin token; an API key implies its project.' })

/** How every list is paged. */
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z
    .string()
    .max(2000)
    .optional()
    .meta({ description: '`next_cursor` of the page before.' }),
})

/** A page of a list. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    next_cursor: z.string().nullable().meta({ description: 'null on the last page.' }),
  })

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** The members that were given: without the undefined ones. */
export function givenOf<T extends object>(members: T): Given<T> {
  const given = Object.entries(members).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as Given<T>
}

/** A moment in RFC 3339. */
export const moment = z.iso.datetime({ offset: true })

/** A rate limit on tool calls; as many may also come at once. */
export const callsPerMinute = z.int().min(1).max(1_000_000)

/** A moment from epoch milliseconds. */
export const momentOf = (ms: number): string => new Date(ms).toISOString()

/** A moment that may be missing. */
export const momentOrNull = (ms: number | null): string | null =>
  ms === null ? null : momentOf(ms)

// A refinement, not a pattern: the description of this API is read by tools whose patterns know less.
const readable = (isReadable: (text: string) => boolean, maxLength: number) =>
  z.string().max(maxLength).refine(isReadable, invisibleFault)

/** One line that people and models read as it is: nothing in it hides. */
export const lineField = (maxLength: number) => readable(isVisibleLine, maxLength)

/** As `lineField`, with newlines and tabs. */
export const proseField = (maxLength: number) => readable(isVisibleText, maxLength)

/** A name people give things. */
export const nameField = lineField(100).min(1)
