import fc from 'fast-check'

/**
 * Property tests draw the same cases in every run, so that a failure speaks of the change at hand.
 * `PROPERTY_SEED=random` draws new ones, `PROPERTY_SEED=<number>` those of an earlier run.
 */
const wanted = process.env['PROPERTY_SEED'] ?? '20260728'
if (wanted !== 'random') fc.configureGlobal({ seed: Number(wanted) })
