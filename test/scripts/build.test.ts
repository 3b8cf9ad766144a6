import { describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { version } from '../../src/version.ts'
import { builtBinary } from '../helpers/built_binary.ts'

describe('the built executable', () => {
  test('runs in an empty directory with an empty environment', async () => {
    const executable = await builtBinary()
    const cwd = await mkdtemp(join(tmpdir(), 'gatehouse-binary-'))
    const run = Bun.spawn([executable, 'version', '--json'], { cwd, env: {}, stderr: 'pipe' })
    const [stdout, stderr] = await Promise.all([run.stdout.text(), run.stderr.text()])
    expect(stderr).toBe('')
    const answer = JSON.parse(stdout)
    expect(answer).toMatchObject({ version, bun: Bun.version })
    expect(answer.commit).toMatch(/^([0-9a-f]{40}(-dirty)?|unknown)$/)
    expect(answer.built_at).toMatch(/^\d{4}-\d\d-\d\dT/)
    await rm(cwd, { recursive: true })
  }, 60_000)

  test('reads neither .env nor bunfig.toml where it is started', async () => {
    const executable = await builtBinary()
    const cwd = await mkdtemp(join(tmpdir(), 'gatehouse-binary-'))
    await Bun.write(join(cwd, '.env'), 'GATEHOUSE_NO_SUCH_SETTING=1\n')
    await Bun.write(join(cwd, 'bunfig.toml'), 'preload = ["./absent.ts"]\n')
    const run = Bun.spawn([executable, 'config', 'validate'], { cwd, env: {}, stderr: 'pipe' })
    const [code, complaint] = [await run.exited, await run.stderr.text()]
    expect({ code, complaint }).toEqual({ code: 0, complaint: '' })
    await rm(cwd, { recursive: true })
  }, 60_000)
})
