import { firstDayOfMonth } from '../lib/utc_day.ts'

/** Calls that began on one UTC day, and in its month until then. */
export interface CountedCalls {
  readonly day: number
  readonly ofDay: number
  readonly ofMonth: number
}

/** Counts the calls of one project, integration, member or tool. */
export class UsageMeter {
  /** Calls that are under way. */
  inFlight = 0
  private counted: { day: number; ofDay: number; ofMonth: number } | null = null

  /** Whether it knows how many calls there have been. */
  get isCounting(): boolean {
    return this.counted !== null
  }

  /** Starts counting from what is on record; calls under way are on no record yet. */
  startFrom({ day, ofDay, ofMonth }: CountedCalls): void {
    const { inFlight } = this
    this.counted = { day, ofDay: ofDay + inFlight, ofMonth: ofMonth + inFlight }
  }

  /** Calls of the day; 0 before it counts. */
  ofDay(day: number): number {
    return this.at(day)?.ofDay ?? 0
  }

  /** Calls of the day's month; 0 before it counts. */
  ofMonth(day: number): number {
    return this.at(day)?.ofMonth ?? 0
  }

  /** Counts a call that begins. */
  begin(day: number): void {
    this.inFlight++
    const counted = this.at(day)
    if (counted === null) return
    counted.ofDay++
    counted.ofMonth++
  }

  /** A call that began on `day` is over; one of which nothing is on record was no call. */
  end(day: number, isOnRecord: boolean): void {
    this.inFlight--
    const { counted } = this
    if (isOnRecord || counted === null) return
    if (counted.day === day) counted.ofDay = Math.max(0, counted.ofDay - 1)
    if (firstDayOfMonth(counted.day) === firstDayOfMonth(day)) {
      counted.ofMonth = Math.max(0, counted.ofMonth - 1)
    }
  }

  /** A clock that was put back counts on where it was. */
  private at(day: number) {
    const { counted } = this
    if (counted === null || day <= counted.day) return counted
    if (firstDayOfMonth(day) !== firstDayOfMonth(counted.day)) counted.ofMonth = 0
    counted.ofDay = 0
    counted.day = day
    return counted
  }
}
