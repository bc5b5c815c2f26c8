import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import {
  atOnce,
  type Daemon,
  makeFolder,
  startDaemon,
  startHub,
  submit,
  until,
  untilStatus
} from "../support/daemon.ts"
import { isThere, needing } from "../support/needs.ts"
import { countOf, doneWithOneWake, identifications, startAll, takesTheNext, untilAtWork } from "../support/outcomes.ts"
import { diskFaults, makeSmallDisk, startOnSmallDisk } from "../support/smallDisk.ts"

/** The agent is at work, and nothing of it is left to be saved. */
const untilOnDisk = (daemon: Daemon) => until("its start is on disk", () => daemon.events("agent_started").length === 1)

for (const { begin, end, keeps_the_state, locks, name, needs_mount } of diskFaults) {
  /** Where the folder cannot be locked the daemon ends with 74, and is started again when the disk works again. */
  const startAgain = (disk: string, start: Effect.Effect<Daemon, never, Scope.Scope>) =>
    Effect.gen(function*() {
      const second = yield* start
      if (locks) return second
      assert.strictEqual(yield* second.ended, 74)
      assert.include(second.output(), `${disk}/lock`)
      end(disk)
      return yield* start
    })

  const isPossible = !needs_mount || isThere("mount")
  describe.runIf(isPossible)(needs_mount ? needing("mount", name) : name, { concurrent: true }, () => {
    it.live(
      "before acceptance: nothing is accepted, woken nor counted; when a write works again, the task is done",
      () =>
        Effect.gen(function*() {
          const { daemon, disk, folder, hub } = yield* startOnSmallDisk({}, {}) // all of the agent's files are there
          yield* hub.waitFor(() => identifications(hub) === 1)
          begin(disk)
          const task = yield* submit(hub)
          yield* until("it says so", () => daemon.events("state_unsaved").length === 1)
          yield* hub.waitFor(() => hub.connections() === 0 && hub.task(task.id)?.status === "queued")
          assert.strictEqual(countOf(hub, "task_accepted"), 0)
          assert.lengthOf(folder.wakes(), 0)
          end(disk)
          yield* folder.letGo
          yield* doneWithOneWake(hub, folder, task)
          assert.strictEqual(hub.task(task.id)?.retry_count, 0)
          assert.lengthOf(daemon.events("state_saved_again"), 1)
          assert.strictEqual(identifications(hub), 2)
          yield* takesTheNext(hub, folder)
        })
    )

    it.live(
      "after acceptance: the task is finished from memory, and the next is taken when a write works again",
      () =>
        Effect.gen(function*() {
          const { daemon, disk, folder, hub } = yield* startOnSmallDisk()
          const task = yield* submit(hub)
          yield* untilOnDisk(daemon)
          begin(disk)
          yield* folder.letGo
          yield* doneWithOneWake(hub, folder, task)
          yield* hub.waitFor(() => hub.connections() === 0)
          assert.lengthOf(daemon.events("state_unsaved"), 1)
          const next = yield* submit(hub, "the next")
          end(disk)
          yield* doneWithOneWake(hub, folder, next)
          assert.strictEqual(hub.task(next.id)?.generation, 1)
          assert.lengthOf(daemon.events("state_saved_again"), 1)
        })
    )

    it.live("after acceptance: a failure is reported when a write works again, once", () =>
      Effect.gen(function*() {
        const { daemon, disk, folder, hub } = yield* startOnSmallDisk({
          answer: `printf '{"status":"failed","reason":"no luck"}' > answer; mv answer "$RESULTS_DIR/$TASK_ID.json"`
        })
        const task = yield* submit(hub, "do it", { max_retries: 1 })
        yield* untilOnDisk(daemon)
        begin(disk)
        yield* folder.letGo
        yield* until("the answer is found", () => daemon.events("answer_found").length === 1)
        yield* until("it says so", () => daemon.events("state_unsaved").length === 1)
        assert.strictEqual(countOf(hub, "task_failed"), 0)
        end(disk)
        yield* untilStatus(hub, task, "dead_letter")
        assert.strictEqual(hub.task(task.id)?.last_error, "no luck")
        assert.strictEqual(countOf(hub, "task_failed"), 1)
        assert.lengthOf(folder.wakes(task.id), 1)
      }))

    if (keeps_the_state) {
      it.live(
        "at the log alone: it is said on the terminal once, the task is done, and the log goes on afterwards",
        () =>
          Effect.gen(function*() {
            const log_file = "disk/sidecar.log"
            const hub = yield* startHub()
            const folder = yield* makeFolder(hub, {}, { log_file })
            const disk = yield* makeSmallDisk(folder)
            const daemon = yield* startDaemon(folder)
            const task = yield* submit(hub)
            yield* untilOnDisk(daemon)
            yield* until("nothing is on its way to the log", () => folder.read(log_file).includes("agent_started"))
            rmSync(folder.file(log_file)) // there may be room left in its last page
            begin(disk)
            yield* folder.letGo
            yield* doneWithOneWake(hub, folder, task)
            yield* until("the report is acknowledged", () => daemon.events("report_acknowledged").length === 1)
            yield* until("it is said", () => daemon.output().includes("sidecar.log cannot be written"))
            assert.lengthOf(daemon.output().match(/sidecar\.log cannot be written/g) ?? [], 1)
            assert.isEmpty(daemon.events("state_unsaved"))
            end(disk)
            yield* takesTheNext(hub, folder)
            yield* until("the log goes on", () => folder.read(log_file).includes("report_acknowledged"))
          })
      )

      it.live("after acceptance, and a crash after the report: nothing is done again", () =>
        Effect.gen(function*() {
          const { daemon, disk, folder, hub, start } = yield* startOnSmallDisk()
          const task = yield* submit(hub)
          yield* untilOnDisk(daemon)
          begin(disk)
          yield* folder.letGo
          yield* doneWithOneWake(hub, folder, task)
          yield* hub.waitFor(() => hub.connections() === 0)
          yield* daemon.kill
          const second = yield* startAgain(disk, start)
          yield* until("the hub says that it is over", () =>
            second.events("recovery_settled").some(({ outcome }) => outcome === "not_ours"))
          if (locks) {
            end(disk)
          }
          yield* takesTheNext(hub, folder)
          yield* doneWithOneWake(hub, folder, task)
          assert.strictEqual(countOf(hub, "task_complete"), 2) // one for each task
        }))

      it.live(
        "after acceptance, and a crash while the agent works: it is found at work and not woken again",
        () =>
          Effect.gen(function*() {
            const { daemon, disk, folder, hub, start } = yield* startOnSmallDisk()
            const task = yield* submit(hub)
            yield* untilOnDisk(daemon)
            begin(disk)
            yield* daemon.kill
            yield* startAgain(disk, start)
            yield* hub.waitFor(() => countOf(hub, "task_accepted") === 2)
            yield* folder.letGo
            yield* doneWithOneWake(hub, folder, task)
            if (locks) end(disk)
            yield* takesTheNext(hub, folder)
          })
      )
    }
  })
}

