import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import { answerOfThatTime, day_s, jump, withClock } from "../support/clockJump.ts"
import {
  agentId,
  atOnce,
  isAlive,
  makeFolder,
  startDaemon,
  startHub,
  submit,
  until,
  untilStatus
} from "../support/daemon.ts"
import {
  countOf,
  doneWithOneWake,
  meetFirst,
  startAll,
  startAtWork,
  takesTheNext,
  untilAtWork
} from "../support/outcomes.ts"

const aMinute = 75_000 // and what else there is to wait for

/** A command that only starts the agent, which waits for `go` and answers. */
const launching = (answer: string) => ({
  work: `(while [ ! -e go ]; do sleep 0.02; done; ${answer}) & echo $! > child; exit 0`,
  answer: ""
})

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
        yield* untilStatus(hub, task, "completed", aMinute)
        yield* doneWithOneWake(hub, folder, task)
        assert.strictEqual(countOf(hub, "identify"), 3)
        yield* takesTheNext(hub, folder)
      }),
    120_000
  )

  it.live(
    "an agent that was only started and falls silent: stopped with all its processes, and the task fails",
    () =>
      Effect.gen(function*() {
        const { folder, hub } = yield* startAll(launching(atOnce), { agent_silence_ms: 1_000 })
        const task = yield* submit(hub, "do it", { max_retries: 1 })
        yield* untilAtWork(folder, task)
        const child = yield* until("it has started one", () => Number(folder.read("child")))
        assert.isTrue(isAlive(child))
        yield* untilStatus(hub, task, "dead_letter", aMinute + 15_000)
        assert.include(hub.task(task.id)?.last_error ?? "", "silent for 1000 ms")
        assert.isFalse(isAlive(child))
        assert.lengthOf(folder.wakes(task.id), 1)
        assert.strictEqual(countOf(hub, "task_failed"), 1)
        const next = yield* submit(hub, "the next")
        yield* until("the next agent is awake", () => folder.wakes(next.id).length === 1)
        yield* folder.write(`results/${next.id}.json`, `{"status":"success","output":"done"}`)
        yield* untilStatus(hub, next, "completed")
      }),
    150_000
  )

  for (const [way, by_s] of [["forward", day_s], ["back", -day_s]] as const) {
    it.live(
      `an agent that was only started is at work for all that, when the clock jumps a day ${way}`,
      () =>
        Effect.gen(function*() {
          const hub = yield* startHub()
          const folder = yield* makeFolder(hub, launching(answerOfThatTime))
          const daemon = yield* startDaemon(folder, withClock(folder))
          const task = yield* submit(hub)
          yield* until("the command has ended", () => daemon.events("wake_ended").length === 1)
          yield* untilAtWork(folder, task)
          yield* jump(folder, by_s)
          yield* hub.waitFor(() => countOf(hub, "task_progress") === 1, aMinute)
          yield* folder.letGo
          yield* doneWithOneWake(hub, folder, task)
          yield* takesTheNext(hub, folder)
        }),
      120_000
    )
  }
})
