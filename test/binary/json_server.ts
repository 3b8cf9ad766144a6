import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryDir } from '../helpers/temporary_dir.ts'
import { freePort } from './free_port.ts'

/** The json-server package, serving posts, comments and users from a file. */
export interface JsonServer {
  /** `http://127.0.0.1:port`. */
  readonly url: string
  /** What it serves at a path, read without Gatehouse. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into records of every shape
  read(path: string): Promise<any>
  stop(): Promise<void>
}

const command = fileURLToPath(import.meta.resolve('json-server/lib/cli/bin.js'))

const numbered = <T>(count: number, make: (id: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index + 1))

const records = {
  users: numbered(3, (id) => ({ id, name: `User ${id}`, email: `user${id}@example.com` })),
  posts: numbered(10, (id) => ({
    id,
    userId: (id % 3) + 1,
    title: `Post ${id}`,
    body: `Text ${id}`,
  })),
  comments: numbered(30, (id) => ({ id, postId: Math.ceil(id / 3), body: `Comment ${id}` })),
}

/** Starts it as a process of its own. */
export async function startJsonServer(): Promise<JsonServer> {
  const dir = temporaryDir()
  const file = join(dir, 'db.json')
  writeFileSync(file, JSON.stringify(records))
  const port = await freePort()
  const words = ['--host', '127.0.0.1', '--port', String(port), '--quiet', file]
  const server = Bun.spawn([process.execPath, command, ...words], {
    cwd: dir,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'inherit',
  })
  const url = `http://127.0.0.1:${port}`
  const read = async (path: string) => (await fetch(url + path)).json()
  for (let attempt = 0; ; attempt++) {
    const isUp = await read('/posts/1').then(
      () => true,
      () => false,
    )
    if (isUp) break
    if (attempt === 400 || server.exitCode !== null) throw new Error('json-server did not start.')
    await Bun.sleep(25)
  }
  return {
    url,
    read,
    stop: async () => {
      server.kill()
      await server.exited
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
