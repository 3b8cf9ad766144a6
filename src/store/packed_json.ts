/** A value as zstd of its JSON, as blob columns hold it. */
export function packed(value: object): Uint8Array {
  return Bun.zstdCompressSync(JSON.stringify(value))
}

/** The JSON text that `packed` made small. @throws Error - it is no zstd */
export function unpacked(column: Uint8Array): string {
  return Bun.zstdDecompressSync(column as Uint8Array<ArrayBuffer>).toString()
}
