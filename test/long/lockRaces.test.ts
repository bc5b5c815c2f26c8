import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { racedPairs } from "../support/lockRaces.ts"

describe("the lock of a folder", () => {
  it.live("has one holder: of two hundred pairs that start at one instant, one each", () =>
    Effect.gen(function*() {
      const pairs = yield* racedPairs(200)
      expect(pairs).toEqual(Array.from({ length: 200 }, () => ({ at_once: 1, then: "held" })))
    }), 600_000)
})
