import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import {
  agentId,
  answered,
  atOnce,
  type Daemon,
  frames,
  isAlive,
  makeFolder,
  startDaemon,
  startHub,
  submit,
  typesOf,
  until
} from "../support/daemon.ts"
import { untilThere } from "../support/gate.ts"
import { countOf, doneWithOneWake, identifications, takesTheNext, untilAtWork } from "../support/outcomes.ts"

/** A command that only starts the agent, which confirms, waits and answers when it is told to. */
const launching = (meanwhile: string) => ({
  confirm: "",
  work: `(${untilThere("confirm")}; : > "$RESULTS_DIR/$TASK_ID.started"
${untilThere("go")}; ${answered}) &
${meanwhile}
exit 0`,
  answer: ""
})

const endsWhileItIsDown = untilThere("down")

/** The daemon is stopped and started again while its agent has not confirmed yet. */
const restartUnconfirmed = (signal: NodeJS.Signals, meanwhile: string, stop_at: (daemon: Daemon) => boolean) =>
  Effect.gen(function*() {
    const hub = yield* startHub()
    const folder = yield* makeFolder(hub, launching(meanwhile))
    const first = yield* startDaemon(folder)
    const task = yield* submit(hub)
    yield* until("the agent is awake", () => folder.wakes(task.id).length === 1 && stop_at(first))
    yield* first.signal(signal)
    yield* first.ended
    const [pid = 0] = folder.wakes(task.id)
    folder.touch("down")
    yield* until("the command has ended", () => !isAlive(pid))
    const second = yield* startDaemon(folder)
    yield* hub.waitFor(() => countOf(hub, "task_accepted") === 2)
    folder.touch("confirm")
    yield* until("it sees the agent confirm", () => second.events("agent_started").length === 1)
    yield* folder.letGo
    yield* doneWithOneWake(hub, folder, task)
    yield* takesTheNext(hub, folder)
  })

describe.concurrent("a crash of the daemon", () => {
  it.live(
    "SIGKILL while the agent works: the agent is not disturbed, its answer is reported",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub)
        const first = yield* startDaemon(folder)
        const task = yield* submit(hub)
        yield* untilAtWork(folder, task)
        yield* first.kill
        const second = yield* startDaemon(folder)
        yield* until("it knows the task again", () => second.events("recovery_found").length === 1)
        yield* hub.waitFor(() => identifications(hub) === 2)
        yield* folder.letGo
        yield* doneWithOneWake(hub, folder, task)
      })
  )

  it.live("SIGKILL between the spawn and `.started`: no second wake", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, {
        confirm: `${untilThere("confirm")}; : > "$RESULTS_DIR/$TASK_ID.started"`,
        work: atOnce
      })
      const first = yield* startDaemon(folder)
      const task = yield* submit(hub)
      yield* until("the agent is awake", () => folder.wakes(task.id).length === 1)
      yield* first.kill
      const second = yield* startDaemon(folder)
      yield* until("it found the agent", () => second.events("agent_found_at_work").length > 0)
      folder.touch("confirm")
      yield* doneWithOneWake(hub, folder, task)
    }))

  it.live("an answer written while the daemon is down is reported when it is back", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub)
      const first = yield* startDaemon(folder)
      const task = yield* submit(hub)
      yield* untilAtWork(folder, task)
      yield* first.kill
      yield* folder.letGo
      const [pid = 0] = folder.wakes(task.id)
      yield* until("the agent has answered and ended", () =>
        !isAlive(pid) && existsSync(folder.file(`results/${task.id}.json`)))
      yield* startDaemon(folder)
      yield* doneWithOneWake(hub, folder, task)
      yield* takesTheNext(hub, folder)
    }))

  it.live("an answer written while the daemon and the hub are both away is not lost", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub)
      const first = yield* startDaemon(folder)
      const task = yield* submit(hub)
      yield* untilAtWork(folder, task)
      yield* first.kill
      yield* folder.letGo
      yield* until("the answer is there", () => existsSync(folder.file(`results/${task.id}.json`)))
      yield* Effect.all([hub.restartAfter(1_500), startDaemon(folder)], { concurrency: 2 })
      yield* doneWithOneWake(hub, folder, task)
    }))
})

