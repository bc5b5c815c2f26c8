import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import { answerOfThatTime, day_s, jump, withClock } from "../support/clockJump.ts"
import {
  type AgentScript,
  atOnce,
  makeFolder,
  startDaemon,
  startHub,
  submit,
  until,
  untilStatus
} from "../support/daemon.ts"
import { untilThere } from "../support/gate.ts"
import { countOf, doneWithOneWake, identifications, takesTheNext, untilAtWork } from "../support/outcomes.ts"
import { patience_ms } from "../support/patience.ts"

const startAtWork = (script: AgentScript) =>
  Effect.gen(function*() {
    const hub = yield* startHub()
    const folder = yield* makeFolder(hub, { answer: answerOfThatTime, ...script })
    const daemon = yield* startDaemon(folder, withClock(folder))
    const task = yield* submit(hub, "do it", { max_retries: 1 })
    yield* untilAtWork(folder, task)
    return { hub, folder, daemon, task }
  })

for (const [way, by_s] of [["forward", day_s], ["back", -day_s]] as const) {
  describe.concurrent(`the wall clock jumps a day ${way}`, () => {
    it.live(
      "beside an agent that was only started: it is at work at its lease for all that",
      () =>
        Effect.gen(function*() {
          const { daemon, folder, hub, task } = yield* startAtWork({
            work: `(${untilThere("go")}; ${answerOfThatTime}) & exit 0`,
            answer: ""
          })
          yield* until("the command has ended", () => daemon.events("wake_ended").length === 1)
          yield* jump(folder, by_s)
          yield* hub.waitFor(() => countOf(hub, "task_progress") === 1, patience_ms)
          yield* folder.letGo
          yield* doneWithOneWake(hub, folder, task)
          yield* takesTheNext(hub, folder)
        })
    )

    it.live("while the agent works: the task is done with one wake, and the next comes", () =>
      Effect.gen(function*() {
        const { daemon, folder, hub, task } = yield* startAtWork({})
        yield* jump(folder, by_s)
        yield* folder.letGo
        yield* doneWithOneWake(hub, folder, task)
        yield* takesTheNext(hub, folder)
        assert.strictEqual(identifications(hub), 1)
        const last = Date.parse(String(daemon.events().at(-1)?.["ts"]))
        assert.closeTo(last, Date.now() + by_s * 1_000, 60_000)
      }))

    it.live(
      "while the agent writes its answer in parts: it is reported when it is whole",
      () =>
        Effect.gen(function*() {
          const { daemon, folder, hub, task } = yield* startAtWork({
            before: ": > \"$RESULTS_DIR/$TASK_ID.progress\"",
            work: `printf '{"status":"success",' > "$RESULTS_DIR/$TASK_ID.json"; : > parts
${untilThere("go")}`,
            answer: "printf '\"output\":\"done\"}' >> \"$RESULTS_DIR/$TASK_ID.json\""
          })
          yield* until("a part is there", () => existsSync(folder.file("parts")))
          yield* jump(folder, by_s)
          // Each of these makes the daemon look at the folder again.
          for (const percent of [1, 20]) {
            yield* folder.write(`results/${task.id}.progress`, String(percent))
            yield* until(
              "it has looked",
              () => daemon.events("task_progress").some(({ progress }) => progress === percent)
            )
          }
          yield* folder.letGo
          yield* doneWithOneWake(hub, folder, task)
          yield* takesTheNext(hub, folder)
        })
    )

    it.live(
      "after the agent wrote an answer that is none: the task fails as soon as ever",
      () =>
        Effect.gen(function*() {
          const { folder, hub, task } = yield* startAtWork({
            work: atOnce,
            answer: "echo nonsense > \"$RESULTS_DIR/$TASK_ID.json\""
          })
          yield* until("it is written", () => existsSync(folder.file(`results/${task.id}.json`)))
          yield* jump(folder, by_s)
          yield* untilStatus(hub, task, "dead_letter", 20_000)
          assert.strictEqual(countOf(hub, "task_failed"), 1)
          assert.lengthOf(folder.wakes(task.id), 1)
        })
    )
  })
}
