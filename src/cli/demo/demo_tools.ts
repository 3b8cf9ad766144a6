const integer = (description: string) => ({ type: 'integer', minimum: 1, description })

/** The secret the sample API shares with its tools. */
export const demoSecret = 'demo-shared-secret'

/** The tools of the demo, as `POST /api/v1/custom-tools` takes them. */
export function demoTools(projectId: number, origin: string): object[] {
  const shared = { project_id: projectId, base_url: origin }
  return [
    {
      ...shared,
      name: 'posts-get',
      description: 'Fetches one post by its id.',
      http_method: 'GET',
      endpoint_path: '/posts/{id}',
      input_schema: {
        type: 'object',
        properties: { id: integer('The id of the post.') },
        required: ['id'],
      },
    },
    {
      ...shared,
      name: 'posts-list',
      description: 'Lists posts, of one user where user_id is given.',
      http_method: 'GET',
      endpoint_path: '/posts',
      query_template: { user_id: '{user_id}' },
      input_schema: {
        type: 'object',
        properties: { user_id: integer('Only posts of this user.') },
      },
    },
    {
      ...shared,
      name: 'users-get',
      description: 'Fetches one user by id.',
      http_method: 'GET',
      endpoint_path: '/users/{id}',
      require_member: true,
      inject_member_identity: { id: true, email: true, roles: true },
      input_schema: {
        type: 'object',
        properties: { id: integer('The id of the user.') },
        required: ['id'],
      },
    },
    {
      ...shared,
      name: 'orders-create',
      description: 'Places an order. This writes: ask the user before you call it.',
      http_method: 'POST',
      endpoint_path: '/orders',
      body_template: { item: '{item}', quantity: '{quantity}' },
      auth_strategy: 'hmac_signature',
      encrypted_auth_secret: demoSecret,
      input_schema: {
        type: 'object',
        properties: {
          item: { type: 'string', description: 'What is ordered.' },
          quantity: { type: 'integer', minimum: 1, maximum: 100 },
        },
        required: ['item', 'quantity'],
      },
    },
  ]
}
