import type { CausesOf } from '../error_causes.ts'

const show = (command: string) => `\`gatehouse ${command}\``

/** Causes and fixes of errors about credentials and the form of a request. */
export const requestCauses = {
  missing_credential: {
    group: 'credentials',
    cause: 'The request has no `Authorization` header.',
    fix:
      'Send `Authorization: Bearer` and an API key (`tengine_…`) or a session token (`tng_mst_…`) ' +
      'to `/mcp`. Send an admin token (`gha_…`), or an API key with the `project.manage` ' +
      'permission, to `/api/v1`.',
  },
  invalid_api_key: {
    group: 'credentials',
    cause:
      'The key is mistyped, was rotated away or has expired; its integration is inactive or ' +
      'deleted; the header is not exactly `Bearer` and the key; or the URL is `/mcp/{slug}` of ' +
      'another project. For a session token: any of this befell the key that minted it.',
    fix:
      `Compare the last four characters with ${show('integration show NAME')} and the URL with ` +
      `${show('project show')}. A lost key cannot be shown again: ${show('integration rotate NAME')} ` +
      'makes a new one and ends the old one, with the session tokens it minted.',
  },
  invalid_admin_token: {
    group: 'credentials',
    cause:
      'The token is mistyped, was revoked or has expired, or it is no admin token (`gha_…`) at ' +
      'all: session tokens (`tng_mst_…`) are for `/mcp` alone.',
    fix:
      `On the machine of the server ${show('token list')} shows which tokens stand, and ` +
      `${show('token create NAME')} makes another.`,
  },
  invalid_token: {
    group: 'credentials',
    cause:
      'A session token (`tng_mst_…`) that was changed, cut off or made by another server or for ' +
      'another project; whose member is blocked; or whose signing key is past its time, rotated ' +
      'out by an administrator.',
    fix:
      'Mint a new session token; if that is refused, the answer says why. ' +
      `${show('member show EXTERNAL_ID')} tells whether the member is blocked, and ` +
      `${show('signing-key list')} which signing keys count.`,
  },
  permission_denied: {
    group: 'credentials',
    cause:
      'The API key lacks `tools.call`, `sessions.mint` or `project.manage`; or the credential is ' +
      'confined to one project and the request concerns the whole server; or an API key named a ' +
      'member to act for.',
    fix:
      'Use another credential. Permissions belong to the key: make an integration with the ones it ' +
      `needs, ${show('integration create NAME --permission tools.call')}. Projects and admin tokens ` +
      'are made with an admin token for the whole server.',
  },
  project_suspended: {
    group: 'credentials',
    cause:
      'An administrator suspended the project. All of its API keys and session tokens are refused.',
    fix: `${show('project resume PROJECT')} lets them in again.`,
  },
  project_mismatch: {
    group: 'credentials',
    cause: 'The request names one `project_id` and the credential belongs to another project.',
    fix: 'Leave `project_id` out, or use a credential of that project.',
  },

  validation_failed: {
    group: 'request',
    cause:
      'A field is missing, unknown, of the wrong type or out of bounds. On the command line: a ' +
      'setting cannot be used.',
    fix:
      '`errors[]` names every failing field by JSON pointer and says what it takes. ' +
      'The fields are listed in [tools.md](tools.md), the settings in ' +
      '[configuration.md](configuration.md).',
  },
  bad_request: {
    group: 'request',
    cause: 'The request cannot be taken, for a reason that no other code names.',
    fix: 'Compare the request with `/openapi.json`.',
  },
  malformed_json: {
    group: 'request',
    cause:
      'The body is not RFC 8259 JSON: a comment, a trailing comma, a cut-off body, bytes that are ' +
      'not UTF-8, or nesting deeper than 64 levels (256 at the management API).',
    fix: '`reason` gives the offset. Send what a JSON serialiser wrote.',
  },
  duplicate_key: {
    group: 'request',
    cause:
      'A JSON object names the same key twice. Parsers disagree about which one counts, so neither ' +
      'is taken.',
    fix: 'Send the key once.',
  },
  nul_character: {
    group: 'request',
    cause: 'A string of the body holds U+0000.',
    fix: 'Remove it. Binary data travels as base64 text.',
  },
  bad_unicode: {
    group: 'request',
    cause: 'A string holds half of a surrogate pair, which UTF-8 cannot carry.',
    fix: 'Cut texts between characters, not between UTF-16 units.',
  },
  forbidden_key: {
    group: 'request',
    cause: 'A JSON object has a key named `__proto__`, `constructor` or `prototype`.',
    fix: 'Rename the key.',
  },
  body_too_large: {
    group: 'request',
    cause:
      'The body exceeds `max_body_bytes` at `/mcp` (4 MiB unless set), 1 MiB at the management API, ' +
      'or 64 KiB at the exchange for session tokens; or a member assertion exceeds 8 KiB.',
    fix:
      'Send less, or raise [`max_body_bytes`](configuration.md#settings). An assertion carries who ' +
      'the user is and their roles, nothing else.',
  },
  unsupported_media_type: {
    group: 'request',
    cause: '`Content-Type` is not `application/json`, or the body is compressed.',
    fix: 'Send `Content-Type: application/json` and no `Content-Encoding`.',
  },
  not_acceptable: {
    group: 'request',
    cause: 'An MCP request whose `Accept` header rules out JSON or event streams.',
    fix: 'Send `Accept: application/json, text/event-stream`.',
  },
  invalid_cursor: {
    group: 'request',
    cause:
      'The cursor was changed, belongs to another list or another caller, or was made with another ' +
      'master key.',
    fix: 'Pass `next_cursor` back as it came, to the same list. Or begin at the first page.',
  },
  bad_host: {
    group: 'request',
    cause: 'The `Host` header is missing, doubled or not a host name with an optional port.',
    fix: 'Send exactly one `Host`, in lower case.',
  },
  host_not_allowed: {
    group: 'request',
    cause:
      'The request was sent to a name this server does not go by. This is what stops DNS rebinding.',
    fix:
      'Set `public_url` to the address clients use, or name the host in `allowed_hosts`. Behind a ' +
      'proxy see [running.md](running.md#behind-a-reverse-proxy).',
  },
  origin_not_allowed: {
    group: 'request',
    cause: 'The request comes from a web page of another origin.',
    fix: 'Name that origin in `allowed_origins` if pages there may call this server.',
  },
  method_not_allowed: {
    group: 'request',
    cause: 'A method other than POST at `/mcp`. There is no stream to open with GET.',
    fix: 'Send a POST. Clients that try GET first go on with POST by themselves.',
  },
  not_found: {
    group: 'request',
    cause:
      'There is no such path, or no such object in reach of the credential. Objects of other ' +
      'projects look the same as ones that do not exist.',
    fix: 'Check the id, and that the credential belongs to the project.',
  },
  name_taken: {
    group: 'request',
    cause:
      'Another tool of the project has that name (upper and lower case count as one), another ' +
      'project has that slug, or the name is that of a tool that Gatehouse itself answers: ' +
      '`mcp_whoami`, `search_tools`, `describe_tool`, `call_tool` and `result_read`.',
    fix: 'Choose another name.',
  },
  version_conflict: {
    group: 'request',
    cause: 'Somebody else changed the tool between your read and your write.',
    fix: 'Read it again and repeat the change.',
  },
} as const satisfies CausesOf
