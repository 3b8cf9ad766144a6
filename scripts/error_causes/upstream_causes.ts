import type { CausesOf } from '../error_causes.ts'

/** Causes and fixes of errors about the upstream, the server and its store. */
export const upstreamCauses = {
  upstream_auth_failed: {
    group: 'upstream',
    cause:
      'The token endpoint of `oauth_client_credentials` gave no token: it refused client id or secret, ' +
      'could not be reached, or is barred by the egress policy. Nothing was sent to the API.',
    fix:
      '`reason` names the host and what it said. Check `auth_oauth` and the secret, which is ' +
      '`client_id:client_secret`.',
  },
  upstream_timeout: {
    group: 'upstream',
    cause: 'The upstream gave no complete answer within `timeout_ms` of the tool.',
    fix: 'Make the endpoint faster, or raise `timeout_ms` (10 minutes at most).',
  },
  upstream_status: {
    group: 'upstream',
    cause: 'The upstream answered with a status outside 200 to 299.',
    fix:
      'The text says which and quotes the answer. Check path, method and auth strategy with a ' +
      '[dry run](tools.md#dry-run).',
  },
  upstream_redirect: {
    group: 'upstream',
    cause: 'The upstream answered with a redirect. Redirects are never followed.',
    fix: 'Register the address it redirects to.',
  },
  upstream_connection: {
    group: 'upstream',
    cause:
      'No connection within 5 seconds, a refused one, or one that broke before the answer began.',
    fix: '`reason` names host, address and port. Check that the API runs there and no firewall bars it.',
  },
  upstream_dns: {
    group: 'upstream',
    cause: 'The host name does not resolve, or the name server did not answer within 2 seconds.',
    fix: 'Check the spelling of `base_url` and the name servers of the machine.',
  },
  upstream_tls: {
    group: 'upstream',
    cause:
      'The certificate is expired, not made out for the host, or signed by an authority this ' +
      'machine does not know; or the port does not speak TLS.',
    fix:
      'Repair the certificate. Name a private authority with ' +
      '[`upstream_ca_file`](configuration.md#settings). The check cannot be switched off.',
  },
  upstream_protocol: {
    group: 'upstream',
    cause: 'The answer is not well-formed HTTP/1.1: contradicting lengths, a malformed header.',
    fix: 'Repair the API or the proxy before it; `reason` says what is wrong.',
  },
  upstream_incomplete: {
    group: 'upstream',
    cause: 'The connection ended before the answer was complete.',
    fix: 'Look for a crash or a time-out of the API or of a proxy before it.',
  },
  upstream_decode: {
    group: 'upstream',
    cause: 'The body is compressed in an unknown or broken way.',
    fix: 'Send gzip, deflate, br, zstd or nothing, and name it in `Content-Encoding`.',
  },
  response_too_large: {
    group: 'upstream',
    cause: 'The answer exceeds `max_response_bytes` after decompression.',
    fix:
      'Ask the API for less (a page, fewer fields): a model pays for every byte. Or raise ' +
      '`max_response_bytes` (64 MiB at most).',
  },
  upstream_unavailable: {
    group: 'upstream',
    cause:
      'The last five attempts in a row found the upstream down, so calls to it are stopped for a ' +
      'while: 5 seconds first, 2 minutes at most. This call was not sent.',
    fix:
      '`reason` names the last failure and when the next call goes through; repair that. It is safe ' +
      'to call again. See [upstreams.md](upstreams.md#when-an-upstream-is-down).',
  },
  upstream_overloaded: {
    group: 'upstream',
    cause:
      'Too many calls to this upstream are under way and waiting, or this one waited for its turn ' +
      'until its deadline. It was not sent.',
    fix:
      'Call again later. If the API can take more at once, raise ' +
      '[`upstream_concurrency`](configuration.md#settings); else make it faster.',
  },
  output_schema: {
    group: 'upstream',
    cause: "The upstream's answer is not what `output_schema` promises clients.",
    fix: 'Correct `output_schema` or the API; or leave `output_schema` out.',
  },
  response_shape: {
    group: 'upstream',
    cause:
      'The answer came, and the projection of `response` fails on it: a function meets a type it ' +
      'does not take, or the work is too much for this answer.',
    fix: 'Correct `response.projection`, see [answers.md](answers.md). `reason` says what failed.',
  },
  result_not_found: {
    group: 'upstream',
    cause:
      'The handle of a long answer is unknown, more than an hour old, of another caller, pushed out ' +
      'by newer ones, or of a tool that may not be called any more.',
    fix: 'Call the tool again.',
  },
  outcome_unknown: {
    group: 'upstream',
    cause:
      'A write left for the upstream and no answer came back: a time-out, a broken connection, or ' +
      'Gatehouse stopped in between. It may have taken effect. It is never sent again by itself.',
    fix:
      'Look at the upstream before repeating it. A tool with a [verify rule](retries.md#verify) finds ' +
      'out by itself when the call is repeated; an administrator settles the run with ' +
      '`gatehouse runs resolve`. Until then an equal call is not sent, for a day; one under a new ' +
      'idempotency key is.',
  },
  run_not_unknown: {
    group: 'upstream',
    cause: 'Only a run whose state is `unknown` can be verified or resolved.',
    fix: '`gatehouse runs show RUN_ID` says what became of it.',
  },
  run_not_verifiable: {
    group: 'upstream',
    cause:
      'The tool has no [verify rule](retries.md#verify), or had none when the request was sent.',
    fix: 'Look in the API yourself, then `gatehouse runs resolve RUN_ID`.',
  },

  too_many_streams: {
    group: 'house',
    cause: 'One integration holds 64 `subscriptions/listen` streams open.',
    fix: 'Close some. A client needs one.',
  },
  overloaded: {
    group: 'house',
    cause: 'More than `max_in_flight` MCP requests at once.',
    fix: 'Wait as `Retry-After` says. Raise [`max_in_flight`](configuration.md#settings) if memory allows.',
  },
  shutting_down: {
    group: 'house',
    cause: 'The server is stopping and takes no new call.',
    fix: 'Call again when it is back.',
  },
  store_unavailable: {
    group: 'house',
    cause:
      'The database cannot be read or written: the disk fails, a page is damaged, or another program ' +
      'has it locked. No call that writes is sent then.',
    fix: 'See [storage.md](storage.md); the server log has the cause.',
  },
  storage_full: {
    group: 'house',
    cause:
      'There is no room to record what a call would do, so nothing was sent. What only reads goes on.',
    fix: 'Free space. The server notices within a second; there is no need to restart it.',
  },
  store_failed: {
    group: 'house',
    cause:
      'A write or a sync of the database failed. The server stops at once, with exit code 70: what ' +
      'is on the disk can be told only by reading it again.',
    fix: 'Look at the system log for the disk. Started again, it reports writes under way as `unknown`.',
  },
  clock_behind: {
    group: 'house',
    cause:
      'The clock is more than a day behind the newest record. Tokens and limits would count wrongly. ' +
      'Exit code 75.',
    fix: 'Set the clock. If the records are what is wrong, start once with `--accept-clock`.',
  },
  store_locked: {
    group: 'house',
    cause:
      'Another Gatehouse process holds the data directory. The command ends with exit code 75.',
    fix: 'Stop the other one, or name another `data_dir`.',
  },
  store_unusable: {
    group: 'house',
    cause:
      'The data directory cannot be made or written, or its database is damaged or none at all. ' +
      'The reason names the file. Nothing was touched. Exit code 78.',
    fix: 'Give the directory to the user Gatehouse runs as, or restore a backup of the database.',
  },
  store_too_new: {
    group: 'house',
    cause: 'A newer version has changed the database. Nothing was touched. Exit code 78.',
    fix: 'Run the newer version, or restore a backup from before the upgrade.',
  },
  wrong_master_key: {
    group: 'house',
    cause:
      'The master key is not the one this database was made with, or `master.key` is missing. ' +
      'Nothing was touched. Exit code 78.',
    fix: 'Put the right key back. Without it the stored secrets of the tools cannot be read.',
  },
  internal: {
    group: 'house',
    cause: 'A defect of Gatehouse. The log has the cause beside the same `request_id`.',
    fix: 'Please report it with that log line.',
  },
} as const satisfies CausesOf
