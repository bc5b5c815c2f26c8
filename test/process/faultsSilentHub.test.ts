import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import { agentId, submit, until, untilStatus } from "../support/daemon.ts"
import {
  countOf,
  doneWithOneWake,
  identifications,
  meetFirst,
  startAll,
  startAtWork,
  takesTheNext
} from "../support/outcomes.ts"

const afterItsTime = 25_000 // the 15 s that an answer has, and the reconnection

describe.concurrent("a hub that takes a frame and never answers it", () => {
  it.live("the identify: another connection after 15 s, and the next task comes", () =>
    Effect.gen(function*() {
      const { folder, hub } = yield* startAll()
      yield* meetFirst(hub, "identify", () => "swallow")
      yield* hub.waitFor(() => identifications(hub) === 1, afterItsTime)
      assert.strictEqual(countOf(hub, "identify"), 2)
      yield* takesTheNext(hub, folder)
      assert.lengthOf(folder.wakes(), 1)
    }))

  it.live(
    "the accept: another connection after 15 s, and the task is done with one wake",
    () =>
      Effect.gen(function*() {
        const { folder, hub } = yield* startAll()
        yield* meetFirst(hub, "task_accepted", () => "swallow")
        yield* folder.letGo
        const task = yield* submit(hub)
        yield* until("the answer is there", () => existsSync(folder.file(`results/${task.id}.json`)))
        yield* untilStatus(hub, task, "completed", afterItsTime)
        yield* doneWithOneWake(hub, folder, task)
        assert.strictEqual(hub.task(task.id)?.generation, 3)
        assert.strictEqual(countOf(hub, "task_complete"), 1)
        yield* takesTheNext(hub, folder)
      })
  )

  it.live("the question whose the task is: asked again on another connection after 15 s", () =>
    Effect.gen(function*() {
      const { folder, hub, task } = yield* startAtWork()
      yield* hub.setDelays({ pushDelayMs: 20_000 }) // an assignment would be an answer, too
      yield* meetFirst(hub, "state_report", () => "swallow")
      yield* hub.dropAgent(agentId)
      yield* hub.waitFor(() => countOf(hub, "state_report") === 1)
      yield* folder.letGo
      yield* hub.waitFor(() => identifications(hub) === 3, afterItsTime)
      yield* hub.setDelays({ pushDelayMs: 0 })
      yield* hub.dropAgent(agentId)
      yield* doneWithOneWake(hub, folder, task)
      yield* takesTheNext(hub, folder)
    }))

  it.live(
    "the report: sent again on another connection after 15 s, and the task is done once",
    () =>
      Effect.gen(function*() {
        const { folder, hub, task } = yield* startAtWork()
        yield* meetFirst(hub, "task_complete", () => "swallow")
        yield* folder.letGo
        yield* untilStatus(hub, task, "completed", afterItsTime)
        yield* doneWithOneWake(hub, folder, task)
        assert.strictEqual(countOf(hub, "task_complete"), 2)
        yield* takesTheNext(hub, folder)
      })
  )

  it.live(
    "the report, which it took: nothing is done twice, the answer is kept, and the next task comes",
    () =>
      Effect.gen(function*() {
        const { daemon, folder, hub, task } = yield* startAtWork()
        yield* meetFirst(hub, "task_complete", () => {
          Effect.runSync(hub.freezeAgent(agentId)) // so that the acknowledgement is lost
          return "deliver"
        })
        yield* folder.letGo
        yield* doneWithOneWake(hub, folder, task)
        yield* until(
          "the slot is free",
          () => daemon.events("recovery_settled").some(({ outcome }) => outcome === "not_ours"),
          afterItsTime + 10_000
        )
        yield* hub.thawAndClose(agentId)
        yield* hub.waitFor(() => identifications(hub) === 3)
        yield* takesTheNext(hub, folder)
        yield* doneWithOneWake(hub, folder, task)
        assert.strictEqual(countOf(hub, "task_complete"), 2) // one for each task
        assert.include(folder.read(`results/${task.id}.json`), "done")
      })
  )
})
