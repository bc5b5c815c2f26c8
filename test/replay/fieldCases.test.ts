import { describe, expect, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { differencesIn, replayedText, summaryOf } from "./support.ts"

const replayed = (name: string) =>
  replayedText(readFileSync(`test/fixtures/field/${name}.jsonl`, "utf8"), {
    expectation: new Set(["description", "metadata"])
  })

describe("a recording from the field, reduced to what matters", () => {
  it("idle-after-crash: a sidecar that comes back to its task does not tell the hub that it is idle", () => {
    const events = replayed("idle-after-crash")
    const [first] = differencesIn(events)
    expect(first).toMatchObject({
      verdict: "changed",
      fields: ["status"],
      msg: { type: "identify", status: expect.stringMatching(/^at work since 2026-11-21T/) },
      recorded: { msg: { status: "idle" } }
    })
    expect(summaryOf(events).wakes.map(({ wakes }) => wakes)).toEqual([1])
  })
})
