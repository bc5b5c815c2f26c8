import { expect, test } from "vitest"
import { walkSideBySide } from "./sideBySide.ts"

test.each(
  [
    ["two batches and two faults", { faults: 2, agentsFail: false, batches: ["batch-1", "batch-2"] }],
    ["agents that fail", { faults: 0, agentsFail: true, batches: ["batch-1"] }]
  ] as const
)("a task and messages side by side keep every invariant, and both come to their end: %s", (name, from) => {
  const { states, steps, unfinished, violation } = walkSideBySide(from)
  console.log(`side by side, ${name}: ${states} states, ${steps} steps`)
  expect({ unfinished, violation }).toEqual({ unfinished: 0, violation: null })
})
