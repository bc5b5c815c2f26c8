import { describe, expect, test } from "vitest"
import { World } from "./world.ts"

const sequences = Number(process.env["PROPERTY_SEQUENCES"] ?? 3_000)
const firstSeed = Number(process.env["PROPERTY_SEED"] ?? 1)

describe("the rules under anything that may happen, in any order", () => {
  test("nothing that must never happen does, and when faults stop everything settles", () => {
    for (let seed = firstSeed; seed < firstSeed + sequences; seed++) {
      const world = new World(seed)
      for (let steps = 0; steps < 90 && !world.over; steps++) world.step()
      const settled = world.settle()
      expect(settled, `seed ${seed}\n${settled ? "" : world.trace.slice(-80).join("\n")}`).toBe(true)
    }
  })
})
