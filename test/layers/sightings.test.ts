import { describe, expect, it } from "@effect/vitest"
import type { Moment } from "../../src/layers/moment.ts"
import { Sightings } from "../../src/layers/results/sightings.ts"

const day_ms = 24 * 60 * 60_000
const start: Moment = { wall: 1_000 * day_ms, steady: 5_000 }

/** So much later, with the wall clock set by `jump` in between. */
const later = (elapsed_ms: number, jump = 0): Moment => ({
  wall: start.wall + elapsed_ms + jump,
  steady: start.steady + elapsed_ms
})

describe("the dates of a task's files", () => {
  it("are their own while the clock goes right, known since they were first seen so", () => {
    const sightings = new Sightings()
    const changed_at = start.wall - 70_000
    for (const now of [start, later(60_000, 3), later(120_000, -3)]) {
      expect(sightings.date("t1", "a", "v1", changed_at, now)).toEqual({ changed_at, known_since: start.wall })
    }
  })

  for (const jump of [day_ms, -day_ms]) {
    it(`move with a clock that is set by ${jump} ms, so that no age changes`, () => {
      const sightings = new Sightings()
      sightings.date("t1", "a", "v1", start.wall - 70_000, start)
      const now = later(60_000, jump)
      const { changed_at, known_since } = sightings.date("t1", "a", "v1", start.wall - 70_000, now)
      expect([now.wall - changed_at, now.wall - known_since]).toEqual([130_000, 60_000])
    })
  }

  it("are never in the future", () => {
    expect(new Sightings().date("t1", "a", "v1", start.wall + day_ms, start).changed_at).toBe(start.wall)
  })

  it("begin anew with each version, and with each task", () => {
    const sightings = new Sightings()
    sightings.date("t1", "a", "v1", start.wall, start)
    const changed = later(1_000)
    expect(sightings.date("t1", "a", "v2", changed.wall, changed)).toEqual({
      changed_at: changed.wall,
      known_since: changed.wall
    })
    const other = later(2_000)
    expect(sightings.date("t2", "b", "v1", start.wall, other).known_since).toBe(other.wall)
    expect(sightings.date("t1", "a", "v2", changed.wall, other).known_since).toBe(other.wall)
  })
})
