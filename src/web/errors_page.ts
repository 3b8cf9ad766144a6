import errorsText from '../../docs/errors.md' with { type: 'text' }

/**
 * The error reference as a page of its own, made of docs/errors.md: the place every problem's `type`
 * points to. Each code is an anchor.
 */
export function errorsPage(): string {
  const html = Bun.markdown
    .html(errorsText)
    .replace(/<h3><code>(\w+)<\/code>/g, '<h3 id="$1"><code>$1</code>')
    // Other pages of the documentation are not served here; their links become plain text.
    .replace(/<a href="[^"#:]+\.md[^"]*">([\s\S]*?)<\/a>/g, '$1')
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <link rel="icon" href="data:,">
    <title>Errors · Gatehouse</title>
    <link rel="stylesheet" href="/docs/errors.css">
  </head>
  <body>
    <main>
${html}
    </main>
  </body>
</html>
`
}
