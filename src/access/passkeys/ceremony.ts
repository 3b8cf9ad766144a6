import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import { AppError } from '../../errors.ts'
import { isJsonObject } from '../../lib/json.ts'
import type { Passkey } from '../../store/passkey_store.ts'
import { challengeLifeMs } from './passkey_challenge.ts'
import type { PasskeySite } from './passkey_site.ts'

// Loaded when the first passkey is asked for: a server that only calls tools stays small.
async function library() {
  // Bundled into one executable, the library's parts would run before the polyfill they ask for.
  await import('reflect-metadata')
  return import('@simplewebauthn/server')
}

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text, 'base64url'))

/** For whom a passkey is made. */
export interface PasskeyOwner {
  readonly handle: Uint8Array
  readonly email: string
  readonly name: string
  /** Those the person has: no device makes a second one. */
  readonly passkeys: readonly Passkey[]
}

/** What the browser's `navigator.credentials.create` is given, as JSON (WebAuthn Level 3 §5.4). */
export async function creationOptions(
  site: PasskeySite,
  owner: PasskeyOwner,
  challenge: string,
): Promise<string> {
  const { generateRegistrationOptions } = await library()
  const options = await generateRegistrationOptions({
    rpName: 'Gatehouse',
    rpID: site.id,
    userName: owner.email,
    userDisplayName: owner.name,
    userID: Uint8Array.from(owner.handle),
    challenge: bytesOf(challenge),
    timeout: challengeLifeMs,
    excludeCredentials: owner.passkeys.map(({ credentialId, transports }) => ({
      id: base64url(credentialId),
      transports: [...transports],
    })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  })
  return JSON.stringify(options)
}

/** What `navigator.credentials.get` is given, as JSON: any passkey of this site (§5.5). */
export async function requestOptions(site: PasskeySite, challenge: string): Promise<string> {
  const { generateAuthenticationOptions } = await library()
  const options = await generateAuthenticationOptions({
    rpID: site.id,
    challenge: bytesOf(challenge),
    timeout: challengeLifeMs,
    userVerification: 'required',
  })
  return JSON.stringify(options)
}

/** What a browser sent back, its shape looked at no further than to find what it belongs to. */
export interface PasskeyAnswer {
  readonly json: Readonly<Record<string, unknown>>
  readonly credentialId: Uint8Array
  readonly challenge: string
  /** Whose passkey the device says it is; null where it says nothing. */
  readonly userHandle: Uint8Array | null
}

/** Reads what a browser sent back. @throws AppError passkey_failed */
export function readAnswer(text: string): PasskeyAnswer {
  try {
    const json: unknown = JSON.parse(text)
    const response = isObject(json) ? json['response'] : null
    if (!(isObject(json) && isObject(response))) throw new TypeError('not an answer')
    const { clientDataJSON, userHandle } = response
    const said: unknown = JSON.parse(Buffer.from(String(clientDataJSON), 'base64url').toString())
    const challenge = isObject(said) ? said['challenge'] : null
    if (typeof json['id'] !== 'string' || typeof challenge !== 'string') {
      throw new TypeError('no id, or no challenge')
    }
    const handle = typeof userHandle === 'string' ? bytesOf(userHandle) : null
    return { json, challenge, credentialId: bytesOf(json['id']), userHandle: handle }
  } catch (cause) {
    throw new AppError('passkey_failed', { cause })
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  isJsonObject(value as never)

/** Checks an answer to `creationOptions`. @throws AppError passkey_failed */
export function verifyCreation(
  site: PasskeySite,
  answer: PasskeyAnswer,
): Promise<Pick<Passkey, 'credentialId' | 'publicKey' | 'counter' | 'transports'>> {
  return orFailed(async () => {
    const { verifyRegistrationResponse } = await library()
    const { registrationInfo } = await verifyRegistrationResponse({
      // The library looks at the shape itself.
      response: answer.json as unknown as RegistrationResponseJSON,
      expectedChallenge: answer.challenge,
      expectedOrigin: site.origin,
      expectedRPID: site.id,
      requireUserVerification: true,
    })
    if (registrationInfo === undefined) throw new Error('the attestation does not hold')
    const { id, publicKey, counter, transports = [] } = registrationInfo.credential
    const known = transports.filter((each) => /^[a-z-]{1,20}$/.test(each)).slice(0, 8)
    return { credentialId: bytesOf(id), publicKey, counter, transports: known }
  })
}

/**
 * Checks an answer to `requestOptions`: signature, origin, RP ID, user verification, counter.
 * @returns what the device's counter says now
 * @throws AppError passkey_failed
 */
export function verifyUse(
  site: PasskeySite,
  answer: PasskeyAnswer,
  passkey: Passkey,
): Promise<number> {
  return orFailed(async () => {
    const { verifyAuthenticationResponse } = await library()
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: answer.json as unknown as AuthenticationResponseJSON,
      expectedChallenge: answer.challenge,
      expectedOrigin: site.origin,
      expectedRPID: site.id,
      requireUserVerification: true,
      credential: {
        id: base64url(passkey.credentialId),
        publicKey: Uint8Array.from(passkey.publicKey),
        counter: passkey.counter,
      },
    })
    if (!verified) throw new Error('the signature does not hold')
    return authenticationInfo.newCounter
  })
}

async function orFailed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw new AppError('passkey_failed', { cause })
  }
}
