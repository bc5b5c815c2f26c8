import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs"
import {
  type AgentScript,
  answered,
  atOnce,
  type Folder,
  isAlive,
  submit,
  until,
  untilStatus
} from "../support/daemon.ts"
import { untilThere } from "../support/gate.ts"
import { countOf, doneWithOneWake, startAll, startAtWork, takesTheNext } from "../support/outcomes.ts"

const confirmed = `: > "$RESULTS_DIR/$TASK_ID.started"`
const inPlaceOfTheAnswer = "if [ ! -e met ]; then : > met; exit 0; fi"

type All = Effect.Success<ReturnType<typeof startAll>>

/** The task has failed once, after one wake, and the next is taken. */
const failsOnce = (
  script: AgentScript,
  config: Record<string, unknown>,
  said: string,
  meanwhile: (all: All) => Effect.Effect<void> = () => Effect.void
) =>
  Effect.gen(function*() {
    const all = yield* startAll({ work: atOnce, ...script }, config)
    const { folder, hub } = all
    const task = yield* submit(hub, "do it", { max_retries: 1 })
    yield* meanwhile(all)
    yield* untilStatus(hub, task, "dead_letter", 25_000)
    assert.include(hub.task(task.id)?.last_error ?? "", said)
    assert.lengthOf(folder.wakes(task.id), 1)
    assert.strictEqual(countOf(hub, "task_failed"), 1)
    yield* takesTheNext(hub, folder)
  })

const lastsThrough = (what: string, disturb: (folder: Folder) => void, more: AgentScript = {}) =>
  it.live(`${what} while the agent works: the task is done with one wake`, () =>
    Effect.gen(function*() {
      const { daemon, folder, hub, task } = yield* startAtWork(more)
      disturb(folder)
      yield* folder.letGo
      yield* doneWithOneWake(hub, folder, task)
      assert.isEmpty(daemon.events("fiber_died"))
      yield* takesTheNext(hub, folder)
    }))

