import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import { agentId, frames, isAlive, submit, typesOf, until, untilStatus } from "../support/daemon.ts"
import {
  countOf,
  doneWithOneWake,
  identifications,
  retryAtTheHub,
  startAll,
  startAtWork,
  takesTheNext
} from "../support/outcomes.ts"

const minutes = (count: number): number => count * 60_000

const generationsReported = (frame: ReadonlyArray<Record<string, unknown>>, task_id: string) =>
  frame.filter((sent) => sent["type"] === "task_complete" && sent["task_id"] === task_id)
    .map(({ generation }) => generation)

describe.concurrent("a task that the hub takes back", () => {
  it.live(
    "silently, while the agent works: the refused answer is kept, and delivered when the task is pushed again",
    () =>
      Effect.gen(function*() {
        const { daemon, folder, hub, task } = yield* startAtWork({}, {}, { complexity_tier: "trivial" })
        const told = typesOf(hub, "in").length
        yield* hub.advance(minutes(21))
        assert.deepInclude(hub.task(task.id), { status: "queued", generation: 2 })
        assert.lengthOf(typesOf(hub, "in"), told)
        yield* folder.letGo
        yield* doneWithOneWake(hub, folder, task)
        assert.deepStrictEqual(generationsReported(frames(hub, "out"), task.id), [1, 3])
        assert.lengthOf(daemon.events("report_refused"), 1)
        assert.strictEqual(identifications(hub), 2)
        yield* takesTheNext(hub, folder)
      })
  )

  it.live(
    "silently, and gives up: the refused answer is kept, the next task comes, and a retry delivers it without a wake",
    () =>
      Effect.gen(function*() {
        const { daemon, folder, hub, task } = yield* startAtWork()
        yield* hub.advance(minutes(22))
        assert.deepInclude(hub.task(task.id), { status: "dead_letter", last_error: "ttl_expired" })
        yield* folder.letGo
        const refused = yield* until("the report is refused", () => daemon.events("report_refused")[0])
        assert.include(String(refused["reason"]), "not_found")
        assert.include(String(refused["remedy"]), `POST /api/tasks/${task.id}/retry`)
        yield* takesTheNext(hub, folder)
        assert.include(folder.read(`results/${task.id}.json`), "done")
        yield* retryAtTheHub(hub, task)
        yield* doneWithOneWake(hub, folder, task)
        yield* takesTheNext(hub, folder)
      })
  )

  it.live(
    "at a drop, and gives up while its agent answers: the answer is kept, and a retry delivers it without a wake",
    () =>
      Effect.gen(function*() {
        const { daemon, folder, hub, task } = yield* startAtWork()
        yield* hub.setDelays({ assignDelayMs: 5_000 })
        yield* hub.dropAgent(agentId)
        yield* hub.advance(minutes(11))
        assert.deepInclude(hub.task(task.id), { status: "dead_letter", last_error: "ttl_expired" })
        yield* folder.letGo
        yield* until("the hub says where it is", () =>
          daemon.events("recovery_settled").some(({ outcome }) => outcome === "not_ours"))
        assert.include(folder.read(`results/${task.id}.json`), "done")
        yield* hub.setDelays({ assignDelayMs: 0 })
        yield* retryAtTheHub(hub, task)
        yield* doneWithOneWake(hub, folder, task)
        assert.strictEqual(countOf(hub, "task_complete"), 1)
        yield* takesTheNext(hub, folder)
      })
  )

  it.live(
    "at a drop, and gives up while its agent works on: the agent is gone before another is woken for the revived task",
    () =>
      Effect.gen(function*() {
        const { folder, hub, task } = yield* startAtWork()
        const [first = 0] = folder.wakes(task.id)
        yield* hub.setDelays({ assignDelayMs: 5_000 })
        yield* hub.dropAgent(agentId)
        yield* hub.advance(minutes(11))
        yield* until("the agent is stopped", () => !isAlive(first))
        yield* hub.setDelays({ assignDelayMs: 0 })
        yield* retryAtTheHub(hub, task)
        yield* until("another is woken", () => folder.wakes(task.id).length === 2)
        yield* folder.letGo
        yield* untilStatus(hub, task, "completed")
        assert.lengthOf(folder.wakes(task.id), 2)
        assert.strictEqual(countOf(hub, "task_complete"), 1)
        assert.strictEqual(countOf(hub, "task_failed"), 0)
        yield* takesTheNext(hub, folder)
      })
  )

  it.live(
    "a task that was never in its queue: the refused answer is kept, and the next task comes",
    () =>
      Effect.gen(function*() {
        const { daemon, folder, hub } = yield* startAll()
        yield* hub.waitFor(() => identifications(hub) === 1)
        const pushed = yield* hub.push(agentId, "out of turn")
        yield* folder.letGo
        yield* until("its report is refused", () => daemon.events("report_refused").length === 1)
        assert.isTrue(existsSync(folder.file(`results/${pushed}.json`)))
        yield* takesTheNext(hub, folder)
        const second = yield* submit(hub, "one more")
        yield* doneWithOneWake(hub, folder, second)
        assert.lengthOf(folder.wakes(pushed), 1)
        assert.isTrue(existsSync(folder.file(`results/${pushed}.json`)))
      })
  )
})
