import { Argument, type Command } from 'commander'

const shells = ['bash', 'zsh', 'fish', 'powershell'] as const

/** `gatehouse completion SHELL`: a script that completes commands and flags. */
export function addCompletionCommand(program: Command, freshProgram: () => Command): void {
  program
    .command('completion')
    .description('print a completion script: source <(gatehouse completion bash)')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .action(async (shell: string) => {
      const completion = await completionOf(freshProgram())
      completion.setup(program.name(), program.name(), shell)
    })
  // What the script calls back with: `gatehouse complete -- tool li`.
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .action(async (words: string[]) => {
      const completion = await completionOf(freshProgram())
      completion.parse(words)
    })
}

async function completionOf(program: Command) {
  const { default: tab } = await import('@bomb.sh/tab/commander')
  return tab(program, { completionCommandName: 'completion' })
}
