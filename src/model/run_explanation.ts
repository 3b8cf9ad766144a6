import type { Run } from './run.ts'

/**
 * What happened to a call and what to do about it, in words for somebody who sees a run for the first
 * time. It says of repeats and unknown outcomes what the fields say in numbers.
 */
export function explainRun(run: Run): string {
  return [outcome(run), ...late(run), ...repeats(run), remedy(run)]
    .filter((part) => part !== '')
    .join(' ')
}

function outcome(run: Run): string {
  switch (run.state) {
    case 'sending':
      return 'The request is under way: it is on record, and no answer has been written down yet.'
    case 'unknown':
      return `The request was sent, or began to be, and ${missing(run)}: it may have taken effect.`
    case 'failed_not_sent':
      return notDone(run)
    case 'done':
      return done(run)
  }
}

function missing({ errorReason }: Run): string {
  const reason = errorReason ?? ''
  if (reason.includes('timed out')) return 'no answer came within the timeout of the tool'
  if (reason.includes('stopped while')) return 'Gatehouse stopped before an answer was written down'
  return 'no complete answer came back'
}

function notDone({ settledBy, errorReason }: Run): string {
  if (settledBy === 'verify')
    return 'The request was sent, and the API showed afterwards that it had no effect.'
  if (settledBy === 'operator') {
    return 'The request was sent, and an administrator found out that it had no effect.'
  }
  return `Nothing was sent${errorReason === null ? '' : `: ${sentence(errorReason)}`}`.replace(
    /([^.])$/,
    '$1.',
  )
}

function done(run: Run): string {
  const { settledBy, errorCode, upstreamStatus, httpMethod } = run
  if (settledBy === 'verify') {
    return 'The request was sent, its answer was lost, and the API showed afterwards that it took effect.'
  }
  if (settledBy === 'operator') {
    return 'The request was sent, its answer was lost, and an administrator found out that it took effect.'
  }
  if (errorCode === null) return `The API answered with HTTP status ${upstreamStatus}.`
  if (upstreamStatus === null) {
    const reason = errorCode === 'upstream_timeout' ? 'no answer came in time' : 'no answer came'
    return `The request was sent and ${reason}; a ${httpMethod} changes nothing.`
  }
  return `The API answered with HTTP status ${upstreamStatus}, and the call failed (${errorCode}).`
}

/** An answer nobody waited for any more is evidence all the same (reliability.md case 200). */
function late({ lateStatus: status, lateAfterMs: afterMs }: Run): string[] {
  if (status === null || afterMs === null) return []
  const seconds = Math.round(afterMs / 100) / 10
  const told = `Nobody waited any more when the API answered ${status}, ${seconds} s after the request.`
  if (status >= 500) return [told]
  return [told, `It most likely ${status < 300 ? 'took' : 'did not take'} effect.`]
}

const sentence = (text: string) => text.slice(0, 300)

function repeats({ joined, replays, keyHint }: Run): string[] {
  const told: string[] = []
  if (joined > 0)
    told.push(`${calls(joined, 'identical call')} waited for it and got the same answer.`)
  if (replays > 0) {
    const by = keyHint === null ? 'identical' : 'same-key'
    told.push(
      `${calls(replays, `later ${by} call`)} ${replays === 1 ? 'was' : 'were'} answered from it, and nothing was sent again.`,
    )
  }
  return told
}

const calls = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`

function remedy({ state, id, errorCode, httpMethod }: Run): string {
  if (state === 'unknown') {
    return `It is not sent again by itself, and for a day an equal call is not sent either. Look in the API whether it took effect; then: gatehouse runs resolve ${id} --outcome done (or not_done). Where the tool has a verify rule: gatehouse runs verify ${id}. To send it once more all the same, call with a new idempotency key.`
  }
  if (state === 'failed_not_sent' && errorCode !== 'outcome_unknown') {
    return 'It may be called again without harm.'
  }
  if (errorCode === 'upstream_timeout' && httpMethod === 'GET') {
    return 'Call again, or give the tool a longer timeout_ms.'
  }
  return ''
}
