import { expect, test } from 'bun:test'
import fc from 'fast-check'
import jsQR from 'jsqr'
import { qrModules } from '../../src/lib/qr_modules.ts'

/** Reads the picture of a code as a camera would: black on white, four modules of margin. */
function scanned(modules: readonly (readonly boolean[])[]): string | undefined {
  const scale = 4
  const side = (modules.length + 8) * scale
  const pixels = new Uint8ClampedArray(side * side * 4).fill(255)
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const isDark = modules[Math.floor(y / scale) - 4]?.[Math.floor(x / scale) - 4] === true
      if (isDark) pixels.fill(0, (y * side + x) * 4, (y * side + x) * 4 + 3)
    }
  }
  return jsQR(pixels, side, side)?.data
}

test('a scanner reads what the code was made of', () => {
  const uri =
    'otpauth://totp/Gatehouse%20(tools.example.com):ann@example.com?secret=JBSWY3DPEHPK3PXP&issuer=Gatehouse%20(tools.example.com)&algorithm=SHA1&digits=6&period=30'
  expect(scanned(qrModules(uri))).toBe(uri)
  const text = fc.string({ minLength: 1, maxLength: 300, unit: 'grapheme-ascii' })
  fc.assert(
    fc.property(text, (any) => {
      expect(scanned(qrModules(any))).toBe(any)
    }),
    { numRuns: 5 },
  )
})

test('what no code can hold is refused', () => {
  expect(() => qrModules('x'.repeat(2_332))).toThrow()
})
