import { includesScope } from '../../model/policy.ts'

/**
 * What a refresh keeps of the scopes that were approved: those asked for, each of which must be held;
 * all that are held where none are asked for (RFC 6749 §6; case 104). Null where more is asked for. What
 * the policy allows is no part of this: clients send the scopes they once got (case 107).
 */
export function narrowedScopes(
  asked: readonly string[],
  held: readonly string[],
): readonly string[] | null {
  if (asked.length === 0) return held
  const all = new Set(held)
  return asked.every((scope) => includesScope(all, scope)) ? asked : null
}
