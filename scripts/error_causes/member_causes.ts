import type { CausesOf } from '../error_causes.ts'

const show = (command: string) => `\`gatehouse ${command}\``

const keyPairCommands =
  '`openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out ' +
  'private_key.pem` makes a private key, `openssl ec -in private_key.pem -pubout -out ' +
  'public_key.pem` the public key that belongs to it.'

const adjustClock =
  'Set the clock of the machine that signs by NTP (`timedatectl` tells whether it is); ' +
  '`reason` has the time of the server.'

/** Causes and fixes of errors about session tokens, member assertions and their keys. */
export const memberCauses = {
  member_token_expired: {
    group: 'credentials',
    cause:
      'The session token (`tng_mst_…`) has reached its end: 15 minutes after it was made, unless ' +
      '[`member_session_minutes`](configuration.md#settings) is set.',
    fix:
      'Exchange a fresh assertion for a new token and send the request again. To stay clear of it, ' +
      'renew a minute early; see [members.md](members.md#caching-and-refresh).',
  },
  invalid_member_assertion: {
    group: 'credentials',
    cause:
      'The assertion key behind the session token was deactivated, which ends its tokens at once. ' +
      'Or the assertion itself was presented at `/mcp`.',
    fix:
      'Mint with an assertion key that is active: ' +
      `${show('assertion-key list')} shows which are. Present the ` +
      '[session token](members.md#5-exchange-it) at `/mcp`, never the assertion.',
  },
  too_many_failures: {
    group: 'credentials',
    cause:
      'This address presented more bad credentials in a minute than ' +
      '[`failed_auth_per_minute`](configuration.md#settings) allows (60 unless set). It stands in ' +
      'place of the 401. A good credential from the same address is always let in.',
    fix:
      'Stop the client that goes on with a dead credential; after `Retry-After` its 401 says what ' +
      'is wrong with it. If all clients are refused together behind a proxy, name the proxy in ' +
      '[`trusted_proxies`](configuration.md#settings): else all of them count as one address.',
  },

  assertion_required: {
    group: 'session',
    cause: 'The body has neither `member_assertion` nor `member_external_id`.',
    fix: 'Send `{"member_assertion": "<the signed assertion>"}`.',
  },
  member_unresolved: {
    group: 'session',
    cause: '`sub` of the assertion, or `member_external_id`, is missing, empty or not a string.',
    fix:
      'Put the id under which your product keeps the user into `sub`, as a string: ' +
      '`str(user.id)`, not a number.',
  },
  sub_invalid: {
    group: 'session',
    cause:
      '`sub`, or `member_external_id`, cannot stand for a user in a header: it is longer than 255 ' +
      'bytes, begins or ends with a space, or holds a line break or another character that cannot ' +
      'be seen.',
    fix: 'Use a short, permanent id of visible ASCII characters, `user_42` or a UUID.',
  },
  key_without_integration: {
    group: 'session',
    cause:
      'The credential belongs to no integration that the session token could stand under, an ' +
      'admin token for example.',
    fix:
      'Mint with an API key (`tengine_…`). ' +
      `${show('integration create NAME --permission sessions.mint')} makes one.`,
  },
  unverified_minting_disabled: {
    group: 'session',
    cause:
      'The request names the user in `member_external_id`, which proves nothing, and this server ' +
      'does not allow that.',
    fix:
      'Send a signed `member_assertion`; see [members.md](members.md). For development alone set ' +
      '[`allow_unverified_member_session_minting`](members.md#unverified-mode).',
  },
  member_blocked: {
    group: 'session',
    cause: 'An administrator blocked this member. No session token is made for them.',
    fix: `${show('member unblock EXTERNAL_ID')} lets them in again.`,
  },
  assertion_malformed: {
    group: 'session',
    cause:
      'It is no signed JWT of three parts, or names a claim twice; its header has an ' +
      'unfit `kid` or a `crit`; `iat` or `exp` is missing or no integer, or `exp` is not after ' +
      '`iat`; `email` is no string of visible characters, or `roles` no list of such strings without ' +
      'commas; `jti` is unfit, or missing where the project requires one. `reason` says which.',
    fix:
      `Let a JWT library write it, with times in whole seconds; ${show('assertion verify -')} shows ` +
      'how far it comes. Send the assertion alone: no quotes, no `Bearer`, no line end.',
  },
  assertion_missing_kid: {
    group: 'session',
    cause: 'The header of the assertion has no `kid`, so nothing says which key signed it.',
    fix:
      'Name the key in the header, not in the claims: `headers={"kid": "…"}` in PyJWT, ' +
      '`setProtectedHeader({ alg, kid })` in jose.',
  },
  assertion_key_not_found: {
    group: 'session',
    cause:
      'The project of the API key has no active assertion key of that `kid`: it was never ' +
      'registered, was deactivated, is spelt otherwise, or belongs to another project.',
    fix:
      `Compare it with ${show('assertion-key list')}, and register the public key where it is ` +
      `missing: ${show('assertion-key add KID --public-key-file public_key.pem')}.`,
  },
  assertion_alg_not_allowed: {
    group: 'session',
    cause:
      '`alg` in the header is none of `ES256`, `ES384`, `Ed25519` (or `EdDSA`) and `RS256`: `none`, ' +
      'for example, or `HS256`, which many libraries use unless told.',
    fix:
      `Sign with the algorithm that ${show('assertion-key list')} shows for the \`kid\`, ` +
      'with the private key and not with a shared secret.',
  },
  assertion_invalid_signature: {
    group: 'session',
    cause:
      'The signature was not made by the private key whose public key is registered under this ' +
      '`kid`; or `alg` is not the algorithm of that key; or the assertion was changed on its way; or ' +
      'an ECDSA signature is in DER form. `reason` tells a wrong `alg` from the rest.',
    fix:
      'Compare `openssl pkey -in private_key.pem -pubout` with the key that ' +
      `${show('assertion-key show KID')} prints. If they differ, sign with the other key, or ` +
      'register this one under a `kid` of its own.',
  },
  assertion_aud_mismatch: {
    group: 'session',
    cause:
      '`aud` is not exactly the string `tengine:project:<id>` with the id of the project that the ' +
      'API key belongs to. A list is refused even if that string is in it.',
    fix:
      'Use the string that `reason` gives. The id is the number that ' +
      `${show('project show')} prints, not the slug.`,
  },
  assertion_ttl_too_long: {
    group: 'session',
    cause: '`exp` is more than 60 seconds after `iat`.',
    fix:
      'Set `exp` to `iat + 60` or less, both from one reading of the clock. An assertion is made for ' +
      'one exchange; it is the session token that lasts.',
  },
  assertion_expired: {
    group: 'session',
    cause: '`exp` is past, with 5 seconds allowed for clocks that differ.',
    fix: `Make an assertion for each exchange and send it at once; do not keep them. ${adjustClock}`,
  },
  assertion_iat_in_future: {
    group: 'session',
    cause: '`iat` is more than 5 seconds ahead: the clock of the machine that signs is fast.',
    fix: `${adjustClock} Times are seconds, not milliseconds, since 1970 in UTC.`,
  },
  assertion_not_yet_valid: {
    group: 'session',
    cause:
      '`nbf` is more than 5 seconds ahead: the assertion is made for later, or a clock is off.',
    fix: `Leave \`nbf\` out, it is not needed; or wait until then. ${adjustClock}`,
  },
  assertion_replayed: {
    group: 'session',
    cause: 'An assertion with this `jti` was exchanged before. Each counts once.',
    fix:
      'Sign a new assertion with a new random `jti` for every exchange, also when you repeat one ' +
      'that got no answer.',
  },

  invalid_public_key: {
    group: 'assertion_keys',
    cause:
      '`public_key` is not one public key in PEM form and nothing else: a private key, a ' +
      'certificate, a block that was cut off, text after its end, or line breaks lost on the way. ' +
      'Or it is too weak (RSA below 2048 bits), or not for the `algorithm` given. A private key is ' +
      'neither stored nor logged.',
    fix:
      `Send the file that begins with \`-----BEGIN PUBLIC KEY-----\`. ${keyPairCommands} If a ` +
      'private key was sent, better make a new pair.',
  },
  unsupported_algorithm: {
    group: 'assertion_keys',
    cause:
      'The key, or `algorithm`, is for none of ES256 (curve P-256), ES384 (P-384), Ed25519 and RS256 ' +
      '(RSA of 2048 bits or more): another curve, or a key for encryption, for example.',
    fix: `Leave \`algorithm\` out: it follows from the key. For ES256, ${keyPairCommands}`,
  },
  kid_taken: {
    group: 'assertion_keys',
    cause: 'The project has an active assertion key of that `kid`.',
    fix:
      'Choose another `kid`: with two active keys you can change over without a gap. Or end the ' +
      `old one first, with the session tokens made by it: ${show('assertion-key deactivate KID')}.`,
  },

  rate_limited: {
    group: 'call',
    cause:
      'The API key, member, project, integration or tool has made as many calls as its ' +
      '`calls_per_minute` allows, or has `max_concurrent` calls under way. `reason` says whose ' +
      'limit it is. It is an HTTP 429 at `/mcp` also for a tool call.',
    fix:
      'Wait as `Retry-After` says. `mcp_whoami` shows limits and what is left of them; ' +
      `${show('member limit')} changes that of one member. See ` +
      '[members.md](members.md#rate-limits).',
  },

  quota_exceeded: {
    group: 'call',
    cause:
      'The project, integration, member or tool has made as many calls as its `calls_per_day` or ' +
      '`calls_per_month` allows. `reason` says whose limit it is and when the next day or month ' +
      'begins, in UTC. Nothing was sent. It is an HTTP 429 at `/mcp` also for a tool call.',
    fix:
      'Wait as `Retry-After` says, or raise the limit. `mcp_whoami` shows limits and what is left ' +
      `of them, ${show('usage')} what they were used for. See [usage.md](usage.md).`,
  },
} as const satisfies CausesOf
