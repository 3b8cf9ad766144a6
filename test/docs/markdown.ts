import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

/** The project directory. */
export const root = resolve(import.meta.dir, '../..')

/** The text of a file of the project. */
export const readPage = (path: string): string => readFileSync(resolve(root, path), 'utf8')

/** A fenced block: the words after the fence and what stands between the fences. */
export interface Fence {
  readonly words: readonly string[]
  readonly text: string
}

/** Every fenced block of a page, in order. */
export function fencesOf(markdown: string): Fence[] {
  const fences = markdown.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)
  return [...fences].map(([, words = '', text = '']) => ({
    words: words.trim().split(/\s+/),
    text,
  }))
}

/** A page without its fenced blocks. */
export const proseOf = (markdown: string): string =>
  markdown.replace(/^```[^\n]*\n[\s\S]*?^```$/gm, '')

/** The anchors of a page's headings, as GitHub and GitLab make them. */
export function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, title = ''] of proseOf(markdown).matchAll(/^#{1,6} +(.+)$/gm)) {
    const slug = title
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{Pc}\- ]/gu, '')
      .replaceAll(' ', '-')
    let anchor = slug
    for (let n = 1; anchors.has(anchor); n++) anchor = `${slug}-${n}`
    anchors.add(anchor)
  }
  return anchors
}
