import { type Html, html } from './html.ts'

const quietZone = 4

/** A QR code as an image, row by row, true for dark; black on white in every colour scheme. */
export function qrCode(rows: readonly (readonly boolean[])[]): Html {
  const size = rows.length + 2 * quietZone
  const path = rows
    .flatMap((row, y) =>
      row.map((isDark, x) => (isDark ? `M${x + quietZone} ${y + quietZone}h1v1h-1z` : '')),
    )
    .join('')
  return html`<svg class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label="QR code"
    shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${size}v${size}H0z"/><path fill="#000"
    d="${path}"/></svg>`
}
