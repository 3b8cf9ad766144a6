import { randomFillSync } from 'node:crypto'
import { rmSync, statfsSync, statSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

const mebibyte = 1024 * 1024
/** The most that is set aside; where there is little room, an eighth of it. */
const mostBytes = 16 * mebibyte
/** What must be free besides before a disk that was full counts as usable again. */
const marginBytes = mebibyte / 2

/**
 * A file that holds room on the disk, given up when the disk is full so that the outcomes of calls
 * under way can still be recorded (reliability.md case 224).
 */
export class StorageReserve {
  private readonly path: string
  private isWanted = false
  private filling: Promise<boolean> | null = null

  constructor(path: string) {
    this.path = path
  }

  /** Sets the room aside, now and whenever there is room again. */
  async keep(): Promise<void> {
    this.isWanted = true
    await this.fill()
  }

  /** Gives the room up; false where there was none to give. */
  release(): boolean {
    const bytes = this.bytes()
    rmSync(this.path, { force: true })
    return bytes > 0
  }

  /** Whether there is room again, the reserve set aside anew included. */
  async restore(): Promise<boolean> {
    if (this.freeBytes() < marginBytes) return false
    return this.isWanted ? this.fill() : true
  }

  /** Sets nothing aside from here on; resolves once nothing is being written. */
  async end(): Promise<void> {
    this.isWanted = false
    await this.filling
  }

  private fill(): Promise<boolean> {
    this.filling ??= this.fillOnce().finally(() => {
      this.filling = null
    })
    return this.filling
  }

  private async fillOnce(): Promise<boolean> {
    if (this.bytes() > 0) return true
    const bytes = Math.min(mostBytes, Math.floor(this.freeBytes() / 8))
    const draft = `${this.path}.new`
    try {
      await writeNoise(draft, bytes)
      if (this.freeBytes() < marginBytes) throw new Error('no room besides')
      await rename(draft, this.path)
      return true
    } catch {
      rmSync(draft, { force: true })
      return false
    }
  }

  private bytes(): number {
    return statSync(this.path, { throwIfNoEntry: false })?.size ?? 0
  }

  private freeBytes(): number {
    try {
      const { bavail, bsize } = statfsSync(dirname(this.path))
      return bavail * bsize
    } catch {
      return 0
    }
  }
}

/** Zeros would take no room on a file system that compresses. */
async function writeNoise(path: string, bytes: number): Promise<void> {
  const noise = randomFillSync(new Uint8Array(Math.min(bytes, mebibyte)))
  const file = await open(path, 'w', 0o600)
  try {
    for (let written = 0; written < bytes; ) {
      const length = Math.min(noise.byteLength, bytes - written)
      written += (await file.write(noise, 0, length)).bytesWritten
    }
  } finally {
    await file.close()
  }
}
