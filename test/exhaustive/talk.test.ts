import { expect, test } from "vitest"
import { walkTalk } from "./talk.ts"

test("talk keeps every invariant, and comes to rest, whatever two faults strike, at whatever moments", () => {
  const { states, steps, unfinished, violation } = walkTalk(2)
  console.log(`talk: ${states} states, ${steps} steps`)
  expect({ unfinished, violation }).toEqual({ unfinished: 0, violation: null })
}, 600_000)
