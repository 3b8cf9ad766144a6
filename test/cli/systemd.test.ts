import { describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unitText } from '../../src/cli/commands/systemd.ts'
import { runWith } from './fake_surroundings.ts'

const analyze = Bun.which('systemd-analyze')

/** What systemd itself says of the unit. */
function analyzeUnit(words: readonly string[]): { code: number; output: string } {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-unit-'))
  const path = join(directory, 'gatehouse.service')
  writeFileSync(path, unitText('/bin/true'))
  try {
    const { exitCode, stdout, stderr } = Bun.spawnSync([analyze ?? '', ...words, path])
    return { code: exitCode, output: `${stdout}${stderr}` }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

describe('systemd unit', () => {
  test('is printed with the executable that is named', async () => {
    const { code, stdout } = await runWith(['systemd', 'unit', '--exec', '/opt/gh'])
    expect([code, stdout]).toEqual([0, unitText('/opt/gh')])
    expect(stdout).toContain('\nExecStart=/opt/gh serve --data-dir %S/gatehouse\n')
  })

  test('owns nothing but its state, and can gain nothing', () => {
    const lines = new Set(unitText('/usr/local/bin/gatehouse').split('\n'))
    const wanted = [
      'Type=exec',
      'DynamicUser=yes',
      'StateDirectory=gatehouse',
      'StateDirectoryMode=0700',
      'LoadCredential=gatehouse.master_key',
      'ProtectSystem=strict',
      'ProtectHome=yes',
      'PrivateTmp=yes',
      'NoNewPrivileges=yes',
      'CapabilityBoundingSet=',
      'SystemCallFilter=@system-service',
      'UMask=0077',
      'LimitCORE=0',
    ]
    expect(wanted.filter((line) => !lines.has(line))).toEqual([])
  })

  test('every directive is written once, system call filters apart', () => {
    const names: string[] = unitText('/x').match(/^[A-Za-z]+(?==)/gm) ?? []
    const twice = names.filter((name, index) => names.indexOf(name) !== index)
    expect([...new Set(twice)]).toEqual(['SystemCallFilter'])
    expect(names.length).toBeGreaterThan(40)
  })

  // Where systemd is at hand it judges the unit itself.
  if (analyze !== null) {
    test('systemd accepts it without a warning', () => {
      const words = ['verify', '--man=no', '--recursive-errors=no']
      expect(analyzeUnit(words)).toEqual({ code: 0, output: '' })
    })

    test('systemd calls its exposure OK', () => {
      const { output } = analyzeUnit(['security', '--offline=true', '--no-pager'])
      const [, level] =
        /Overall exposure level for gatehouse\.service: ([0-9.]+)/.exec(output) ?? []
      expect(Number(level)).toBeLessThanOrEqual(2)
    })
  }
})