/** Cuts the connection while the agent works, with the hub's answers in the order these delays make. */
const dropMidTask = (
  assignDelayMs: number,
  pushDelayMs: number,
  expected: (received: ReadonlyArray<unknown>) => void
) =>
  Effect.gen(function*() {
    const hub = yield* startHub()
    const folder = yield* makeFolder(hub)
    yield* startDaemon(folder)
    const task = yield* submit(hub)
    yield* untilAtWork(folder, task)
    yield* hub.waitFor(() => countOf(hub, "task_accepted") === 1)
    yield* hub.setDelays({ assignDelayMs, pushDelayMs })
    const before = frames(hub, "in").length
    yield* hub.dropAgent(agentId)
    yield* hub.waitFor(() => (hub.task(task.id)?.generation ?? 0) >= 3 && identifications(hub) === 2)
    yield* hub.waitFor(() => countOf(hub, "task_accepted") >= 2)
    yield* folder.letGo
    yield* doneWithOneWake(hub, folder, task)
    expected(typesOf(hub, "in").slice(before).filter((type) => type === "task_assign" || type === "state_report_ack"))
    assert.strictEqual(frames(hub, "out").find(({ type }) => type === "task_complete")?.["generation"], 3)
  })

describe.concurrent("a restart beside an agent that was only started and has not confirmed", () => {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    it.live(
      `${signal} after its command has ended: one wake`,
      () => restartUnconfirmed(signal, "", (daemon) => daemon.events("wake_ended").length === 1)
    )

    it.live(
      `${signal} before its command ends: one wake`,
      () => restartUnconfirmed(signal, endsWhileItIsDown, () => true)
    )
  }
})

const slow_ms = 3_000 // by which the hub is slower than the daemon's question, on any machine

describe.concurrent("a drop while the agent works", () => {
  it.live(
    "the hub denies the old generation before it assigns the new one",
    () => dropMidTask(slow_ms, 0, (received) => assert.deepStrictEqual(received, ["state_report_ack", "task_assign"]))
  )

  it.live(
    "the hub assigns the new generation before it reads the question",
    () => dropMidTask(0, 0, (received) => assert.include(received, "task_assign"))
  )

  it.live(
    "the assignment is in the books before the question, and is pushed after the answer",
    () => dropMidTask(0, slow_ms, (received) => assert.deepStrictEqual(received, ["state_report_ack", "task_assign"]))
  )

  it.live("an answer written while offline is reported under the new generation", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub)
      yield* startDaemon(folder)
      const task = yield* submit(hub)
      yield* untilAtWork(folder, task)
      yield* Effect.all([hub.restartAfter(1_000), folder.letGo], { concurrency: 2 })
      yield* doneWithOneWake(hub, folder, task)
      yield* takesTheNext(hub, folder)
    }))

  it.live(
    "a hub that restarts in the middle of a task is accepted to again, so that it does not take it back",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub)
        yield* startDaemon(folder)
        const task = yield* submit(hub)
        yield* untilAtWork(folder, task)
        yield* hub.restart
        yield* hub.waitFor(() => typesOf(hub, "out").filter((type) => type === "task_accepted").length === 2)
        yield* hub.advance(61_000)
        assert.strictEqual(hub.task(task.id)?.generation, 1)
        yield* folder.letGo
        yield* doneWithOneWake(hub, folder, task)
      })
  )
})

describe("one daemon a folder", () => {
  it.live(
    "a second one is refused with 73 in one sentence, and a killed one never blocks a start",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub, { work: atOnce })
        const first = yield* startDaemon(folder)
        yield* until("the first is up", () => first.events("identified").length === 1)
        const second = yield* startDaemon(folder)
        assert.strictEqual(yield* second.ended, 73)
        assert.include(second.output(), `held by the sidecar with pid ${first.pid}, since 20`)
        assert.lengthOf(second.output().trim().split("\n"), 1)
        yield* first.kill
        const third = yield* startDaemon(folder)
        const task = yield* submit(hub)
        yield* doneWithOneWake(hub, folder, task)
        assert.isEmpty(third.events("fiber_died"))
      })
  )
})
