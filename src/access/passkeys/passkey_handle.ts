import { createHmac } from 'node:crypto'
import type { ConsoleDeps } from '../console_session.ts'

/**
 * By what a device knows a person: 32 bytes that say nothing of them (WebAuthn Level 3 §14.6.1), and
 * the same each time, so that a device keeps one passkey per person.
 */
export const passkeyHandle = ({ masterKey }: ConsoleDeps, userId: number): Uint8Array =>
  createHmac('sha256', masterKey.formKey).update(`passkey|${userId}`).digest()
