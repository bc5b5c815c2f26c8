import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readdirSync } from "node:fs"
import { play } from "./conformance/probe.ts"
import { fixture, scripts } from "./conformance/script.ts"

const files = readdirSync(fixture("probes")).filter((file) => file.endsWith(".txt"))

describe("the development hub answers every probe as the real one did", () => {
  it("has the HTTP calls of every probe in the checked-in list", () => {
    expect(Object.keys(scripts.probes).toSorted()).toEqual(files.toSorted())
  })

  for (const file of files) {
    it.live(`plays ${file}`, () =>
      Effect.gen(function*() {
        expect(yield* play(file)).toEqual([])
      }))
  }
})
