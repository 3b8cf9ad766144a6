import type { Command } from 'commander'
import { builtAt, commit, version } from '../../version.ts'
import { print } from '../print.ts'
import type { Surroundings } from '../surroundings.ts'

/** `gatehouse version`: what this executable is. */
export function addVersionCommand(program: Command, surroundings: Surroundings): void {
  program
    .command('version')
    .description('show the version')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => {
      const answer = { version, commit, built_at: builtAt, bun: Bun.version }
      const text = `gatehouse ${version} (${commit}, bun ${Bun.version})\n`
      print({ answer, text: () => text }, options, surroundings)
    })
}
