import { isUtf8 } from 'node:buffer'
import type { Redactor } from '../redact.ts'
import { bodyText, looksLikeText, type TextSource } from './body_text.ts'
import { isJsonType, isTextType, type MediaType } from './media_type.ts'

/** An MCP content block (protocol revision 2026-07-28, `ContentBlock`). */
export type ContentBlock =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image' | 'audio'; readonly data: string; readonly mimeType: string }
  | { readonly type: 'resource'; readonly resource: EmbeddedResource }

/** Text, or bytes in base64, under a URI. */
export interface EmbeddedResource {
  readonly uri: string
  readonly mimeType: string
  readonly text?: string
  readonly blob?: string
}

/** A body, or a part of one, on its way to a content block. */
export interface Content extends TextSource {
  readonly mediaType: MediaType | null
  /** The URI it goes by if it becomes an embedded resource. */
  readonly uri: string
  /** Whether a text becomes an embedded resource too, for it has an address of its own. */
  readonly isAddressed: boolean
}

const unknownType = 'application/octet-stream'

/** Maps a body to the content block that carries it; what it claims to be is checked where it can be. */
export function contentBlock(content: Content, redactor: Redactor): ContentBlock {
  const { mediaType } = content
  const essence = mediaType?.essence ?? ''
  if (isReadable(content)) return textBlock(content, redactor)
  const bytes = redactor.redactBytes(asBuffer(content.body))
  if (mediaType !== null && essence.startsWith('image/') && isImage(essence, bytes)) {
    return { type: 'image', data: bytes.toString('base64'), mimeType: mediaType.name }
  }
  if (mediaType !== null && essence.startsWith('audio/')) {
    return { type: 'audio', data: bytes.toString('base64'), mimeType: mediaType.name }
  }
  const mimeType = mediaType?.name ?? unknownType
  return {
    type: 'resource',
    resource: { uri: content.uri, mimeType, blob: bytes.toString('base64') },
  }
}

function isReadable(content: Content): boolean {
  const { mediaType } = content
  if (mediaType !== null) return isTextType(mediaType.essence) || isJsonType(mediaType.essence)
  const text = content.utf8()
  return text !== null && looksLikeText(text)
}

function textBlock(content: Content, redactor: Redactor): ContentBlock {
  const { mediaType, uri, isAddressed } = content
  const text = redactor.redact(bodyText(content, mediaType?.charset ?? null).text)
  if (!isAddressed) return { type: 'text', text }
  return { type: 'resource', resource: { uri, mimeType: mediaType?.name ?? 'text/plain', text } }
}

const signatures: Readonly<Record<string, (bytes: Buffer) => boolean>> = {
  'image/png': (bytes) => startsWith(bytes, '\x89PNG\r\n\x1a\n'),
  'image/jpeg': (bytes) => startsWith(bytes, '\xff\xd8\xff'),
  'image/gif': (bytes) => startsWith(bytes, 'GIF87a') || startsWith(bytes, 'GIF89a'),
  'image/webp': (bytes) => startsWith(bytes, 'RIFF') && bytes.toString('latin1', 8, 12) === 'WEBP',
}

/** Whether the bytes begin as the type has it; other image types are taken at their word. */
function isImage(essence: string, bytes: Buffer): boolean {
  return signatures[essence]?.(bytes) ?? true
}

const startsWith = (bytes: Buffer, prefix: string) =>
  bytes.toString('latin1', 0, prefix.length) === prefix

const asBuffer = (bytes: Uint8Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Makes bytes that came inside another body readable like one. */
export function textSource(bytes: Buffer): TextSource {
  return { body: bytes, utf8: () => (isUtf8(bytes) ? bytes.toString('utf8') : null) }
}
