import { expect, test } from 'bun:test'
import manifest from '../package.json'
import { builtAt, commit, name, version } from '../src/version.ts'

test('run from source the version is that of package.json and the commit is "dev"', () => {
  expect([name, version, commit, builtAt]).toEqual(['gatehouse', manifest.version, 'dev', null])
})

test('the tests run on the Bun that package.json pins', () => {
  expect(Bun.version).toBe(manifest.engines.bun)
})

test('the container image is built with that same Bun', async () => {
  const dockerfile = await Bun.file(new URL('../Dockerfile', import.meta.url)).text()
  expect(dockerfile).toContain(`FROM oven/bun:${manifest.engines.bun} AS build`)
})