/** Puts a file where a folder was. */
const occupy = (path: string): void => {
  rmSync(path, { recursive: true, force: true })
  writeFileSync(path, "")
}

describe.concurrent("other files that cannot be written", () => {
  const withoutLog = (name: string, log_file: string, before: (path: string) => void, said: string) =>
    it.live(`the log (${name}): it is said on the terminal once, and the work goes on`, () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub, {}, { log_file })
        before(folder.file(log_file))
        const daemon = yield* startDaemon(folder)
        const task = yield* submit(hub)
        yield* untilAtWork(folder, task)
        yield* folder.letGo
        yield* doneWithOneWake(hub, folder, task)
        yield* takesTheNext(hub, folder)
        yield* until("the log goes on", () => daemon.events("report_acknowledged").length === 2)
        const notes = daemon.output().split("\n").filter((line) => line.includes("cannot be written"))
        assert.lengthOf(notes, 1)
        assert.include(notes[0] ?? "", said)
      }))

  withoutLog("a folder in its place", "sidecar.log", (path) => mkdirSync(path), "EISDIR")
  withoutLog("a full disk", "/dev/full", () => {}, "ENOSPC")

  it.live(
    "the payload: nothing is woken nor counted, and the wake is made again under its number 5 s later",
    () =>
      Effect.gen(function*() {
        const { daemon, folder, hub } = yield* startAll({ work: atOnce }, { tasks_dir: "occupied/tasks" })
        yield* until("it is connected", () => daemon.events("identified").length === 1)
        occupy(folder.file("occupied"))
        const task = yield* submit(hub)
        yield* until("it is tried again", () => daemon.events("wake_attempt").length === 2)
        assert.lengthOf(folder.wakes(), 0)
        rmSync(folder.file("occupied"))
        yield* doneWithOneWake(hub, folder, task)
        for (const { attempt } of daemon.events("wake_attempt")) assert.strictEqual(attempt, 1)
        assert.isEmpty(daemon.events("wake_failed"))
        assert.strictEqual(hub.task(task.id)?.retry_count, 0)
        yield* takesTheNext(hub, folder)
      })
  )

  it.live(
    "the results folder, for 30 s: the task is given back, uncounted, and done when there is one again",
    () =>
      Effect.gen(function*() {
        const { daemon, folder, hub } = yield* startAll({ work: atOnce }, { results_dir: "occupied/results" })
        yield* until("it is connected", () => daemon.events("identified").length === 1)
        occupy(folder.file("occupied"))
        const task = yield* submit(hub)
        yield* until("it is given back", () => daemon.events("task_given_back").length === 1, 90_000)
        const [first] = daemon.events("task_received")
        const [given_back] = daemon.events("task_given_back")
        assert.isAtLeast(Date.parse(String(given_back?.["ts"])) - Date.parse(String(first?.["ts"])), 30_000)
        yield* hub.waitFor(() => hub.connections() === 0 && hub.task(task.id)?.status === "queued")
        assert.lengthOf(folder.wakes(), 0)
        assert.isEmpty(daemon.events("wake_attempt")) // an answer may be there
        assert.deepInclude(daemon.events("not_ready").map(({ cause }) => cause), "folders")
        rmSync(folder.file("occupied"))
        yield* doneWithOneWake(hub, folder, task)
        assert.strictEqual(hub.task(task.id)?.retry_count, 0)
        assert.lengthOf(daemon.events("ready_again"), 1)
      })
  )
})
