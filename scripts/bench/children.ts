import { openSync } from 'node:fs'
import { join } from 'node:path'
import type { Subprocess } from 'bun'

/** How long a process may take to end after SIGTERM. */
const graceMs = 5_000

/** A process of the benchmark. */
export interface Child {
  readonly name: string
  readonly pid: number
  /** Resolves when it has ended, whoever ended it. */
  readonly exited: Promise<number>
  readonly hasExited: () => boolean
  /** Ends it, by force if it will not. */
  stop(): Promise<void>
  send(message: unknown): void
}

/** How to start a process. */
export interface ChildOptions {
  readonly name: string
  readonly command: readonly string[]
  /** Takes what the process sends to its parent; without it there is no channel. */
  readonly onMessage?: (message: unknown) => void
}

/** Every process the benchmark started; all are ended with it, each by its own id. */
export class Children {
  private readonly running = new Set<Child>()
  private readonly directory: string

  /** @param directory where each process's output goes, in a file of its name */
  constructor(directory: string) {
    this.directory = directory
  }

  start({ name, command, onMessage }: ChildOptions): Child {
    const log = openSync(this.logOf(name), 'a')
    const started = Bun.spawn([...command], {
      env: environment(),
      stdin: 'ignore',
      stdout: log,
      stderr: log,
      ...(onMessage === undefined ? {} : { ipc: (message: unknown) => onMessage(message) }),
    })
    const child: Child = {
      name,
      pid: started.pid,
      exited: started.exited,
      hasExited: () => started.exitCode !== null || started.signalCode !== null,
      stop: () => stop(started),
      send: (message) => started.send(message),
    }
    this.running.add(child)
    void started.exited.then(() => this.running.delete(child))
    return child
  }

  /** The processes that run now. */
  pids(): number[] {
    return [...this.running].map(({ pid }) => pid)
  }

  /** The file that holds what processes of this name printed. */
  logOf(name: string): string {
    return join(this.directory, `${name}.log`)
  }

  /** The last lines a process printed, for the message of its failure. */
  async lastWords(name: string): Promise<string> {
    const text = await Bun.file(this.logOf(name)).text()
    return text.trim().split('\n').slice(-8).join('\n')
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.running].map((child) => child.stop()))
  }
}

/** Settings of the one who runs the benchmark are no part of it. */
export function environment(): Record<string, string | undefined> {
  const entries = Object.entries(process.env)
  return Object.fromEntries(entries.filter(([name]) => !name.startsWith('GATEHOUSE_')))
}

async function stop(started: Subprocess): Promise<void> {
  if (started.exitCode !== null || started.signalCode !== null) return
  started.kill('SIGTERM')
  const timer = setTimeout(() => started.kill('SIGKILL'), graceMs)
  await started.exited
  clearTimeout(timer)
}

/** A message of a child, or an error when it ends or is silent for too long. */
export async function firstMessage<T>(
  children: Children,
  options: Omit<ChildOptions, 'onMessage'>,
  onLater: (message: unknown) => void = () => {},
): Promise<{ child: Child; message: T }> {
  const first = Promise.withResolvers<T>()
  let isFirst = true
  const child = children.start({
    ...options,
    onMessage: (message) => {
      if (!isFirst) return onLater(message)
      isFirst = false
      first.resolve(message as T)
    },
  })
  const message = await Promise.race([first.promise, endOf(child), silence(child)])
  if (message !== null) return { child, message }
  throw new Error(`${child.name} did not start:\n${await children.lastWords(child.name)}`)
}

const endOf = (child: Child) => child.exited.then(() => null)
const silence = (_child: Child) => Bun.sleep(10_000).then(() => null)
