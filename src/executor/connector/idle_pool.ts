import type { GuardedTarget } from '../guard_target.ts'
import type { Connection, ConnectionUser } from './connection.ts'
import { type DeadlineQueue, Expiring } from './deadline_queue.ts'

/** Bounds of the idle connections a connector keeps. */
export interface IdleLimits {
  readonly idleMs: number
  readonly maxPerHost: number
  readonly maxTotal: number
}

/** An upstream that says when it will close an idle connection gets this much time in hand. */
const marginMs = 1_000

/** Idle connections by origin; the one used last is taken first. */
export class IdlePool extends Expiring implements ConnectionUser {
  deadlineAtMs = 0
  private readonly limits: IdleLimits
  private readonly deadlines: DeadlineQueue
  private readonly stacks = new Map<string, Connection[]>()
  private count = 0

  constructor(limits: IdleLimits, deadlines: DeadlineQueue) {
    super()
    this.limits = limits
    this.deadlines = deadlines
  }

  /**
   * Takes a connection to one of the target's checked addresses that was used within `maxIdleMs`, or
   * gives null. An address the policy no longer allows is in no target (reliability.md case 165).
   */
  take(target: GuardedTarget, maxIdleMs: number): Connection | null {
    const stack = this.stacks.get(target.poolKey)
    if (stack === undefined) return null
    const nowMs = performance.now()
    for (let i = stack.length - 1; i >= 0; i--) {
      const connection = stack[i]
      if (connection === undefined || nowMs - connection.idleSinceMs > maxIdleMs) return null
      const isFresh = nowMs - connection.idleSinceMs <= connection.idleLimitMs
      if (isFresh && connection.isOpen && target.addresses.includes(connection.address)) {
        this.remove(stack, i)
        return connection
      }
    }
    return null
  }

  /**
   * Keeps a connection for the next exchange, or closes it where the bounds are reached.
   * @param keepAliveMs what the upstream said in `Keep-Alive`; null where it did not
   */
  put(connection: Connection, keepAliveMs: number | null): void {
    const { idleMs, maxPerHost, maxTotal } = this.limits
    const limitMs = keepAliveMs === null ? idleMs : Math.min(idleMs, keepAliveMs - marginMs)
    const stack = this.stackOf(connection.poolKey)
    if (
      limitMs <= 0 ||
      stack.length >= maxPerHost ||
      this.count >= maxTotal ||
      !connection.isOpen
    ) {
      connection.end()
      return
    }
    connection.idleSinceMs = performance.now()
    connection.idleLimitMs = limitMs
    connection.user = this
    stack.push(connection)
    if (this.count++ === 0) this.scheduleSweep()
  }

  /** Closes every idle connection. */
  clear(): void {
    for (const stack of this.stacks.values()) for (const connection of stack) connection.end()
    this.stacks.clear()
    this.count = 0
    this.deadlines.delete(this)
  }

  /** Closes what has been idle for too long. */
  override expire(): void {
    const nowMs = performance.now()
    for (const [key, stack] of this.stacks) {
      for (let i = stack.length - 1; i >= 0; i--) {
        const connection = stack[i]
        if (connection === undefined || nowMs - connection.idleSinceMs < connection.idleLimitMs)
          continue
        this.remove(stack, i)
        connection.end()
      }
      if (stack.length === 0) this.stacks.delete(key)
    }
    if (this.count > 0) this.scheduleSweep()
  }

  /** Bytes nobody asked for: the connection is of no use. */
  received(_bytes: Buffer, connection: Connection): void {
    this.closed(undefined, connection)
    connection.destroy()
  }

  writable(): void {}

  closed(_error: Error | undefined, connection: Connection): void {
    const stack = this.stacks.get(connection.poolKey)
    const index = stack?.indexOf(connection) ?? -1
    if (stack !== undefined && index >= 0) this.remove(stack, index)
  }

  private stackOf(key: string): Connection[] {
    const known = this.stacks.get(key)
    if (known !== undefined) return known
    const stack: Connection[] = []
    this.stacks.set(key, stack)
    return stack
  }

  private remove(stack: Connection[], index: number): void {
    if (index === stack.length - 1) stack.pop()
    else stack.splice(index, 1)
    this.count--
  }

  private scheduleSweep(): void {
    this.deadlines.delete(this)
    this.deadlineAtMs = performance.now() + Math.min(this.limits.idleMs, 5_000)
    this.deadlines.add(this)
  }
}
