import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The folder with everything that readers may copy. */
export const examples = join(import.meta.dir, '../../docs/examples')

/** The path of a program, or an error that says what to install. */
export function program(name: string, debianPackage: string): string {
  const path = Bun.which(name)
  if (path === null) throw new Error(`${name} is not on the PATH: install ${debianPackage}`)
  return path
}

/** Runs a command to its end; its standard output without the line end, or an error. */
export async function output(command: string[], input = '', cwd = '.'): Promise<string> {
  const stdin = new Blob([input])
  const child = Bun.spawn(command, { stdin, cwd, stdout: 'pipe', stderr: 'pipe' })
  const [text, complaint] = await Promise.all([child.stdout.text(), child.stderr.text()])
  if ((await child.exited) !== 0) throw new Error(`${command.join(' ')} failed: ${complaint}`)
  return text.trimEnd()
}

/** Builds the Go receivers, copied as a reader would copy them, into a program of ours. */
export async function buildGoReceivers(workplace: string): Promise<string> {
  const copies = join(workplace, 'gatehouse')
  mkdirSync(copies, { recursive: true })
  for (const file of ['verify.go', 'receiver.go']) {
    cpSync(join(examples, 'receivers', file), join(copies, file))
  }
  cpSync(join(import.meta.dir, 'example_go_main.go'), join(workplace, 'main.go'))
  writeFileSync(join(workplace, 'go.mod'), 'module example\n\ngo 1.19\n')
  const binary = join(workplace, 'receivers')
  await output([program('go', 'golang-go'), 'build', '-o', binary, '.'], '', workplace)
  return binary
}
