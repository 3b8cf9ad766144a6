import { includesScope } from '../../model/policy.ts'

/**
 * The scopes of a refreshed token: those asked for, each of which must be held; all that are held where
 * none are asked for (RFC 6749 §6; case 104). Null where more is asked for than is held.
 */
export function narrowedScopes(
  asked: readonly string[],
  held: readonly string[],
): readonly string[] | null {
  if (asked.length === 0) return held
  const all = new Set(held)
  return asked.every((scope) => includesScope(all, scope)) ? asked : null
}
