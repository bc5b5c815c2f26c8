import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { drawnTo } from "../../src/replay/html/drawnTo.ts"
import { id, troubled } from "./htmlSession.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "sidecar-html-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const draw = (file: string, task: string | null = null) =>
  Stream.make(troubled().events.slice(0, 20), troubled().events.slice(20)).pipe(
    drawnTo(file, { from: null, to: null, task })
  )

describe("--html", () => {
  it.effect("writes the page when the replay has ended, and passes its events on", () =>
    Effect.gen(function*() {
      const file = join(yield* folder, "page.html")
      const passed = yield* Stream.runCollect(draw(file))
      expect(passed.flat()).toEqual(troubled().events)
      expect(readFileSync(file, "utf8")).toBe(troubled().page())
      expect(statSync(file).mode & 0o777).toBe(0o600) // it contains the texts of tasks
    }))

  it.effect("writes over an older page", () =>
    Effect.gen(function*() {
      const file = join(yield* folder, "page.html")
      writeFileSync(file, "<!doctype html> an older one")
      yield* Stream.runDrain(draw(file))
      expect(readFileSync(file, "utf8")).toBe(troubled().page())
    }))

  it.effect("draws no more than the part that was asked for", () =>
    Effect.gen(function*() {
      const file = join(yield* folder, "page.html")
      yield* Stream.runDrain(draw(file, id(2)))
      const page = readFileSync(file, "utf8")
      expect(page).toContain("Translate the handbook")
      expect(page).not.toContain("Fix the flaky login test")
      expect(page).toContain("1 difference<")
    }))

  it.effect("never writes over a file that is no page, such as the recording", () =>
    Effect.gen(function*() {
      const file = join(yield* folder, "session.jsonl")
      writeFileSync(file, "{\"t\":1}\n")
      const error = yield* Effect.flip(Stream.runDrain(draw(file)))
      expect(error.message).toBe(`agentcom-sidecar: ${file}: the page was not written: there is a file that is no page`)
      expect(readFileSync(file, "utf8")).toBe("{\"t\":1}\n")
    }))

  it.effect("says in a sentence where it cannot write", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Stream.runDrain(draw(join(yield* folder, "nowhere", "page.html"))))
      expect(error._tag).toBe("PageUnwritten")
      expect(error.message).toMatch(
        /^agentcom-sidecar: .*page\.html: the page was not written: there is no such folder$/
      )
    }))
})
