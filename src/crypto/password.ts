import { AppError } from '../errors.ts'
import { WaitingLine } from '../lib/waiting_line.ts'
import { minPasswordLength } from '../model/password_length.ts'

/** Argon2id with 64 MiB and three passes (RFC 9106 §4, its second choice, on one lane). */
const costs = { algorithm: 'argon2id', memoryCost: 65_536, timeCost: 3 } as const
const costsPrefix = '$argon2id$v=19$m=65536,t=3,p=1$'

const maxPasswordLength = 1024

/** Each hash takes 64 MiB and a core: two at once in the whole process, whoever asks (case 255). */
const line = new WaitingLine(2, 100)

/** The hash of a password nobody knows: what an unknown person's password is compared with. */
const nobodysHash =
  '$argon2id$v=19$m=65536,t=3,p=1$9W7d0sfWhRcEbuFPa0FXUbh/8ig46XWL+1um80CFukI$fhSLX5nsa8yGnUzF427UvYkeHMA9XdKcvF+TC05UA6Y'

/** The best known passwords that are long enough, and what people make of short ones. */
const wellKnown: ReadonlySet<string> = new Set(
  `password1234 password12345 password123456 passwordpassword password1password 123456789012
  1234567890123 12345678901234 123456789012345 1234567890123456 1234567891011 098765432109
  0987654321098 123123123123 121212121212 112233445566 111222333444 102030405060 123456654321
  123454321234 987654321987 123qweasdzxc 1q2w3e4r5t6y 1q2w3e4r5t6y7u 1q2w3e4r5t6y7u8i 1qaz2wsx3edc
  1qaz2wsx3edc4rfv qazwsxedcrfv qazwsxedc123 qwertyuiop12 qwertyuiop123 qwertyuiop1234 qwerty123456
  qwerty1234567 qwertyqwerty qwertyuiopasdf qwertyuiopasdfghjkl asdfghjkl123 asdfghjklzxc
  zxcvbnm12345 zxcvbnmasdfghjkl abcdefghijkl abcdefghijklm abcd12345678 abc123456789 abcdef123456
  a1b2c3d4e5f6 aa1234567890 q1w2e3r4t5y6 iloveyou1234 iloveyou12345 iloveyouforever
  letmeinletmein letmein12345 welcome12345 welcome123456 administrator administrator1 admin1234567
  admin12345678 adminadminadmin adminadmin123 administrador changeme1234 changemechangeme
  changeme12345 gatehouse1234 gatehousegatehouse football1234 baseball1234 princess1234
  sunshine1234 superman1234 dragon123456 monkey123456 master123456 shadow123456 michael12345
  trustno1trustno1 correcthorsebatterystaple secretsecret secret123456
  mypassword123 thisismypassword passw0rd1234 p@ssw0rd1234 p@ssword1234 p@ssw0rd123! password123!
  password1234! password2024 password2025 password2026 password2024! password2025! password2026!
  welcome2024! welcome2025! welcome2026! summer2024!! summer2025!! winter2024!! winter2025!!
  testtesttest test12345678 testpassword testpassword1 default12345 computer1234 internet1234
  whatever1234 starwars1234 pokemon12345 liverpool123 manchester123 barcelona123 unbelievable`
    .split(/\s+/)
    .concat('correct horse battery staple'),
)

/** The same password however it is typed: one way to write each character. */
const normalized = (password: string) => password.normalize('NFKC')

/**
 * Refuses a password that can be guessed: shorter than 12 characters, of fewer than five different
 * ones, the person's own address, or among the best known.
 * @throws AppError weak_password
 */
export function checkPasswordStrength(password: string, email: string): void {
  const reason = weaknessOf(normalized(password), email.toLowerCase())
  if (reason === null) return
  throw new AppError('weak_password', {
    reason,
    errors: [{ pointer: '/password', message: reason }],
  })
}

function weaknessOf(password: string, email: string): string | null {
  const characters = [...password]
  if (characters.length < minPasswordLength) {
    return `Take ${minPasswordLength} characters or more; several words are fine.`
  }
  if (characters.length > maxPasswordLength) {
    return `Take ${maxPasswordLength} characters or fewer.`
  }
  if (new Set(characters).size < 5) return 'Use more than a few different characters.'
  const folded = password.toLowerCase()
  if (folded === email) return 'Your email address is no password.'
  if (wellKnown.has(folded)) return 'It is one of the best known passwords.'
  return null
}

/** Hashes a password, as a PHC string. @throws AppError overloaded */
export function hashPassword(password: string): Promise<string> {
  return line.run(() => Bun.password.hash(normalized(password), costs))
}

/**
 * Whether a password is the one that was hashed. Where there is no hash it costs the same and is
 * false, so the time taken tells nobody who has an account (case 256). @throws AppError overloaded
 */
export async function verifyPassword(password: string, hash: string | null): Promise<boolean> {
  // Nobody has a password this long; what is hashed instead costs as much as any.
  const presented = password.length > 4 * maxPasswordLength ? '' : normalized(password)
  const isRight = await line.run(() => Bun.password.verify(presented, hash ?? nobodysHash))
  return isRight && hash !== null
}

/** Whether a hash was made at other costs than new ones are. */
export function needsRehash(hash: string): boolean {
  return !hash.startsWith(costsPrefix)
}
