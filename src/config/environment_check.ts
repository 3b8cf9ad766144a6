import type { FieldError } from '../errors.ts'
import { closestName } from './closest_name.ts'
import { variableOf } from './setting_source.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * What an environment holds that would weaken the server: TLS verification switched off, or a
 * debugger able to read its memory (reliability.md cases 169, 253).
 */
export function unsafeVariables(env: Environment): FieldError[] {
  const errors: FieldError[] = []
  if (env.NODE_TLS_REJECT_UNAUTHORIZED === '0') {
    errors.push({
      pointer: '/NODE_TLS_REJECT_UNAUTHORIZED',
      message:
        'NODE_TLS_REJECT_UNAUTHORIZED=0 switches certificate checks off. ' +
        'Remove it; name a private authority with upstream_ca_file.',
    })
  }
  for (const name of ['BUN_INSPECT', 'BUN_INSPECT_CONNECT_TO', 'BUN_INSPECT_NOTIFY']) {
    if (!env[name]) continue
    const message = `${name} opens a debugger that can read every secret in memory. Remove it.`
    errors.push({ pointer: `/${name}`, message })
  }
  return errors
}

/** Kubernetes sets these in every pod beside a Service called `gatehouse`; they are not ours. */
const serviceLink = /^GATEHOUSE_(SERVICE_(HOST|PORT)(_.+)?|PORT(_\d+_(TCP|UDP|SCTP)(_.+)?)?)$/

/** `GATEHOUSE_*` variables that no setting has, each with the closest one that exists. */
export function unknownVariables(env: Environment, names: readonly string[]): FieldError[] {
  const known = new Set([...names, 'config'].map(variableOf))
  return Object.keys(env)
    .filter((name) => name.startsWith('GATEHOUSE_') && !known.has(name) && !serviceLink.test(name))
    .map((name) => ({ pointer: `/${name}`, message: unknown(name, known) }))
}

/** Keys of a settings file that no setting has, each with the closest one that exists. */
export function unknownKeys(keys: readonly string[], names: readonly string[]): FieldError[] {
  const known = new Set(names)
  return keys
    .filter((key) => !known.has(key))
    .map((key) => ({ pointer: `/${key}`, message: unknown(key, known) }))
}

function unknown(name: string, known: ReadonlySet<string>): string {
  const closest = closestName(name, known)
  const hint = closest === null ? 'Remove it.' : `Did you mean ${closest}?`
  return `${name} is not a setting. ${hint}`
}
