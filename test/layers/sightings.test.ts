import { describe, expect, it } from "@effect/vitest"
import { Sightings } from "../../src/agent/results/fileTimes.ts"
import type { Moment } from "../../src/storage/moment.ts"

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
      expect(sightings.see("t1", "a", { version: "v1", modified_at: changed_at }, now)).toEqual({
        changed_at,
        known_since: start.wall
      })
    }
  })

  for (const jump of [day_ms, -day_ms]) {
    it(`move with a clock that is set by ${jump} ms, so that no age changes`, () => {
      const sightings = new Sightings()
      sightings.see("t1", "a", { version: "v1", modified_at: start.wall - 70_000 }, start)
      const now = later(60_000, jump)
      expect(sightings.see("t1", "a", { version: "v1", modified_at: start.wall - 70_000 }, now)).toEqual({
        changed_at: now.wall - 130_000,
        known_since: now.wall - 60_000
      })
    })
  }

  it("are never in the future", () => {
    expect(new Sightings().see("t1", "a", { version: "v1", modified_at: start.wall + day_ms }, start)?.changed_at).toBe(
      start.wall
    )
  })

  it("begin anew with each version, and with each task", () => {
    const sightings = new Sightings()
    sightings.see("t1", "a", { version: "v1", modified_at: start.wall }, start)
    const changed = later(1_000)
    expect(sightings.see("t1", "a", { version: "v2", modified_at: changed.wall }, changed)).toEqual({
      changed_at: changed.wall,
      known_since: changed.wall
    })
    const other = later(2_000)
    expect(sightings.see("t2", "b", { version: "v1", modified_at: start.wall }, other)?.known_since).toBe(other.wall)
    expect(sightings.see("t1", "a", { version: "v2", modified_at: changed.wall }, other)?.known_since).toBe(other.wall)
  })

  it("of a task and of a batch beside it are kept side by side", () => {
    const sightings = new Sightings()
    for (const now of [start, later(5_000), later(10_000)]) {
      for (const id of ["task-1", "batch-1"]) {
        const dated = sightings.see(id, "a", { version: "v1", modified_at: start.wall }, now)
        expect(dated?.known_since).toBe(start.wall)
      }
    }
  })

  for (const [what, drift] of [["behind", -2 * day_ms], ["ahead", 2 * day_ms]] as const) {
    const told = (elapsed_ms: number) => later(elapsed_ms).wall + drift

    it(`are of our own clock where that of the disk is ${what}, for what was seen to appear or to change`, () => {
      const sightings = new Sightings()
      sightings.see("t1", "a", null, start)
      const appeared = later(10_000)
      const dated = { changed_at: appeared.wall, known_since: appeared.wall }
      expect(sightings.see("t1", "a", { version: "v1", modified_at: told(9_000) }, appeared)).toEqual(dated)
      expect(sightings.see("t1", "a", { version: "v1", modified_at: told(9_000) }, later(70_000))).toEqual(dated)
      const changed = later(80_000)
      expect(sightings.see("t1", "a", { version: "v2", modified_at: told(79_000) }, changed)?.changed_at).toBe(
        changed.wall
      )
    })
  }

  it("are those of the disk for what was there at the first look at its task", () => {
    const sightings = new Sightings()
    sightings.see("t1", "a", null, start)
    sightings.see("t2", "a", { version: "v1", modified_at: start.wall - day_ms }, start)
    expect(sightings.see("t2", "a", { version: "v1", modified_at: start.wall - day_ms }, later(1_000))?.changed_at)
      .toBe(start.wall - day_ms)
  })

  it("are of the moment it came back for what was gone in between", () => {
    const sightings = new Sightings()
    const there = { version: "v1", modified_at: start.wall - day_ms }
    sightings.see("t1", "a", there, start)
    expect(sightings.see("t1", "a", null, later(1_000))).toBe(null)
    expect(sightings.see("t1", "a", there, later(2_000))?.changed_at).toBe(later(2_000).wall)
  })
})
