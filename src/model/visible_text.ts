// What shows nothing or reorders what is shown: controls, format and private-use characters, line
// separators, and the rest that Unicode lets fonts ignore. One variation selector is an emoji's.
const visible = String.raw`[^\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{DI}]|(?<![\ufe0e\ufe0f])[\ufe0e\ufe0f]`
const oneLine = new RegExp(`^(?:${visible})*$`, 'u')
const severalLines = new RegExp(`^(?:${visible}|[\\n\\t])*$`, 'u')

/** Whether one line reads as it is, to people and models alike: nothing in it hides (case 283). */
export function isVisibleLine(text: string): boolean {
  return oneLine.test(text)
}

/** As `isVisibleLine`, with newlines and tabs. */
export function isVisibleText(text: string): boolean {
  return severalLines.test(text)
}

/** What is said of text that fails either. */
export const invisibleFault = 'must not hold control, invisible or bidi characters'
