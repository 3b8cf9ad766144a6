import { describe, expect, test } from 'bun:test'
import { type Routes, runCli } from './fake_surroundings.ts'

const page = (...items: unknown[]) => [200, { items, next_cursor: null }] as const
const posts = {
  id: 9,
  project_id: 1,
  version: 2,
  name: 'posts-get',
  description: 'Reads one post.',
  is_enabled: true,
  base_url: 'http://127.0.0.1:3000',
  http_method: 'GET',
  endpoint_path: '/posts/{id}',
  input_schema: { type: 'object', properties: { id: { type: 'integer' } } },
  required_scopes: [],
}
const base: Routes = {
  'GET /api/v1/projects': page({ id: 1, slug: 'shop', name: 'Shop' }),
  'GET /api/v1/custom-tools': page(posts),
  'GET /api/v1/custom-tools/9': [200, posts],
  'PATCH /api/v1/custom-tools/9': [200, posts],
  'DELETE /api/v1/custom-tools/9': [204],
  'POST /api/v1/custom-tools': [201, posts],
}
const written = ({ requests }: { requests: readonly { method: string }[] }) =>
  requests.filter(({ method }) => method !== 'GET')

describe('tool add', () => {
  test('turns flags into the fields of the API', async () => {
    const outcome = await runCli(
      [
        ...['tool', 'add', '--project', 'shop', '--name', 'posts-get', '--method', 'get'],
        ...['--url', 'http://127.0.0.1:3000/posts/{id}?expand={expand}&fixed=a%20b&empty='],
        ...['--param', 'id:integer:required', '--param', 'expand:string[]:What: comments, author'],
        ...['--param', 'note:string:optional:required by nobody'],
        ...['--header', 'X-Shop: {note}', '--header', 'Accept:application/json'],
        ...['--description', 'Reads one post.', '--scope', 'POSTS_READ', '--timeout-ms', '5000'],
        ...['--require-member', '--disabled'],
      ],
      base,
    )
    expect([outcome.code, outcome.stdout]).toEqual([0, 'Added posts-get (id 9).\n'])
    expect(written(outcome)).toMatchObject([
      {
        method: 'POST',
        path: '/api/v1/custom-tools',
        headers: { 'content-type': 'application/json' },
        body: {
          project_id: 1,
          name: 'posts-get',
          description: 'Reads one post.',
          http_method: 'GET',
          base_url: 'http://127.0.0.1:3000',
          endpoint_path: '/posts/{id}',
          query_template: { expand: '{expand}', fixed: 'a b', empty: '' },
          headers_template: { 'X-Shop': '{note}', Accept: 'application/json' },
          input_schema: {
            type: 'object',
            properties: {
              id: { type: 'integer' },
              expand: {
                type: 'array',
                items: { type: 'string' },
                description: 'What: comments, author',
              },
              note: { type: 'string', description: 'required by nobody' },
            },
            required: ['id'],
            additionalProperties: false,
          },
          required_scopes: ['POSTS_READ'],
          timeout_ms: 5000,
          require_member: true,
          is_enabled: false,
        },
      },
    ])
  })

  test('what stands in the path is required, and a bare origin means /', async () => {
    const outcome = await runCli(
      [
        'tool',
        'add',
        '--name',
        'a',
        '--url',
        'https://a.test/x/{id}/{member_id}',
        '--param',
        'id:string',
      ],
      base,
    )
    expect(written(outcome)).toMatchObject([{ body: { input_schema: { required: ['id'] } } }])
    const root = await runCli(['tool', 'add', '--name', 'a', '--url', 'https://a.test'], base)
    expect(written(root)).toMatchObject([
      { body: { base_url: 'https://a.test', endpoint_path: '/', http_method: 'GET' } },
    ])
  })

  test('a definition comes from a file or standard input; flags win over it', async () => {
    const file = JSON.stringify({
      name: 'from-file',
      http_method: 'POST',
      base_url: 'https://a.test',
      endpoint_path: '/{id}',
    })
    const fromFile = await runCli(['tool', 'add', '--file', 'tool.json', '--name', 'flag'], base, {
      files: { '/srv/tool.json': file },
    })
    expect(written(fromFile)).toMatchObject([{ body: { name: 'flag', http_method: 'POST' } }])
    const fromStdin = await runCli(['tool', 'add', '--file', '-'], base, { stdin: file })
    expect(written(fromStdin)).toMatchObject([
      { body: { name: 'from-file', endpoint_path: '/{id}' } },
    ])
  })

  test('a secret comes from a file or standard input, without the newline at its end', async () => {
    const words = [
      'tool',
      'add',
      '--name',
      'a',
      '--url',
      'https://a.test',
      '--auth',
      'static_bearer',
    ]
    const byFile = await runCli([...words, '--secret-file', 's'], base, {
      files: { '/srv/s': 'sec ret\n' },
    })
    const byStdin = await runCli([...words, '--secret-stdin'], base, { stdin: 'sec ret\r\n' })
    for (const outcome of [byFile, byStdin]) {
      expect(written(outcome)).toMatchObject([
        { body: { auth_strategy: 'static_bearer', encrypted_auth_secret: 'sec ret' } },
      ])
      expect(outcome.stdout + outcome.stderr).not.toContain('sec ret')
    }
  })

  const refused: readonly (readonly [string, readonly string[], string])[] = [
    ['nothing said', [], 'What tool?'],
    ['no URL', ['--name', 'a'], 'What tool?'],
    ['a URL that is none', ['--name', 'a', '--url', 'a.test/x'], 'is not an upstream URL'],
    ['a fragment', ['--name', 'a', '--url', 'https://a.test/x#y'], 'is not an upstream URL'],
    [
      'an undeclared path variable',
      ['--name', 'a', '--url', 'https://a.test/{id}'],
      'Add --param id:string:required',
    ],
    [
      'an undeclared query variable',
      ['--name', 'a', '--url', 'https://a.test/?q={q.x}'],
      'Add --param q:string:required',
    ],
    ['an open brace', ['--name', 'a', '--url', 'https://a.test/{id'], 'is not closed'],
    [
      'an unknown type',
      ['--name', 'a', '--url', 'https://a.test', '--param', 'x:date'],
      '--param "x:date" cannot be read',
    ],
    [
      'a parameter without a type',
      ['--name', 'a', '--url', 'https://a.test', '--param', 'x'],
      'cannot be read',
    ],
    [
      'a parameter twice',
      ['--name', 'a', '--url', 'https://a.test', '--param', 'x:string', '--param', 'x:number'],
      '--param x is given twice',
    ],
    [
      'a header that is none',
      ['--name', 'a', '--url', 'https://a.test', '--header', 'nope'],
      'is not a header',
    ],
    [
      'a body that is not JSON',
      ['--name', 'a', '--url', 'https://a.test', '--body', '{'],
      '--body is not valid JSON',
    ],
    [
      'an unknown method',
      ['--name', 'a', '--url', 'https://a.test', '--method', 'FETCH'],
      "option '--method <method>' argument 'FETCH' is invalid",
    ],
    [
      'an unknown strategy',
      ['--name', 'a', '--url', 'https://a.test', '--auth', 'magic'],
      "argument 'magic' is invalid",
    ],
    ['a file that is missing', ['--file', 'none.json'], 'none.json, which does not exist'],
    [
      'two secrets',
      ['--name', 'a', '--url', 'https://a.test', '--secret-file', 's', '--secret-stdin'],
      'Keep one.',
    ],
    [
      'an empty secret',
      ['--name', 'a', '--url', 'https://a.test', '--secret-stdin'],
      'The secret is empty',
    ],
    [
      'a timeout that is none',
      ['--name', 'a', '--url', 'https://a.test', '--timeout-ms', '5s'],
      'not a whole number',
    ],
  ]
  for (const [what, flags, message] of refused) {
    test(`${what} is refused with exit code 2, and nothing is registered`, async () => {
      const outcome = await runCli(['tool', 'add', ...flags], base)
      expect(outcome.stderr).toContain(message)
      expect([outcome.code, written(outcome)]).toEqual([2, []])
    })
  }
})

