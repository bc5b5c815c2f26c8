import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync, readdirSync, utimesSync } from "node:fs"
import { atOnce, makeFolder, startDaemon, startHub, submit, until } from "../support/daemon.ts"
import { doneWithOneWake } from "../support/outcomes.ts"

const month_s = 30 * 24 * 60 * 60

describe("files that nobody came back for", () => {
  it.live(
    "are moved to results/expired at the start, and what a killed save left is removed",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub, { work: atOnce })
        for (const name of ["results", "tasks"]) mkdirSync(folder.file(name))
        for (const name of ["results/task-new.json", "queue.json.123"]) yield* folder.write(name, "{}")
        const lastMonth = Date.now() / 1_000 - month_s
        for (const name of ["results/task-old.json", "tasks/task-old.log"]) {
          yield* folder.write(name, "{}")
          utimesSync(folder.file(name), lastMonth, lastMonth)
        }
        const daemon = yield* startDaemon(folder)
        yield* until("the files expire", () => daemon.events("files_expired").length === 1)
        const expired = readdirSync(folder.file("results/expired")).map((name) => name.replace(/\d{13}/, "STAMP"))
        assert.deepStrictEqual(expired.toSorted(), ["task-old.STAMP.json", "task-old.STAMP.task.log"])
        assert.include(readdirSync(folder.file("results")), "task-new.json")
        assert.notInclude(readdirSync(folder.path), "queue.json.123")
        yield* doneWithOneWake(hub, folder, yield* submit(hub))
      })
  )
})
