import { describe, expect, it } from "vitest"
import { large_file_bytes, Pace, type Unread } from "../../src/agent/results/fileTimes.ts"

const file = (more: Partial<Unread> = {}): Unread => ({ path: "t1.json", bytes: 100, still_ms: 0, ...more })
const large = (still_ms: number) => file({ bytes: large_file_bytes + 1, still_ms })

describe("a watch", () => {
  it("reads a file that it has not read, and any but a large one while it changes", () => {
    expect(new Pace().mayRead(file(), 0)).toBe(true)
    expect(new Pace().mayRead(file({ bytes: large_file_bytes }), 0)).toBe(true)
    expect(new Pace().takePostponed()).toBeNull()
  })

  it.each([[0, false, 100], [99, false, 1], [100, true, null], [5_000, true, null]])(
    "reads a large file that was still for %i ms: %s",
    (still_ms, may, postponed) => {
      const pace = new Pace()
      expect(pace.mayRead(large(still_ms), 0)).toBe(may)
      expect(pace.takePostponed()).toBe(postponed)
      expect(pace.takePostponed()).toBeNull()
    }
  )

  it.each([[50, false, 1_000], [1_049, false, 1], [1_050, true, null]])(
    "reads a file again when twenty times as long has passed as its last reading took: at %i ms %s",
    (now, may, postponed) => {
      const pace = new Pace()
      pace.hasRead("t1.json", 0, 50)
      expect(pace.mayRead(file(), now)).toBe(may)
      expect(pace.takePostponed()).toBe(postponed)
    }
  )

  it("waits for each file by itself, and is told of the first that may be read", () => {
    const pace = new Pace()
    pace.hasRead("t1.json", 0, 50)
    expect(pace.mayRead(file({ path: "t1.progress" }), 60)).toBe(true)
    expect([pace.mayRead(file(), 60), pace.mayRead(large(30), 60)]).toEqual([false, false])
    expect(pace.takePostponed()).toBe(990)
  })
})