describe('other verbs', () => {
  test('list and show read well', async () => {
    const off = {
      ...posts,
      id: 10,
      name: 'posts-create-with-a-rather-long-name',
      http_method: 'POST',
      is_enabled: false,
      base_url: 'https://api.example.com',
    }
    const routes = { ...base, 'GET /api/v1/custom-tools': page(posts, off) }
    expect((await runCli(['tool', 'list'], routes)).stdout).toMatchSnapshot()
    expect((await runCli(['tool', 'show', 'POSTS-GET'], routes)).stdout).toMatchSnapshot()
  })

  test('enable, disable, update, rollback and delete send what they say', async () => {
    const routes: Routes = {
      ...base,
      'POST /api/v1/custom-tools/9/rollback': [200, { ...posts, version: 3 }],
    }
    for (const [words, sent, said] of [
      [
        ['enable', 'posts-get'],
        { method: 'PATCH', body: { is_enabled: true } },
        'posts-get is on.\n',
      ],
      [['disable', '9'], { method: 'PATCH', body: { is_enabled: false } }, 'posts-get is off.\n'],
      [['pin', '9'], { method: 'PATCH', body: { is_pinned: true } }, 'posts-get is pinned.\n'],
      [
        ['update', 'posts-get', '--description', 'New'],
        { method: 'PATCH', body: { description: 'New' } },
        'posts-get is at version 2.\n',
      ],
      [
        ['rollback', 'posts-get', '1'],
        { method: 'POST', body: { version: 1 } },
        'posts-get is at version 3.\n',
      ],
      [['delete', 'posts-get'], { method: 'DELETE' }, 'Deleted posts-get.\n'],
    ] as const) {
      const outcome = await runCli(['tool', ...words], routes)
      expect([outcome.code, outcome.stdout]).toEqual([0, said])
      expect(written(outcome)).toMatchObject([sent])
    }
  })

  test('an update that changes nothing is refused, and nothing is sent', async () => {
    const outcome = await runCli(['tool', 'update', 'posts-get'], base)
    expect([outcome.code, outcome.stderr]).toEqual([
      2,
      'error: Nothing to change\n  Give a flag or --file.\n',
    ])
    expect(outcome.requests).toEqual([])
  })

  test('--server names the server where --url names the upstream', async () => {
    const seen: string[] = []
    const fetch = async (url: string) => {
      seen.push(url)
      return Response.json({ items: [{ id: 1, slug: 'shop' }], next_cursor: null }, { status: 200 })
    }
    const words = [
      'tool',
      'add',
      '--name',
      'a',
      '--url',
      'https://upstream.test/x',
      '--server',
      'https://other.test',
    ]
    await runCli(words, {}, { fetch })
    expect(seen).toEqual([
      'https://other.test/api/v1/projects?limit=200',
      'https://other.test/api/v1/custom-tools',
    ])
  })
})

