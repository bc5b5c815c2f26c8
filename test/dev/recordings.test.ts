import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readdirSync } from "node:fs"
import { play } from "./conformance/recording.ts"
import { fixture, scripts } from "./conformance/script.ts"

const files = readdirSync(fixture("recordings")).filter((file) => file.endsWith(".jsonl"))

describe.concurrent("the development hub answers every recorded session as the real one did", () => {
  it("has the HTTP calls of every recording in the checked-in list", () => {
    expect(Object.keys(scripts.recordings).toSorted()).toEqual(files.toSorted())
  })

  for (const file of files) {
    it.live(`plays ${file}`, () =>
      Effect.gen(function*() {
        expect(yield* play(file)).toEqual([])
      }))
  }
})
