import { describe, expect, test } from "vitest"
import { World } from "./world.ts"

const sequences = 4_000

describe("the rules under anything that may happen, in any order", () => {
  test("nothing that must never happen does, and when faults stop everything settles", () => {
    for (let seed = 1; seed <= sequences; seed++) {
      const world = new World(seed)
      for (let steps = 0; steps < 90 && !world.over; steps++) world.step()
      const settled = world.settle()
      expect(settled, `seed ${seed}\n${settled ? "" : world.trace.slice(-80).join("\n")}`).toBe(true)
    }
  })
})
