import type { Expectation } from './job.ts'
import { CALL_NUMBER } from './request_bytes.ts'

/** What is wrong with an answer, null for the right one: nobody is fast by failing. */
export function problemOf(
  expect: Expectation,
  callNumber: number,
  [status, response, bodyAt]: readonly [status: number, response: Buffer, bodyAt: number],
): string | null {
  if (status !== expect.status) {
    return `answered ${status}, not ${expect.status}: ${excerpt(response, bodyAt)}`
  }
  for (const word of expect.contains) {
    const wanted = word.includes('#') ? word.replace(CALL_NUMBER, String(callNumber)) : word
    if (response.indexOf(wanted, bodyAt) < 0) {
      return `an answer lacks ${wanted}: ${excerpt(response, bodyAt)}`
    }
  }
  const unwanted = expect.lacks.find((word) => response.indexOf(word, bodyAt) >= 0)
  return unwanted === undefined ? null : `an answer has ${unwanted}: ${excerpt(response, bodyAt)}`
}

const excerpt = (response: Buffer, bodyAt: number) =>
  response.toString('utf8', bodyAt, Math.min(response.length, bodyAt + 600))
