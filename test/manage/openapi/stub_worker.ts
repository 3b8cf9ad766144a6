import type { FromWorker, ToWorker } from '../../../src/manage/openapi/worker_messages.ts'

// A worker that does what its document says: `hang`, `crash`, `exit`, `grow`.
declare const self: Worker & { postMessage(message: FromWorker): void }

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind !== 'task' || !('raw' in data.task.document)) return
  const [[, bytes] = ['', new Uint8Array()]] = data.task.document.raw.files
  const word = new TextDecoder().decode(bytes)
  if (word === 'crash') throw new Error('out of order')
  if (word === 'exit') process.exit(3)
  if (word === 'hang') for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
  const kept: Uint8Array[] = []
  if (word === 'grow') for (let n = 0; n < 400; n++) kept.push(new Uint8Array(1024 * 1024).fill(1))
  if (word === 'grow') setInterval(() => kept.length, 1000)
}
