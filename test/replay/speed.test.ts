import { describe, expect, it } from "@effect/vitest"
import { linesOf, own, quickest, repeated } from "./speed.ts"

const hour_ms = 3_600_000
const most_ms = 1_000

describe("a dry run", () => {
  it("of an hour with 60 tasks takes less than a second", async () => {
    const hour = repeated(linesOf(own), 5 * 60_000, (_, ms) => ms < hour_ms)
    const { code, took_ms } = await quickest("an hour with 60 tasks", hour, most_ms)
    expect(code).toBe(1) // the presence that is shown has the time of its round
    expect(took_ms).toBeGreaterThan(0)
    expect(took_ms).toBeLessThan(most_ms)
  })
})
