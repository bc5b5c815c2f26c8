import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { resolve } from "node:path"
import { makeFolder, startDaemon, startHub, submit, until } from "../support/daemon.ts"
import { withoutInotify } from "../support/namespaces.ts"
import { isThere, needing } from "../support/needs.ts"
import { doneWithOneWake, takesTheNext, untilAtWork } from "../support/outcomes.ts"
import { patience_ms } from "../support/patience.ts"
import { withDescriptors } from "../support/starved.ts"

/** What `doctor` says of the watcher, as JSON. */
const watcherFinding = (config: string, through: ReadonlyArray<string>) =>
  Effect.promise(() =>
    new Promise<string>((resolved, rejected) => {
      const [program = "", ...args] = [...through, process.execPath, resolve("dist/main.js"), "doctor", "--json"]
      execFile(program, [...args, "--config", config], { timeout: patience_ms }, (error, stdout) => {
        const line = /\{"check":"watcher"[^}]*\}/.exec(stdout)?.[0]
        if (line === undefined) rejected(error ?? new Error(stdout))
        else resolved(line)
      })
    })
  )

const done = (through: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const hub = yield* startHub()
    const folder = yield* makeFolder(hub)
    const daemon = yield* startDaemon(folder, {}, "config.json", [], through)
    const task = yield* submit(hub)
    yield* untilAtWork(folder, task)
    yield* folder.letGo
    yield* doneWithOneWake(hub, folder, task)
    yield* takesTheNext(hub, folder)
    return { daemon, folder }
  })

describe.concurrent("a machine on which no folder can be watched", () => {
  it.live.runIf(isThere("used-up inotify"))(
    needing("used-up inotify", "has its tasks done by the rescan, says why once, stops at once, and doctor tells"),
    () =>
      Effect.gen(function*() {
        const { daemon, folder } = yield* done(withoutInotify)
        const said = daemon.events("file_trouble").map(({ path, reason }) => ({ path, reason: String(reason) }))
        assert.sameMembers(said.map(({ path }) => path), [folder.file("results"), folder.file("outbox")])
        for (const { reason } of said) assert.include(reason, "fs.inotify.max_user_instances")
        yield* daemon.signal("SIGTERM")
        yield* daemon.ended // by its code, or by SIGKILL where this machine is busy with its files
        assert.lengthOf(daemon.events("shutdown"), 1)
        const finding = yield* watcherFinding(folder.file("config.json"), withoutInotify)
        assert.include(finding, `"verdict":"failed"`)
        assert.include(finding, "cannot be watched: no inotify instance is left")
      })
  )

  it.live(
    "has a daemon that hears SIGTERM with 28 file descriptors, whatever else it cannot do with those",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub)
        const daemon = yield* startDaemon(folder, {}, "config.json", [], withDescriptors(28))
        yield* submit(hub)
        yield* until("the task is there", () => daemon.events("task_received").length > 0)
        yield* daemon.signal("SIGTERM")
        yield* daemon.ended
        assert.lengthOf(daemon.events("shutdown"), 1)
      })
  )
})

describe("the results", () => {
  it.live("are seen where the agent makes their folder anew in each task", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, {
        before: `rm -rf "$RESULTS_DIR"; mkdir "$RESULTS_DIR"`,
        work: "true"
      })
      const daemon = yield* startDaemon(folder)
      for (const description of ["one", "two", "three"]) {
        const task = yield* submit(hub, description)
        yield* doneWithOneWake(hub, folder, task)
      }
      yield* until("all are acknowledged", () => daemon.events("report_acknowledged").length === 3)
      assert.isEmpty(daemon.events("file_trouble"))
    }))
})
