import { type Redactor, redactionMask } from './redactor.ts'

const maxDepth = 4
const maxMembers = 64
const maxNodes = 200

/**
 * Copies any value into a small plain one for `JSON.stringify`: secrets replaced, errors with their
 * causes, at most 4 levels and 200 values, no cycles, nothing that runs code later.
 */
export function plainValue(value: unknown, redactor: Redactor): unknown {
  return new Copier(redactor).copy(value, 0)
}

class Copier {
  private nodes = 0
  private readonly redactor: Redactor

  constructor(redactor: Redactor) {
    this.redactor = redactor
  }

  copy(value: unknown, depth: number): unknown {
    if (++this.nodes > maxNodes) return '(more)'
    switch (typeof value) {
      case 'string':
        return this.redactor.clean(value)
      case 'number':
        return Number.isFinite(value) ? value : String(value)
      case 'boolean':
      case 'undefined':
        return value
      case 'bigint':
        return String(value)
      case 'object':
        return value === null ? null : this.copyObject(value, depth)
      default:
        return `(${typeof value})`
    }
  }

  private copyObject(value: object, depth: number): unknown {
    if (depth >= maxDepth) return '(deeper)'
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
    if (value instanceof Error) return this.copyError(value, depth)
    if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`
    if (Array.isArray(value)) {
      return value.slice(0, maxMembers).map((item) => this.copy(item, depth + 1))
    }
    return this.copyMembers(Object.entries(value), depth)
  }

  private copyMembers(entries: readonly [string, unknown][], depth: number): object {
    const copied = entries.slice(0, maxMembers).map(([key, member]) => {
      const name = this.redactor.clean(key)
      const isSecret = typeof member === 'string' && this.redactor.isSecretName(key)
      return [name, isSecret ? redactionMask : this.copy(member, depth + 1)]
    })
    return Object.fromEntries(copied)
  }

  private copyError(error: Error, depth: number): object {
    const { name, message, cause } = error
    const frames = (error.stack ?? '').split('\n').filter((frame) => /^\s+at /.test(frame))
    const members: [string, unknown][] = [
      ['name', name],
      ['message', message],
      ...Object.entries(error).filter(([key]) => key !== 'name' && key !== 'cause'),
      ['cause', cause],
      ['stack', frames.length === 0 ? undefined : frames.map((frame) => frame.trim())],
    ]
    return this.copyMembers(members, depth)
  }
}
