import { describe, expect, it } from "@effect/vitest"
import { randomInt } from "node:crypto"
import { playBatch } from "./campaign.ts"
import { play } from "./run.ts"

const max_seed = 100_000_000

describe("the simulated sidecar, hub, agent, disk, watcher and clock", () => {
  it("keep every invariant in the 300 runs that are always played", () => {
    expect(playBatch({ from: 1, runs: 300 }).failures).toEqual([])
  })

  it("keep every invariant in 200 runs that nobody has chosen", () => {
    const from = randomInt(max_seed)
    console.log(`simulation: seeds ${from} to ${from + 199} (npm run simulate -- --seed ${from} --runs 200)`)
    expect(playBatch({ from, runs: 200 }).failures).toEqual([])
  })

  it("play the same run again from the same seed", () => {
    const [first, second] = [play({ seed: 42, traced: true }), play({ seed: 42, traced: true })]
    expect(first.journal.length).toBeGreaterThan(20)
    expect(second).toEqual(first)
  })
})
