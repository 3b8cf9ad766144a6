import { writeSync } from 'node:fs'

const maxWaitingBytes = 4 * 1024 * 1024
const retryMs = 10
const flushTries = 500

/** Takes text for a file descriptor. */
export interface FileSink {
  write(text: string): void
  /** Waits, at most five seconds, until a slow reader has taken everything. */
  flush(): void
}

/**
 * Writes to a descriptor (1 or 2) at once where the reader keeps up. What a full pipe does not take
 * waits and is tried again; past 4 MiB the newest text is dropped. A reader that has gone is no error.
 */
export function openFileSink(fd: number): FileSink {
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let isRetrying = false

  const drain = (): boolean => {
    for (let chunk = waiting[0]; chunk !== undefined; chunk = waiting[0]) {
      const written = tryWrite(fd, chunk)
      waitingBytes -= written
      if (written < chunk.byteLength) {
        waiting[0] = chunk.subarray(written)
        return false
      }
      waiting.shift()
    }
    return true
  }
  const drainLater = () => {
    if (drain() || isRetrying) return
    isRetrying = true
    setTimeout(() => {
      isRetrying = false
      drainLater()
    }, retryMs)
  }
  return {
    write(text) {
      const bytes = Buffer.from(text)
      if (waitingBytes + bytes.byteLength > maxWaitingBytes && waitingBytes > 0) return
      waiting.push(bytes)
      waitingBytes += bytes.byteLength
      drainLater()
    },
    flush() {
      for (let i = 0; i < flushTries && !drain(); i++) Bun.sleepSync(retryMs)
      waiting = []
      waitingBytes = 0
    },
  }
}

/** How many bytes were taken: none by a full pipe, all by one whose reader has gone. */
function tryWrite(fd: number, bytes: Uint8Array): number {
  try {
    return writeSync(fd, bytes)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    return code === 'EAGAIN' ? 0 : bytes.byteLength
  }
}
