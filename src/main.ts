import { processSurroundings } from './cli/process_surroundings.ts'
import { runCommandLine } from './cli/program.ts'

// Whatever is made holds secrets or stands beside them (reliability.md case 241).
process.umask(0o077)
process.exit(await runCommandLine(process.argv.slice(2), processSurroundings()))
