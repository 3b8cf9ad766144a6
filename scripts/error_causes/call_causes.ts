import type { CausesOf } from '../error_causes.ts'

const show = (command: string) => `\`gatehouse ${command}\``

/** Causes and fixes of errors about registering a tool and calls that were not sent. */
export const callCauses = {
  base_url_not_origin: {
    group: 'registration',
    cause: '`base_url` has a path, a query or a user, or is not a URL.',
    fix: 'Write scheme and host, `https://api.example.com`. The path belongs into `endpoint_path`.',
  },
  base_url_not_https: {
    group: 'registration',
    cause:
      '`base_url` is `http://`, and no entry of the egress allow-list opens that host and port.',
    fix:
      'Use HTTPS. For an internal API start the server with the entry that `reason` names; see ' +
      '[egress.md](egress.md).',
  },
  endpoint_path_relative: {
    group: 'registration',
    cause: '`endpoint_path` does not begin with a slash.',
    fix: 'Write `/posts/{id}`.',
  },
  auth_secret_required: {
    group: 'registration',
    cause: 'An `auth_strategy` other than `none`, and the tool has no secret. `detail` names it.',
    fix:
      'Send `encrypted_auth_secret` with the request; on the command line `--secret-stdin` or ' +
      '`--secret-file`.',
  },
  member_id_without_member: {
    group: 'registration',
    cause: 'The path holds `{member_id}`, and calls without a member are allowed.',
    fix: 'Set `require_member` to true, or take the variable out of the path.',
  },
  header_not_settable: {
    group: 'registration',
    cause:
      '`headers_template` sets a header that frames the message, names the caller or carries the ' +
      'credential. `reason` names it.',
    fix: 'Leave it out. [templates.md](templates.md#headers) lists them.',
  },
  schema_too_complex: {
    group: 'registration',
    cause:
      'A JSON Schema with more than 2,000 subschemas, nested deeper than 64 levels, or with more ' +
      'than 100 schemas that look at the same value.',
    fix: 'Make it smaller. A model needs the arguments, not the whole data model.',
  },
  remote_ref: {
    group: 'registration',
    cause:
      'A `$ref` leads to another document, or `$schema` is neither 2020-12 nor draft-07. Nothing is ' +
      'ever fetched.',
    fix: 'Copy what is referred to into `$defs` of the same schema.',
  },

  unknown_tool: {
    group: 'call',
    cause:
      'The project has no tool of that exact name. In MCP this is the JSON-RPC error -32602, and ' +
      'there is no run.',
    fix: 'Ask for `tools/list` again. Names are compared in upper and lower case.',
  },
  tool_not_enabled: {
    group: 'call',
    cause: 'The tool is switched off.',
    fix: `${show('tool enable NAME')} switches it on.`,
  },
  member_required: {
    group: 'call',
    cause:
      'The tool has `require_member: true` or `{member_id}` in its path, and the call came without ' +
      'a member. An API key alone names none.',
    fix:
      'Call with a [session token](members.md) of the user. Or set `require_member` to false where ' +
      'the upstream can do without. To try the tool as some member, [execute](tools.md#execute) it ' +
      'with `as_member` and an admin token.',
  },
  insufficient_scope: {
    group: 'call',
    cause: 'The caller lacks a scope of `required_scopes`. API keys hold every scope.',
    fix: 'Use a credential that holds them, or change `required_scopes`.',
  },
  reserved_variable: {
    group: 'call',
    cause:
      'An argument, at any depth, is named `member_id`, `project_id` or `integration_id`. These are ' +
      'filled from the caller. The same is reported for an `input_schema` that declares one.',
    fix: 'Remove it from the arguments and from `input_schema`.',
  },
  invalid_arguments: {
    group: 'call',
    cause: 'The arguments do not fit `input_schema`.',
    fix:
      '`reason` names every failing path. Models usually get it right at the second try; where they ' +
      'do not, the description or the schema is unclear.',
  },
  invalid_argument: {
    group: 'call',
    cause:
      'A value fits the schema but not its place in the template: empty or missing in the path, an ' +
      'object in the query.',
    fix:
      'Narrow the schema so that such a value cannot come (`minLength`, `required`); see ' +
      '[templates.md](templates.md).',
  },
  invalid_header_value: {
    group: 'call',
    cause:
      'A value with line breaks or beyond ASCII would have to be sent in a header. That can be an ' +
      "argument, or the member's id, email or a role.",
    fix:
      'Send an argument in the body or the query, or narrow the schema. For a member use an id in ' +
      'ASCII, or switch the header off in `inject_member_identity`.',
  },
  template_escape: {
    group: 'call',
    cause: 'The finished path would not have had the segments of its template. A last check.',
    fix: 'Please report it with the template and the argument: no value should come this far.',
  },
  request_too_large: {
    group: 'call',
    cause: 'Path and query or headers above 16 KiB, or a body above 4 MiB.',
    fix: 'Bound the arguments in `input_schema` (`maxLength`, `maxItems`).',
  },
  secret_undecryptable: {
    group: 'call',
    cause:
      'The sealed secret of the tool does not open: the database was changed by hand or restored ' +
      'from parts.',
    fix: `Give the tool its secret again: ${show('tool update NAME --secret-stdin')}.`,
  },
  egress_denied: {
    group: 'call',
    cause:
      'The host resolves to an address that tools may not call: loopback, private, link-local, a ' +
      "cloud's metadata service, Gatehouse itself, or a port that speaks no HTTP.",
    fix:
      'If the upstream is meant, start the server with the `--egress-allow` entry that `reason` ' +
      'names; see [egress.md](egress.md).',
  },
  idempotency_key_invalid: {
    group: 'call',
    cause: 'The key is not 1 to 255 visible ASCII characters.',
    fix: 'Send a UUID, or another text without spaces.',
  },
  idempotency_key_off: {
    group: 'call',
    cause:
      'The call names its request by a key, and the tool has `deduplication.mode: "off"`: nothing ' +
      'would keep the request from being sent twice.',
    fix: 'Call without a key, or set the mode to `key` or `identical`; see [retries.md](retries.md).',
  },
  idempotency_key_reuse: {
    group: 'call',
    cause: 'Under the same key another tool, or the same with other arguments, was called before.',
    fix: 'Give every request a key of its own. A key stands for 24 hours.',
  },
  aborted_before_send: {
    group: 'call',
    cause:
      'The credential was revoked, or what a session token [depends on](members.md#what-ends-a-token) ' +
      'ended, or the tool changed, while the call was being prepared.',
    fix: 'Call again with a valid credential.',
  },
  call_cancelled: {
    group: 'call',
    cause:
      'The client closed its connection. A read is given up at once, also after it was sent. A ' +
      'write is stopped only while nothing has been sent; otherwise it is left to finish.',
    fix:
      'If clients give up too early, raise their time-out or let them ask for ' +
      '[progress](calling.md#progress).',
  },
  tool_execution_failed: {
    group: 'call',
    cause: 'A defect of Gatehouse, or a stored definition that was damaged.',
    fix: 'Save the tool anew. If that does not help, report it with the log line of the run.',
  },
} as const satisfies CausesOf
