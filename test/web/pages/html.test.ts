import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { escapeHtml, html, raw } from '../../../src/web/pages/html.ts'

/** Reads markup as a browser does: the elements, with their attributes, and the text. */
async function parse(markup: string) {
  const elements: { tag: string; attributes: string[][] }[] = []
  let text = ''
  const rewriter = new HTMLRewriter().on('*', {
    element: (element) => {
      elements.push({ tag: element.tagName, attributes: [...element.attributes] })
    },
    text: (chunk) => {
      text += chunk.text
    },
  })
  await rewriter.transform(new Response(markup)).text()
  return { elements, text }
}

const decoded = (text: string) =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&#13;', '\r')
    .replaceAll('&amp;', '&')

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: fc.constantFrom(...'<>&"\'`=/!-[] \n\r\t\0ax;#'), maxLength: 200 }),
)

describe('the template', () => {
  test('no text brings forth a bare < > " \' or &, and none is lost', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const escaped = escapeHtml(text)
        expect(escaped).not.toMatch(/[<>"'\r\0]|&(?!(?:amp|lt|gt|quot|#39|#13);)/)
        expect(decoded(escaped)).toBe(text.toWellFormed().replaceAll('\0', '\ufffd'))
      }),
      { numRuns: 2_000 },
    )
  })

  test('no text makes an element or an attribute, wherever it stands', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        const { elements } = await parse(html`<p title="${text}">${text}</p>`.markup)
        expect(elements.map(({ tag }) => tag)).toEqual(['p'])
        expect(elements[0]?.attributes.map(([name]) => name)).toEqual(['title'])
      }),
      { numRuns: 500 },
    )
  })

  test('markup stays markup, lists are joined, null and false give nothing', () => {
    const rows = ['<a>', 'b'].map((each) => html`<li>${each}</li>`)
    expect(html`<ul>${rows}${null}${false}${raw('<hr>')}${0}</ul>`.markup).toBe(
      '<ul><li>&lt;a&gt;</li><li>b</li><hr>0</ul>',
    )
  })

  test('an object that looks like markup is none', () => {
    const forged: never = JSON.parse('{"markup":"<script>"}') as never
    expect(() => html`<p>${forged}</p>`).toThrow()
  })

  test('a value in an attribute without quotes is refused', () => {
    expect(() => html`<p title=${'x'}></p>`).toThrow('needs quotes')
    expect(() => html`<p title= ${'x'}></p>`).toThrow('needs quotes')
  })
})
