import { name as packageName, version as packageVersion } from '../package.json'

// scripts/build.ts replaces these two; run from source they do not exist.
declare const GATEHOUSE_COMMIT: string | undefined
declare const GATEHOUSE_BUILT_AT: string | undefined

/** The product's name as programs write it, e.g. in `User-Agent` and `serverInfo`. */
export const name: string = packageName

/** The released version, `MAJOR.MINOR.PATCH`, from package.json. */
export const version: string = packageVersion

/** The commit the executable was built from, `-dirty` when files differed; `dev` from source. */
export const commit: string = typeof GATEHOUSE_COMMIT === 'string' ? GATEHOUSE_COMMIT : 'dev'

/** When the executable's sources were committed (RFC 3339, UTC), or null from source. */
export const builtAt: string | null =
  typeof GATEHOUSE_BUILT_AT === 'string' ? GATEHOUSE_BUILT_AT : null