describe('tool call', () => {
  const executed = {
    run_id: '0198f0aa-7c1e-7000-8000-123456789abc',
    upstream_status: 200,
    duration_ms: 12.5,
    content: [{ type: 'text', text: '{"id":7}' }],
  }
  const answering = (body: unknown, status = 200): Routes => ({
    ...base,
    'POST /api/v1/custom-tools/9/execute': [status, body],
  })

  test('prints what came back on standard output, and how it went on standard error', async () => {
    const routes = answering({ ...executed, structured_content: { id: 7 } })
    const outcome = await runCli(['tool', 'call', 'posts-get', '--args', '{"id":7}'], routes)
    expect(written(outcome)).toMatchObject([{ body: { arguments: { id: 7 } } }])
    expect(outcome.stdout).toBe('{\n  "id": 7\n}\n')
    expect(outcome.stderr).toBe('HTTP 200 in 12.5 ms, run 0198f0aa-7c1e-7000-8000-123456789abc\n')
  })

  test('shows text as it is and names what is not text', async () => {
    const content = [
      { type: 'text', text: 'one\ntwo\u001b[31m' },
      { type: 'image', mimeType: 'image/png', data: 'AAAA' },
    ]
    const { stdout } = await runCli(
      ['tool', 'call', 'posts-get'],
      answering({ ...executed, content }),
    )
    expect(stdout).toBe('one\ntwo\\u001b[31m\n(image image/png, 4 characters of base64)\n')
  })

  test('takes arguments from a file or standard input, and keeps every digit of a number', async () => {
    const text = '{"id":12345678901234567890}'
    const routes = answering(executed)
    const byFile = await runCli(['tool', 'call', 'posts-get', '--args', '@a.json'], routes, {
      files: { '/srv/a.json': text },
    })
    const byStdin = await runCli(['tool', 'call', 'posts-get', '--args', '-'], routes, {
      stdin: text,
    })
    for (const outcome of [byFile, byStdin]) {
      expect(JSON.stringify(outcome.requests.at(-1)?.body)).toBe(`{"arguments":${text}}`)
    }
  })

  test('--dry-run shows the request that would be sent', async () => {
    const preview = {
      method: 'POST',
      url: 'https://a.test/x',
      headers: [
        ['Authorization', 'Bearer ***'],
        ['Content-Type', 'application/json'],
      ],
      body: '{"id":7}',
      canonical_line: null,
      curl: 'curl',
      egress_refusal: null,
    }
    const words = ['tool', 'call', 'posts-get', '--dry-run']
    const outcome = await runCli(words, answering(preview))
    expect(written(outcome)).toMatchObject([{ body: { arguments: {}, dry_run: true } }])
    expect(outcome.stdout).toMatchSnapshot()
    const refused = await runCli(
      words,
      answering({ ...preview, body: null, egress_refusal: 'private address' }),
    )
    expect(refused.stdout).toEndWith('\n\nWould be refused: private address\n')
  })

  test('--json is the answer of the API and nothing else', async () => {
    const outcome = await runCli(['tool', 'call', 'posts-get', '--json'], answering(executed))
    expect(JSON.parse(outcome.stdout)).toEqual(executed)
    expect(outcome.stderr).toBe('')
  })

  test('arguments that are not a JSON object are refused before anything is sent', async () => {
    for (const args of ['[1]', '{"a":1,"a":2}', '{', '@none.json']) {
      const outcome = await runCli(
        ['tool', 'call', 'posts-get', '--args', args],
        answering(executed),
      )
      expect([outcome.code, outcome.requests]).toEqual([2, []])
    }
  })

  test('a failed call ends with 1 and names the run', async () => {
    const problem = {
      status: 502,
      detail: 'Upstream tool call failed — non-2xx response',
      code: 'upstream_status',
      reason: 'HTTP 500: oops',
      request_id: executed.run_id,
    }
    const outcome = await runCli(['tool', 'call', 'posts-get'], answering(problem, 502))
    expect([outcome.code, outcome.stdout]).toEqual([1, ''])
    expect(outcome.stderr).toContain(
      'error: Upstream tool call failed — non-2xx response\n  HTTP 500: oops\n',
    )
    expect(outcome.stderr).toContain(executed.run_id)
  })
})
