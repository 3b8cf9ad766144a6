import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest()
const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')

/** What a lying or broken device or browser says instead. */
export interface Lies {
  readonly origin?: string
  readonly rpId?: string
  readonly challenge?: string
  readonly type?: string
  readonly isUnverified?: boolean
  readonly counter?: number
  readonly userHandle?: string
  /** Signs with a key that nobody knows. */
  readonly hasOtherKey?: boolean
}

/** The part of the options that a device looks at. */
export interface Asked {
  readonly challenge: string
  readonly user?: { readonly id: string }
}

const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** A device with one passkey, written apart from the library that checks it (WebAuthn Level 3). */
export class SoftPasskey {
  readonly id = randomBytes(16)
  counter = 0
  private userHandle = ''
  private readonly keys = newKey()
  private readonly origin: string

  constructor(origin: string) {
    this.origin = origin
  }

  /** Answers `navigator.credentials.create` (§6.5, attestation `none`). */
  create(options: Asked, lies: Lies = {}): string {
    this.userHandle = options.user?.id ?? ''
    const { x = '', y = '' } = this.keys.publicKey.export({ format: 'jwk' })
    const point = (text: string) => Buffer.concat([Buffer.from('5820', 'hex'), bytesOf(text)])
    // {1: 2, 3: -7, -1: 1, -2: x, -3: y} (RFC 9052 §7)
    const cose = [Buffer.from('a5010203262001', 'hex'), byte(0x21), point(x), byte(0x22), point(y)]
    const attested = [Buffer.alloc(16), Buffer.from([0, this.id.length]), this.id, ...cose]
    const authData = Buffer.concat([this.authData(lies, 0x40), ...attested])
    const attestationObject = Buffer.concat([
      ...[byte(0xa3), word('fmt'), word('none'), word('attStmt'), byte(0xa0)],
      ...[word('authData'), Buffer.from([0x58, authData.length]), authData],
    ])
    const clientDataJSON = this.clientData('webauthn.create', options, lies)
    return this.answer({
      attestationObject: base64url(attestationObject),
      clientDataJSON: base64url(clientDataJSON),
      transports: ['internal'],
    })
  }

  /** Answers `navigator.credentials.get` (§6.3.3). */
  get(options: Asked, lies: Lies = {}): string {
    this.counter = lies.counter ?? this.counter + 1
    const authData = this.authData(lies, 0)
    const clientDataJSON = this.clientData('webauthn.get', options, lies)
    const signed = Buffer.concat([authData, sha256(clientDataJSON)])
    const { privateKey } = lies.hasOtherKey === true ? newKey() : this.keys
    return this.answer({
      authenticatorData: base64url(authData),
      clientDataJSON: base64url(clientDataJSON),
      signature: base64url(sign('sha256', signed, privateKey)),
      userHandle: lies.userHandle ?? this.userHandle,
    })
  }

  private authData({ rpId, isUnverified }: Lies, flags: number): Buffer {
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(this.counter)
    const present = flags | (isUnverified === true ? 0x01 : 0x05)
    const hash = sha256(rpId ?? new URL(this.origin).hostname)
    return Buffer.concat([hash, byte(present), counter])
  }

  private clientData(type: string, options: Asked, lies: Lies): Buffer {
    const { challenge = options.challenge, origin = this.origin } = lies
    const said = { type: lies.type ?? type, challenge, origin, crossOrigin: false }
    return Buffer.from(JSON.stringify(said))
  }

  private answer(response: object): string {
    const id = base64url(this.id)
    return JSON.stringify({
      ...{ id, rawId: id, type: 'public-key', clientExtensionResults: {} },
      response,
    })
  }
}

const byte = (value: number) => Buffer.from([value])
const bytesOf = (text: string) => Buffer.from(text, 'base64url')
const word = (text: string) => Buffer.concat([byte(0x60 + text.length), Buffer.from(text)])