describe.concurrent("what agents do", () => {
  it.live("an agent that answers and never confirms: done with one wake", () =>
    Effect.gen(function*() {
      const { folder, hub } = yield* startAll({ confirm: "", work: atOnce })
      const task = yield* submit(hub)
      yield* doneWithOneWake(hub, folder, task)
      yield* takesTheNext(hub, folder)
    }))

  it.live("an agent that answers before it confirms: done with one wake", () =>
    Effect.gen(function*() {
      const { folder, hub } = yield* startAll({
        confirm: answered,
        work: `${untilThere("go")}; ${confirmed}`,
        answer: ""
      })
      const task = yield* submit(hub)
      yield* doneWithOneWake(hub, folder, task)
      const [pid = 0] = folder.wakes(task.id)
      yield* folder.letGo
      yield* until("the agent is gone, and its sign with it", () =>
        !isAlive(pid) && !existsSync(folder.file(`results/${task.id}.started`)))
      yield* takesTheNext(hub, folder)
    }))

  it.live("an agent that answers twice: its first answer is reported, once", () =>
    Effect.gen(function*() {
      const { folder, hub } = yield* startAll({
        work: answered,
        answer: `if [ -e go ]; then exit 0; fi; ${untilThere("go")}
printf '{"status":"failed","reason":"on second thoughts"}' > again; mv again "$RESULTS_DIR/$TASK_ID.json"`
      })
      const task = yield* submit(hub)
      yield* doneWithOneWake(hub, folder, task)
      yield* takesTheNext(hub, folder)
      assert.strictEqual(countOf(hub, "task_complete"), 2) // one for each task
      yield* doneWithOneWake(hub, folder, task)
    }))

  it.live(
    "a command that lasts as long as the agent's turn and ends with 0 without an answer: failed after 10 s",
    () => failsOnce({ answer: `${inPlaceOfTheAnswer}; ${answered}` }, { wake_command_blocks: true }, "exit code 0")
  )

  it.live(
    "one that ends with 0 and has not even confirmed: failed after 10 s",
    () => failsOnce({ before: inPlaceOfTheAnswer }, { wake_command_blocks: true }, "exit code 0")
  )

  it.live("one that works on and never answers: stopped when its time is over, and the task fails", () =>
    failsOnce(
      { work: "if [ ! -e met ]; then : > met; while :; do sleep 0.1; done; fi" },
      { task_timeout_ms: 3_000 },
      "3000 ms"
    ))

  it.live("one that ends with an error after it confirmed: failed after 10 s with what it said", () =>
    failsOnce(
      {
        work: untilThere("seen"),
        answer: `if [ ! -e met ]; then : > met; echo out of tokens; exit 9; fi; ${answered}`
      },
      {},
      "exit code 9: out of tokens",
      ({ daemon, folder }) =>
        Effect.andThen(
          until("it is seen at work", () => daemon.events("agent_started").length === 1),
          folder.write("seen", "")
        )
    ))

  it.live("one whose end is seen before its confirmation, which was there first: the same", () =>
    failsOnce(
      {
        // The watcher is blind to the new folder until its next rescan.
        before: "if [ ! -e met ]; then sleep 1; mv \"$RESULTS_DIR\" old; mkdir \"$RESULTS_DIR\"; fi",
        answer: `if [ ! -e met ]; then : > met; echo out of tokens; exit 9; fi; ${answered}`
      },
      {},
      "exit code 9: out of tokens"
    ))

  it.live("an answer that comes within those 10 s is reported", () =>
    Effect.gen(function*() {
      const { daemon, folder, hub } = yield* startAll({ work: atOnce, answer: "exit 1" })
      const task = yield* submit(hub)
      yield* until("the agent has ended", () => daemon.events("wake_ended").length === 1)
      yield* folder.write(`results/${task.id}.json`, `{"status":"success","output":"done"}`)
      yield* doneWithOneWake(hub, folder, task)
    }))

  it.live(
    "a command that only starts the agent: done with one wake when that has answered",
    () =>
      Effect.gen(function*() {
        const { daemon, folder, hub } = yield* startAll({
          work: `(${untilThere("go")}; ${answered}) & exit 0`,
          answer: ""
        })
        const task = yield* submit(hub)
        yield* until("the command has ended", () => daemon.events("wake_ended").length === 1)
        yield* folder.letGo
        yield* doneWithOneWake(hub, folder, task)
        yield* takesTheNext(hub, folder)
      })
  )

  it.live(
    "one that ends while the results folder cannot be read: done with one wake when it can be",
    () =>
      Effect.gen(function*() {
        const { daemon, folder, hub } = yield* startAll({
          work: untilThere("go"),
          answer: `printf '{"status":"success","output":"done"}' > "away/$TASK_ID.json"`
        }, { wake_command_blocks: true })
        const task = yield* submit(hub)
        yield* until("it is seen at work", () => daemon.events("agent_started").length === 1)
        renameSync(folder.file("results"), folder.file("away"))
        symlinkSync("results", folder.file("results"))
        yield* folder.letGo
        yield* until("it was looked for in vain", () => daemon.events("agent_stopping").length === 1)
        rmSync(folder.file("results"))
        renameSync(folder.file("away"), folder.file("results"))
        yield* doneWithOneWake(hub, folder, task)
      })
  )

  lastsThrough("the results folder is deleted", (folder) => rmSync(folder.file("results"), { recursive: true }), {
    answer: `while [ ! -d "$RESULTS_DIR" ]; do sleep 0.02; done; ${answered}`
  })

  lastsThrough("the results folder is deleted and made again", (folder) => {
    rmSync(folder.file("results"), { recursive: true })
    mkdirSync(folder.file("results"))
  })

  lastsThrough("the results folder is moved away and made again", (folder) => {
    renameSync(folder.file("results"), folder.file("elsewhere"))
    mkdirSync(folder.file("results"))
  })

  lastsThrough("the tasks folder is deleted", (folder) => rmSync(folder.file("tasks"), { recursive: true }))
})
