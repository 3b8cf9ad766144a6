import type { RegistrationRule } from '../store/registration_store.ts'

/** Who may register: nobody, clients with these redirect URIs, or anyone. */
export type RegistrationDoor =
  | { readonly mode: 'off' }
  | { readonly mode: 'limited'; readonly redirectUris: readonly string[] }
  | { readonly mode: 'on' }

/**
 * What one policy lets in: a project that names its clients lets no new one in, one that names
 * redirect URIs only clients with those, whatever its mode would allow beyond (wire.md §8).
 */
function doorOf(rule: RegistrationRule): RegistrationDoor {
  const { registrationMode, allowedRedirectUris, allowedClientIds } = rule
  if (registrationMode === 'off' || allowedClientIds.length > 0) return { mode: 'off' }
  if (registrationMode === 'on' && allowedRedirectUris.length === 0) return { mode: 'on' }
  return { mode: 'limited', redirectUris: allowedRedirectUris }
}

/** What the installation lets in: registration is one for all projects, so the most open one counts. */
export function registrationDoor(rules: readonly RegistrationRule[]): RegistrationDoor {
  const doors = rules.map(doorOf)
  if (doors.some(({ mode }) => mode === 'on')) return { mode: 'on' }
  const redirectUris = doors.flatMap((door) => (door.mode === 'limited' ? door.redirectUris : []))
  return redirectUris.length === 0 ? { mode: 'off' } : { mode: 'limited', redirectUris }
}
