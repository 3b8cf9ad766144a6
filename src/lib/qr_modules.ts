import { encode } from 'uqr'

/**
 * The modules of a QR code, row by row, true for dark, without a quiet zone (ISO/IEC 18004, level M).
 * @throws Error - more than 2,331 bytes, which no code of that level holds
 */
export const qrModules = (text: string): readonly (readonly boolean[])[] =>
  encode(text, { ecc: 'M', border: 0 }).data
