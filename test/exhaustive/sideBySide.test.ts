import { expect, test } from "vitest"
import { walkSideBySide } from "./sideBySide.ts"

test.each(
  [
    ["two faults", { faults: 2, failing: null, batches: ["batch-1", "batch-2"] }],
    ["agents of tasks that fail", { faults: 1, failing: "task", batches: ["batch-1"] }],
    ["agents of messages that fail", { faults: 1, failing: "messages", batches: ["batch-1"] }]
  ] as const
)("a task and messages side by side keep every invariant, and come to their end: %s", (name, from) => {
  const { states, steps, unfinished, violation } = walkSideBySide(from)
  console.log(`side by side, ${name}: ${states} states, ${steps} steps`)
  expect({ unfinished, violation }).toEqual({ unfinished: 0, violation: null })
}, 600_000)
