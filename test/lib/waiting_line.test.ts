import { describe, expect, test } from 'bun:test'
import { WaitingLine } from '../../src/lib/waiting_line.ts'

describe('case 255: a waiting line', () => {
  test('lets so many in at once, the others in order, and turns away who is too many', async () => {
    const line = new WaitingLine(2, 3)
    const begun: number[] = []
    const doors = Array.from({ length: 5 }, () => Promise.withResolvers<number>())
    const results = doors.map(({ promise }, n) =>
      line.run(() => {
        begun.push(n)
        return promise
      }),
    )
    expect(begun).toEqual([0, 1])
    await expect(line.run(async () => begun.push(9))).rejects.toMatchObject({ code: 'overloaded' })
    doors[1]?.resolve(1)
    await results[1]
    await Bun.sleep(0)
    expect(begun).toEqual([0, 1, 2])
    doors[0]?.reject(new Error('broken'))
    await expect(results[0]).rejects.toThrow('broken')
    await Bun.sleep(0)
    expect(begun).toEqual([0, 1, 2, 3])
    for (const n of [2, 3, 4]) doors[n]?.resolve(n)
    expect(await Promise.all(results.slice(2))).toEqual([2, 3, 4])
    expect(begun).toEqual([0, 1, 2, 3, 4])
    // All places are free again.
    expect(await Promise.all([1, 2].map((n) => line.run(async () => n)))).toEqual([1, 2])
  })
})
