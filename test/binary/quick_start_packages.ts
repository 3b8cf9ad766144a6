import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Debian's own: the python3 that comes first on the PATH may be one without its packages. */
export const python = '/usr/bin/python3'

const modules = {
  jwt: 'python3-jwt',
  cryptography: 'python3-cryptography',
  requests: 'python3-requests',
}

/**
 * Finds the library that gives a process another clock, and sees that Python has what the
 * quick-start client imports.
 * @throws Error naming the Debian packages that are missing
 */
export function findFakeTime(): string {
  const library = readdirSync('/usr/lib')
    .map((name) => join('/usr/lib', name, 'faketime/libfaketimeMT.so.1'))
    .find((path) => existsSync(path))
  const missing = existsSync(python) ? missingModules() : ['python3', ...Object.values(modules)]
  if (library !== undefined && missing.length === 0) return library
  const packages = [...missing, ...(library === undefined ? ['faketime'] : [])]
  throw new Error(`Debian packages are missing; .ci/run installs them: ${packages.join(' ')}`)
}

function missingModules(): string[] {
  const script = 'import importlib.util, sys; print(importlib.util.find_spec(sys.argv[1]) is None)'
  return Object.entries(modules).flatMap(([name, debianPackage]) => {
    const { stdout } = Bun.spawnSync([python, '-I', '-c', script, name])
    return String(stdout).trim() === 'False' ? [] : [debianPackage]
  })
}
