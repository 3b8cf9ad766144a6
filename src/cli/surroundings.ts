import type { App } from '../app.ts'
import type { Config, ConfigInputs } from '../config.ts'
import type { Listening } from '../http/listen.ts'
import type { Logger } from '../log.ts'

/** One stream of text that a command writes to. */
export interface TextStream {
  write(text: string): void
  readonly isTerminal: boolean
}

/** The heavy half of the program, loaded only by commands that need it. */
export interface ServerModules {
  openApp(config: Config, logger: Logger): Promise<App>
  listen(app: App, config: Config, logger: Logger): Promise<Listening>
}

/** A signal that ends a server. */
export type StopSignal = 'SIGINT' | 'SIGTERM'

/** Everything a command touches outside itself; tests pass their own. */
export interface Surroundings {
  readonly stdout: TextStream
  readonly stderr: TextStream
  /** Columns of the terminal. */
  readonly columns: number
  readonly inputs: Omit<ConfigInputs, 'flags'>
  readonly nowMs: () => number
  /** Puts a question to the person at the terminal: their line; null where nobody sits at one. */
  readonly ask: ((question: string) => Promise<string>) | null
  /** Everything on standard input, as UTF-8 text. */
  readStdin(): Promise<string>
  loadServer(): Promise<ServerModules>
  /** An HTTP request to a server elsewhere, or through a unix socket. */
  fetch(url: string, init: RequestInit & { unix?: string }): Promise<Response>
  /** Calls back at every stop signal until the returned function is called. */
  onStopSignal(callback: (signal: StopSignal) => void): () => void
  /** Calls back with whatever nobody caught. */
  onCrash(callback: (error: unknown, kind: string) => void): void
  /** Ends the process now. */
  exit(code: number): never
}
