import { describe, expect, it } from "@effect/vitest"
import * as rateLimit from "../../src/dev/agents.ts"

/** The verdicts of so many frames at once. */
const burst = (count: number, tier: rateLimit.RateTier, now: number, full?: rateLimit.Bucket) => {
  let bucket = full
  const verdicts: Array<rateLimit.Verdict> = []
  for (let frame = 0; frame < count; frame++) {
    const [verdict, left] = rateLimit.take(bucket, tier, now)
    verdicts.push(verdict)
    bucket = left
  }
  return { verdicts, bucket }
}

describe("the rate limit", () => {
  it.each([["light", 120], ["normal", 60], ["heavy", 10]] as const)("takes of %s frames %i at once", (tier, most) => {
    const { verdicts } = burst(most + 1, tier, 0)
    expect(verdicts.findIndex(({ _tag }) => _tag === "Deny")).toBe(most)
  })

  it("warns from the last fifth on, with what remains", () => {
    const { verdicts } = burst(60, "normal", 0)
    const warnings = verdicts.filter((verdict) => verdict._tag === "Warn")
    expect(verdicts[47]).toEqual({ _tag: "Allow" })
    expect(warnings.map(({ remaining }) => remaining)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    expect(warnings[0]?.capacity).toBe(60)
  })

  it("says in whole seconds when to try again", () => {
    expect(burst(61, "normal", 0).verdicts.at(-1)).toEqual({ _tag: "Deny", retryAfterMs: 1000 })
    expect(burst(11, "heavy", 0).verdicts.at(-1)).toEqual({ _tag: "Deny", retryAfterMs: 6000 })
  })

  it("refills all the time, up to its capacity", () => {
    const { bucket } = burst(60, "normal", 0)
    expect(rateLimit.take(bucket, "normal", 999)[0]._tag).toBe("Deny")
    expect(rateLimit.take(bucket, "normal", 1000)[0]._tag).toBe("Warn")
    expect(rateLimit.take(bucket, "normal", 1e9)[1].tokens).toBe(59_000)
  })

  it.each([
    ["ping", "light"],
    ["status", "light"],
    ["identify", "heavy"],
    ["task_progress", "normal"],
    ["task_complete", "normal"],
    ["state_report", "normal"]
  ])("puts %s into the tier %s", (type, tier) => expect(rateLimit.frameTier(type)).toBe(tier))

  it("keeps tasks from an agent for a minute after the first frame it refused", () => {
    const first = rateLimit.penalised(undefined, 0)
    const second = rateLimit.penalised(first, 30_000)
    expect(rateLimit.isPenalised(second, 60_000)).toBe(true)
    expect(rateLimit.isPenalised(second, 60_001)).toBe(false)
    expect(rateLimit.isPenalised(rateLimit.penalised(second, 60_001), 60_002)).toBe(true)
  })
})

describe("schema violations", () => {
  it("are counted within a minute of the first", () => {
    const two = rateLimit.violated(rateLimit.violated(undefined, 0), 60_000)
    expect(two.count).toBe(2)
    expect(rateLimit.violated(two, 60_001).count).toBe(1)
  })

  it.each([[1, 30], [2, 60], [3, 300], [9, 300]])("cost at the %i. disconnection %i seconds", (count, seconds) => {
    const cooldown = { count, since: 0 }
    expect(rateLimit.cooldownSeconds(cooldown, 1)).toBe(seconds)
    expect(rateLimit.cooldownSeconds(cooldown, seconds * 1000 - 1)).toBe(1)
    expect(rateLimit.cooldownSeconds(cooldown, seconds * 1000)).toBe(0)
  })

  it("cost nothing without a disconnection", () => expect(rateLimit.cooldownSeconds(undefined, 0)).toBe(0))
})
