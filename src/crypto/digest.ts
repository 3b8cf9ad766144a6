/** SHA-256 as 32 bytes. `Bun.SHA256` costs a hundredth of WebCrypto on small inputs. */
export function sha256(input: string | Uint8Array): Uint8Array {
  return Bun.SHA256.hash(input as Bun.StringOrBuffer) as Uint8Array
}

/** SHA-256 in lower-case hex. */
export function sha256Hex(input: string | Uint8Array): string {
  return new Bun.CryptoHasher('sha256').update(input).digest('hex')
}
