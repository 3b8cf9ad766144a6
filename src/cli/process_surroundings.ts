import { createInterface } from 'node:readline'
import { isatty } from 'node:tty'
import { processInputs } from '../config.ts'
import { openFileSink } from './file_sink.ts'
import type { StopSignal, Surroundings } from './surroundings.ts'

const stopSignals: readonly StopSignal[] = ['SIGINT', 'SIGTERM']

/** The process itself: its streams, environment and signals. */
export function processSurroundings(): Surroundings {
  const stdout = openFileSink(1)
  const stderr = openFileSink(2)
  process.on('exit', () => {
    stdout.flush()
    stderr.flush()
  })
  return {
    stdout: { write: stdout.write, isTerminal: isatty(1) },
    stderr: { write: stderr.write, isTerminal: isatty(2) },
    // A pipe is not asked: `process.stdout` would make it non-blocking for its other users too.
    columns: (isatty(1) && process.stdout.columns) || 80,
    inputs: processInputs(),
    nowMs: Date.now,
    ask: isatty(0) && isatty(2) ? (question) => ask(question, stderr) : null,
    readStdin: () => Bun.stdin.text(),
    loadServer,
    // HTTP_PROXY is ignored: a management request holds a credential.
    fetch: (url, init) => fetch(url, { ...init, proxy: false } as unknown as RequestInit),
    onStopSignal,
    onCrash,
    exit: (code) => process.exit(code),
  }
}

/** The line is edited by the terminal itself, which turns Ctrl-C into a signal as everywhere. */
async function ask(question: string, stderr: { write(text: string): void }): Promise<string> {
  stderr.write(question)
  const lines = createInterface({ input: process.stdin, terminal: false })
  try {
    for await (const line of lines) return line
    return ''
  } finally {
    lines.close()
  }
}

async function loadServer() {
  const [{ openApp }, { listen }] = await Promise.all([
    import('../app.ts'),
    import('../http/listen.ts'),
  ])
  return { openApp, listen }
}

function onStopSignal(callback: (signal: StopSignal) => void): () => void {
  for (const signal of stopSignals) process.on(signal, callback)
  return () => {
    for (const signal of stopSignals) process.off(signal, callback)
  }
}

function onCrash(callback: (error: unknown, kind: string) => void): void {
  process.on('uncaughtException', (error) => callback(error, 'uncaught_exception'))
  process.on('unhandledRejection', (error) => callback(error, 'unhandled_rejection'))
}
