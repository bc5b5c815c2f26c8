import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import { agentId, isAlive, submit, until, untilStatus } from "../support/daemon.ts"
import { untilThere } from "../support/gate.ts"
import {
  countOf,
  doneWithOneWake,
  identifications,
  meetFirst,
  startAll,
  startAtWork,
  takesTheNext,
  untilAtWork
} from "../support/outcomes.ts"

/** A command that only starts the agent, which waits for `go` and never answers. */
const launching = {
  work: `(${untilThere("go")}) & echo $! > child; exit 0`,
  answer: ""
}

describe.concurrent("faults that take their time", () => {
  it.live(
    "a token that is refused while the agent works, then known again: the answer is delivered with one wake",
    () =>
      Effect.gen(function*() {
        const { daemon, folder, hub, task } = yield* startAtWork()
        yield* meetFirst(hub, "identify", () => ({ reply: { type: "error", error: "invalid_token" } }))
        yield* hub.dropAgent(agentId)
        yield* until("it is refused", () => daemon.events("identify_refused").length === 1)
        yield* folder.letGo
        yield* until("the answer is there", () => existsSync(folder.file(`results/${task.id}.json`)))
        yield* untilStatus(hub, task, "completed")
        yield* doneWithOneWake(hub, folder, task)
        assert.strictEqual(countOf(hub, "identify"), 3)
        yield* takesTheNext(hub, folder)
      })
  )

  it.live(
    "an agent that was only started and falls silent: stopped with all its processes, and the task fails",
    () =>
      Effect.gen(function*() {
        const { folder, hub } = yield* startAll(launching, { agent_silence_ms: 1_000 })
        const task = yield* submit(hub, "do it", { max_retries: 1 })
        yield* untilAtWork(folder, task)
        const child = yield* until("it has started one", () => Number(folder.read("child")) || undefined)
        assert.isTrue(isAlive(child))
        yield* untilStatus(hub, task, "dead_letter")
        assert.include(hub.task(task.id)?.last_error ?? "", "silent for 1000 ms")
        assert.isFalse(isAlive(child))
        assert.lengthOf(folder.wakes(task.id), 1)
        assert.strictEqual(countOf(hub, "task_failed"), 1)
        const next = yield* submit(hub, "the next")
        yield* until("the next agent is awake", () => folder.wakes(next.id).length === 1)
        yield* folder.write(`results/${next.id}.json`, `{"status":"success","output":"done"}`)
        yield* untilStatus(hub, next, "completed")
      })
  )

  it.live(
    "an agent that cannot be woken: tried four times at 0, 5, 15 and 30 s, then the task fails with what was seen",
    () =>
      Effect.gen(function*() {
        const { daemon, folder, hub } = yield* startAll({ before: "echo no such model >&2; exit 3" })
        const task = yield* submit(hub, "do it", { max_retries: 1 })
        yield* untilStatus(hub, task, "dead_letter")
        assert.lengthOf(folder.wakes(task.id), 4)
        const times = (event: string) => daemon.events(event).map(({ ts }) => Date.parse(String(ts)))
        const failed = times("wake_failed")
        const delays = times("wake_attempt").slice(1).map((time, index) => (time - (failed[index] ?? 0)) / 1000)
        // To the millisecond it is shown in virtual time; a busy machine adds its own.
        const busy_s = 15
        for (const [index, delay] of [5, 15, 30].entries()) {
          assert.isAtLeast(delays[index] ?? 0, delay - 0.1)
          assert.isBelow(delays[index] ?? Infinity, delay + busy_s)
        }
        assert.include(hub.task(task.id)?.last_error ?? "", "exit code 3")
        assert.include(hub.task(task.id)?.last_error ?? "", "no such model")
        assert.strictEqual(countOf(hub, "task_failed"), 1)
      })
  )

  it.live(
    "a link that is dead without being closed: found by the missing pong within 40 s, one wake",
    () =>
      Effect.gen(function*() {
        const { daemon, folder, hub, task } = yield* startAtWork()
        yield* hub.freezeAgent(agentId)
        yield* until("the dead link is noticed", () => daemon.events("heartbeat_timeout").length === 1)
        yield* hub.waitFor(() => identifications(hub) === 2)
        yield* hub.thawAndClose(agentId)
        yield* folder.letGo
        yield* doneWithOneWake(hub, folder, task)
      })
  )
})
