import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { anchorsOf, fencesOf, proseOf, readPage, root } from './markdown.ts'

const pages = ['*.md', 'docs/**/*.md', 'src/**/*.md']
  .flatMap((pattern) => [...new Bun.Glob(pattern).scanSync(root)])
  .sort()

interface Link {
  readonly target: string
  readonly anchor: string
}

/** The links of a page to other places of the project. */
function linksOf(markdown: string): Link[] {
  const targets = [...proseOf(markdown).matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = '']) => to)
  return targets
    .filter((to) => !/^[a-z][a-z0-9+.-]*:/i.test(to))
    .map((to) => {
      const [target = '', anchor = ''] = to.split('#')
      return { target, anchor }
    })
}

/** What is wrong with a link; null where it leads somewhere. */
function problemOf(page: string, { target, anchor }: Link): string | null {
  const path = target === '' ? page : relative(root, join(root, dirname(page), target))
  if (path.startsWith('..') || !existsSync(join(root, path))) return `${target} does not exist`
  if (anchor === '') return null
  return anchorsOf(readPage(path)).has(anchor) ? null : `${path} has no heading for #${anchor}`
}

test('there are pages to check', () => {
  expect(pages).toContain('README.md')
  expect(pages).toContain('docs/errors.md')
  expect(pages.flatMap((page) => linksOf(readPage(page))).length).toBeGreaterThan(50)
})

test('a link to a file or heading that is not there is noticed', () => {
  const text = '# A title\n[a](README.md) [b](none.md) [c](#a-title) [d](README.md#none)'
  const problems = linksOf(text).map((link) => problemOf('CHANGELOG.md', link))
  expect(problems.map((problem) => problem === null)).toEqual([true, false, false, false])
})

describe.each(pages)('%s', (page) => {
  const markdown = readPage(page)

  test('links to files and headings that exist', () => {
    const problems = linksOf(markdown).flatMap((link) => problemOf(page, link) ?? [])
    expect(problems).toEqual([])
  })

  test('closes every block, and its JSON parses', () => {
    expect((markdown.match(/^```/gm) ?? []).length % 2).toBe(0)
    for (const { words, text } of fencesOf(markdown)) {
      if (words[0] === 'json') expect(() => JSON.parse(text)).not.toThrow()
    }
  })
})
