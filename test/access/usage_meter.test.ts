import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { UsageMeter } from '../../src/access/usage_meter.ts'
import { firstDayOfMonth, utcDayOf } from '../../src/lib/utc_day.ts'

const lastOfFebruary = utcDayOf(Date.parse('2026-02-28T00:00:00Z'))

interface Step {
  readonly daysLater: number
  /** Which call under way ends; null where one begins. */
  readonly ends: number | null
  readonly isOnRecord: boolean
}

const steps = fc.array(
  fc.record({
    daysLater: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 40 })),
    ends: fc.option(fc.nat(5)),
    isOnRecord: fc.boolean(),
  }),
  { maxLength: 60 },
)

test('counts the calls of the day and the month that are on record or under way, over any history', () => {
  fc.assert(
    fc.property(steps, fc.nat(60), (history: readonly Step[], startsAfter) => {
      const meter = new UsageMeter()
      let day = lastOfFebruary
      const counted: number[] = []
      const underWay: number[] = []
      history.forEach(({ daysLater, ends, isOnRecord }, index) => {
        day += daysLater
        if (index === startsAfter) {
          const recorded = counted.filter((each) => each === day).length
          const ofMonth = counted.filter(
            (each) => firstDayOfMonth(each) === firstDayOfMonth(day),
          ).length
          // Those under way that began on an earlier day count for today then.
          underWay.fill(day)
          meter.startFrom({ day, ofDay: recorded, ofMonth })
        }
        if (ends === null || underWay.length === 0) {
          meter.begin(day)
          underWay.push(day)
        } else {
          const [began = 0] = underWay.splice(ends % underWay.length, 1)
          meter.end(began, isOnRecord)
          if (isOnRecord) counted.push(began)
        }
        expect(meter.inFlight).toBe(underWay.length)
        if (!meter.isCounting) return
        const all = [...counted, ...underWay]
        expect(meter.ofDay(day)).toBe(all.filter((each) => each === day).length)
        expect(meter.ofMonth(day)).toBe(
          all.filter((each) => firstDayOfMonth(each) === firstDayOfMonth(day)).length,
        )
      })
    }),
    { numRuns: 200 },
  )
})

test('a clock that is put back gives no calls back', () => {
  const meter = new UsageMeter()
  meter.startFrom({ day: lastOfFebruary, ofDay: 2, ofMonth: 5 })
  meter.begin(lastOfFebruary + 1)
  meter.begin(lastOfFebruary)
  expect([meter.ofDay(lastOfFebruary), meter.ofMonth(lastOfFebruary)]).toEqual([2, 2])
})
