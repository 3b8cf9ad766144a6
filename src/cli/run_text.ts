import type { JsonObject } from '../lib/json.ts'
import { detailsText } from './print.ts'
import { waterfallText } from './waterfall.ts'

/** A run for people: what is recorded, what that means, and its attempts on one scale of time. */
export function runText({ timeline, ...details }: JsonObject): string {
  const attempts = waterfallText({ ...details, timeline: timeline ?? null })
  return attempts === '' ? detailsText(details) : `${detailsText(details)}\n${attempts}`
}
