import type { JsonObject } from '../../lib/json.ts'
import type { BodyKind } from '../../model/request_map.ts'
import type { ApiBody, ApiContent, ApiSchema } from '../api_document.ts'
import { type DraftContext, remark } from './draft_context.ts'
import { concreteType, essence, kindOf } from './media_kind.ts'
import { isBinary, isFiles, mainType, propertiesOf, resolved } from './schema_look.ts'

/** The one of a body's media types that is sent. */
export interface ChosenBody {
  readonly description: string | null
  readonly required: boolean
  readonly content: ApiContent
  readonly kind: BodyKind
  /** As sent. */
  readonly contentType: string
  /** The document's; a file where it gives bytes no schema. */
  readonly schema: ApiSchema
}

const preference: readonly BodyKind[] = ['json', 'form', 'multipart', 'text', 'xml', 'bytes']

/**
 * Chooses the media type of the body: the operator's, else JSON before forms before text before
 * bytes; but where nothing is JSON, the multipart form that takes a file.
 */
export function chooseBody(context: DraftContext): ChosenBody | null {
  const { body } = context.operation
  if (body === null || body.contents.length === 0) return null
  const { defs } = context.document
  const offers = body.contents.map((content) => ({
    content,
    kind: kindOf(content.mediaType, isBinary(content.schema, defs)),
  }))
  const best = wanted(context, offers) ?? preferred(context, offers)
  return best === undefined ? null : chosen(body, best, context)
}

interface Offer {
  readonly content: ApiContent
  readonly kind: BodyKind
}

function wanted(context: DraftContext, offers: readonly Offer[]): Offer | undefined {
  const { contentType } = context.override
  if (contentType === undefined) return undefined
  const offer =
    offers.find(({ content }) => content.mediaType === contentType.toLowerCase()) ??
    offers.find(({ content }) => essence(content.mediaType) === essence(contentType))
  if (offer !== undefined) return offer
  remark(context, {
    severity: 'warning',
    code: 'override_unknown',
    reason: `The body has no media type ${JSON.stringify(contentType)}.`,
    fix: `Choose among ${offers.map(({ content }) => content.mediaType).join(', ')}.`,
  })
  return undefined
}

function preferred(context: DraftContext, offers: readonly Offer[]): Offer | undefined {
  const { defs } = context.document
  const hasFile = ({ kind, content }: Offer) =>
    kind === 'multipart' &&
    [...propertiesOf(content.schema, defs).values()].some((p) => isFiles(p, defs))
  const rank = (offer: Offer): number => {
    const place = preference.indexOf(offer.kind)
    if (offer.kind === 'json') return jsonRank(offer.content.mediaType)
    return hasFile(offer) ? 1 : place + 1
  }
  return offers.toSorted((a, b) => rank(a) - rank(b))[0]
}

/** Plain JSON first; patches of objects before lists of patch operations. */
function jsonRank(mediaType: string): number {
  const type = essence(mediaType)
  if (type === 'application/json') return 0
  return type === 'application/json-patch+json' ? 0.9 : 0.5
}

function chosen(body: ApiBody, { content, kind }: Offer, context: DraftContext): ChosenBody {
  const contentType = concreteType(content.mediaType, kind)
  const { description, required } = body
  return {
    description,
    required,
    content,
    kind,
    contentType,
    schema: bodySchema(content, kind, context),
  }
}

/** Bytes that the document does not describe as a file are one all the same, and text is a string. */
function bodySchema(content: ApiContent, kind: BodyKind, context: DraftContext): ApiSchema {
  const { schema } = content
  const { document } = context
  const contentType = essence(content.mediaType)
  const at = resolved(schema === true ? {} : schema, document.defs)
  if (contentType === 'multipart/form-data' && isBinary(schema, document.defs)) {
    return oneFile(context, at)
  }
  if (kind === 'bytes' && !isBinary(schema, document.defs)) {
    const { description } = at
    return {
      type: 'string',
      format: 'binary',
      ...(description === undefined ? {} : { description }),
    }
  }
  if (kind === 'bytes') return { ...at, type: 'string', format: 'binary' }
  return kind === 'text' && mainType(at) === null && Object.keys(at).length === 0
    ? { type: 'string' }
    : schema
}

/** A form that is said to be a file holds one; its field has no name in the document. */
function oneFile(context: DraftContext, { description }: JsonObject): ApiSchema {
  remark(context, {
    severity: 'warning',
    code: 'form_without_fields',
    reason: 'The form is described as a file, not as fields; it is sent in a field called "file".',
    fix: 'Describe the fields of the form in the document, or by an overlay.',
    pointer: '/requestBody',
  })
  const file = { type: 'string', format: 'binary' }
  const words = description === undefined ? {} : { description }
  return { type: 'object', properties: { file: { ...file, ...words } }, required: ['file'] }
}
