import { Command } from 'commander'
import { version } from '../version.ts'
import { addAssertionCommands } from './commands/assertion.ts'
import { addAssertionKeyCommands } from './commands/assertion_key.ts'
import { addAuditCommands } from './commands/audit.ts'
import { addBootstrapCommand } from './commands/bootstrap.ts'
import { addCompletionCommand } from './commands/completion.ts'
import { addConfigCommands } from './commands/config.ts'
import { addConnectionCommands } from './commands/connection.ts'
import { addDemoCommand } from './commands/demo.ts'
import { addHealthcheckCommand } from './commands/healthcheck.ts'
import { addIntegrationCommands } from './commands/integration.ts'
import { addMemberCommands } from './commands/member.ts'
import { addOauthClientCommands } from './commands/oauth_client.ts'
import { addOpenapiCommands } from './commands/openapi.ts'
import { addPolicyCommands } from './commands/policy.ts'
import { addProjectCommands } from './commands/project.ts'
import { addRunsCommands } from './commands/runs.ts'
import { addScopeCommands } from './commands/scope.ts'
import { addServeCommand } from './commands/serve.ts'
import { addSetupUrlCommand } from './commands/setup_url.ts'
import { addSignatureCommands } from './commands/signature.ts'
import { addSigningKeyCommands } from './commands/signing_key.ts'
import { addSystemdCommands } from './commands/systemd.ts'
import { addTokenCommands } from './commands/token.ts'
import { addToolCommands } from './commands/tool.ts'
import { addTrustedIssuerCommands } from './commands/trusted_issuer.ts'
import { addUpstreamCommands } from './commands/upstream.ts'
import { addUsageCommand } from './commands/usage.ts'
import { addUserCommands } from './commands/user.ts'
import { addVersionCommand } from './commands/version.ts'
import { bugStack, exitCodeOf, exitCodes, problemOf, problemText } from './failure.ts'
import { jsonText } from './print.ts'
import type { Surroundings } from './surroundings.ts'

/** Adds one command, or one noun with its verbs, to the program. */
type AddCommand = (program: Command, surroundings: Surroundings) => void

/** Every command by its group, in the order help shows them. */
const commands: readonly (readonly [string, readonly AddCommand[]])[] = [
  [
    'Server:',
    [addServeCommand, addDemoCommand, addHealthcheckCommand, addConfigCommands, addSystemdCommands],
  ],
  [
    'Setting up:',
    [
      addBootstrapCommand,
      addProjectCommands,
      addIntegrationCommands,
      addOauthClientCommands,
      addTokenCommands,
      addUserCommands,
      addSetupUrlCommand,
    ],
  ],
  [
    'Tools:',
    [
      addOpenapiCommands,
      addToolCommands,
      addRunsCommands,
      addUpstreamCommands,
      addUsageCommand,
      addSignatureCommands,
    ],
  ],
  [
    'Members:',
    [addMemberCommands, addAssertionKeyCommands, addAssertionCommands, addSigningKeyCommands],
  ],
  [
    'AI clients:',
    [addPolicyCommands, addScopeCommands, addConnectionCommands, addTrustedIssuerCommands],
  ],
  ['Other:', [addAuditCommands, addVersionCommand]],
]

/**
 * Runs one command line.
 * @returns the exit code: 0 done, 1 failed, 2 usage or configuration, 3 no server, 75 and 78 as sysexits
 */
export async function runCommandLine(
  words: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const program = createProgram(surroundings)
  addCompletionCommand(program, () => createProgram(surroundings))
  try {
    await program.parseAsync(words, { from: 'user' })
    return exitCodes.ok
  } catch (error) {
    report(error, words, surroundings)
    return exitCodeOf(error)
  }
}

function createProgram(surroundings: Surroundings): Command {
  const { stdout, stderr, columns } = surroundings
  const program = new Command('gatehouse')
    .description('The execution layer between AI models and your own HTTP APIs.')
    .version(version, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      // Failures are reported in one place, below.
      outputError: () => {},
      getOutHelpWidth: () => Math.min(columns, 100),
      getErrHelpWidth: () => Math.min(columns, 100),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
  for (const [heading, group] of commands) {
    program.commandsGroup(heading)
    for (const add of group) add(program, surroundings)
  }
  return program.commandsGroup('Other:').helpCommand('help [command]', 'show help for a command')
}

function report(error: unknown, words: readonly string[], { stderr }: Surroundings): void {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  // Help and the version were asked for and have been printed.
  if (/^commander\.(help|helpDisplayed|version)$/.test(code)) return
  const problem = problemOf(error)
  const isJson = words.includes('--json')
  stderr.write(
    isJson ? `${jsonText({ error: problem })}\n` : problemText(problem) + bugStack(error),
  )
}
