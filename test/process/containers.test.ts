import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { cpSync, existsSync, lstatSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import type { DevHub, HubTask } from "../../src/dev/DevHub.ts"
import { emptyStore } from "../../src/domain/SidecarState.ts"
import { noneLeft } from "../support/agentProcesses.ts"
import { asContainer, leftContainer, makeContained } from "../support/containers.ts"
import {
  type AgentScript,
  answered,
  type Daemon,
  type Folder,
  frames,
  isAlive,
  makeFolder,
  startDaemon,
  startHub,
  submit,
  token,
  until,
  untilStatus
} from "../support/daemon.ts"
import { describeWith } from "../support/needs.ts"
import { countOf, doneWithOneWake, identifications, untilAtWork } from "../support/outcomes.ts"

const start = (folder: Folder, through: ReadonlyArray<string> = []) =>
  startDaemon(folder, {}, "config.json", [], through)

const untilRecorded = (folder: Folder, { id }: HubTask) =>
  until("its wake is recorded", () =>
    existsSync(folder.file("tasks")) &&
    readdirSync(folder.file("tasks")).some((name) => name.startsWith(id) && name.endsWith(".wake")))

const failures = (hub: DevHub) => frames(hub, "out").filter(({ type }) => type === "task_failed")

/** What no copy takes along: FIFOs and sockets, and what the lock and the control socket have made. */
const isAlone = (path: string): boolean => {
  const stats = lstatSync(path)
  return stats.isFIFO() || stats.isSocket() || /[/](?:lock[^/]*|control\.json)$/.test(path)
}

describeWith("process namespaces", "a container that is restarted", () => {
  /** The hub gives a task anew to whom it has lost, and so it is begun anew, long before its agent has been silent for long. */
  const begunAnew = (script: AgentScript, config: Record<string, unknown>, mayKill: (first: Daemon) => boolean) =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeContained(hub, script, config)
      const first = yield* start(folder, asContainer)
      const task = yield* submit(hub)
      yield* until("it may be killed", () => first.events("agent_started").length === 1 && mayKill(first))
      yield* first.kill
      yield* noneLeft(folder)
      yield* start(folder, asContainer)
      yield* until("the agent is woken anew", () => folder.woken() === 2, 60_000)
      yield* folder.letGo
      yield* untilStatus(hub, task, "completed", 60_000)
      assert.strictEqual(folder.woken(), 2)
      assert.lengthOf(failures(hub), 0)
    })

  for (const wake_command_blocks of [true, false]) {
    it.live(
      `while its agent works: that has ended, and the task is begun anew (wake_command_blocks ${wake_command_blocks})`,
      () => begunAnew({}, { wake_command_blocks }, () => true)
    )
  }

  it.live("while what its command has started works: that has ended as well", () =>
    begunAnew(
      {
        confirm: "",
        work: `(: > "$RESULTS_DIR/$TASK_ID.started"; while [ ! -e go ]; do sleep 0.02; done; ${answered}) &`,
        answer: "exit 0"
      },
      {},
      (first) => first.events("wake_ended").length === 1
    ), 150_000)

  it.live("before its agent confirms: the next attempt is made, and done", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeContained(hub, {
        confirm: `while [ ! -e confirm ]; do sleep 0.02; done; : > "$RESULTS_DIR/$TASK_ID.started"`
      })
      const first = yield* start(folder, asContainer)
      const task = yield* submit(hub)
      yield* until("the agent is awake", () => folder.woken() === 1)
      yield* untilRecorded(folder, task)
      yield* first.kill
      yield* noneLeft(folder)
      folder.touch("confirm")
      folder.touch("go")
      yield* start(folder, asContainer)
      yield* untilStatus(hub, task, "completed", 60_000)
      assert.strictEqual(folder.woken(), 2)
      assert.lengthOf(failures(hub), 0)
    }))
})

describeWith("process namespaces", "an agent that lives on in another container", () => {
  it.live("gets no second one beside it, and its answer is reported", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeContained(hub)
      yield* start(folder, leftContainer(folder))
      const task = yield* submit(hub)
      yield* untilAtWork(folder, task)
      folder.touch("stop")
      const second = yield* start(folder, asContainer)
      yield* until("it is found at work", () => second.events("agent_found_at_work").length === 1, 30_000)
      yield* folder.letGo
      yield* untilStatus(hub, task, "completed", 60_000)
      assert.strictEqual(folder.woken(), 1)
      assert.lengthOf(failures(hub), 0)
    }))

  it.live("and ends there: that is known at once", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeContained(hub, {}, { wake_command_blocks: true })
      const first = yield* start(folder, leftContainer(folder))
      const task = yield* submit(hub)
      yield* untilAtWork(folder, task)
      folder.touch("stop")
      const second = yield* start(folder)
      yield* until("it is found at work", () => second.events("agent_found_at_work").length === 1, 30_000)
      yield* first.kill
      yield* hub.waitFor(() => failures(hub).length === 1, 60_000)
      assert.strictEqual(folder.woken(), 1)
    }))

  it.live("is waited for where its task is over", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeContained(hub)
      const first = yield* start(folder, leftContainer(folder))
      const task = yield* submit(hub)
      yield* untilAtWork(folder, task)
      folder.touch("stop")
      yield* hub.waitFor(() => hub.connections() === 0) // the first daemon saves no more
      writeFileSync(folder.file("queue.json"), JSON.stringify(emptyStore), { mode: 0o600 })
      const second = yield* start(folder, asContainer)
      yield* until("it is out of reach", () => second.events("agent_out_of_reach").length === 1, 30_000)
      assert.strictEqual(folder.woken(), 1)
      yield* first.kill
      yield* until("the next one is woken", () => folder.woken() === 2, 60_000)
      yield* folder.letGo
      yield* untilStatus(hub, task, "completed", 60_000)
    }))
})

describe.concurrent("a folder", () => {
  it.live("that is a copy neither adopts nor stops the agent of the original", () =>
    Effect.gen(function*() {
      const hub = yield* startHub({ registerTokens: { tester: token, copy: `${token}-copy` } })
      const folder = yield* makeFolder(hub, {}, { wake_command_blocks: true })
      const first = yield* startDaemon(folder)
      const task = yield* submit(hub)
      yield* until("it has confirmed", () => first.events("agent_started").length === 1)
      const copied = join(dirname(folder.path), `${basename(folder.path)}-copy`)
      yield* Effect.acquireRelease(
        Effect.sync(() => cpSync(folder.path, copied, { recursive: true, filter: (path) => !isAlone(path) })),
        () => Effect.sync(() => rmSync(copied, { recursive: true, force: true }))
      )
      const copy: Folder = { ...folder, path: copied, file: (name) => join(copied, name) }
      const config = folder.read("config.json").replace("tester", "copy").replace(token, `${token}-copy`)
      writeFileSync(copy.file("config.json"), config)
      const other = yield* startDaemon(copy)
      yield* until("the copy has given the task up", () => other.events("recovery_settled").length > 0, 60_000)
      yield* other.kill
      assert.isTrue(folder.wakes(task.id).every(isAlive))
      assert.lengthOf(other.events("agent_found_at_work"), 0)
      yield* folder.letGo
      yield* doneWithOneWake(hub, folder, task)
    }))

  it.live(
    "whose tasks/ leads nowhere at a start connects to nothing and wakes nobody, until it is back",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub)
        const first = yield* startDaemon(folder)
        const task = yield* submit(hub)
        yield* untilAtWork(folder, task)
        yield* first.kill
        renameSync(folder.file("tasks"), folder.file("tasks.away"))
        symlinkSync(folder.file("nowhere"), folder.file("tasks"))
        const second = yield* startDaemon(folder)
        yield* until("it has said what cannot be read", () => second.events("file_trouble").length > 0, 30_000)
        assert.strictEqual(identifications(hub), 1)
        assert.strictEqual(countOf(hub, "task_accepted"), 1)
        rmSync(folder.file("tasks"))
        renameSync(folder.file("tasks.away"), folder.file("tasks"))
        yield* hub.waitFor(() => identifications(hub) === 2, 30_000)
        yield* folder.letGo
        yield* doneWithOneWake(hub, folder, task)
      })
  )

  it.live("whose tasks/ stays so ends the daemon with 74, and its agent works on", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub)
      const first = yield* startDaemon(folder)
      const task = yield* submit(hub)
      yield* untilAtWork(folder, task)
      yield* first.kill
      renameSync(folder.file("tasks"), folder.file("tasks.away"))
      symlinkSync(folder.file("nowhere"), folder.file("tasks"))
      const second = yield* startDaemon(folder)
      assert.strictEqual(yield* second.ended, 74)
      assert.include(second.output(), folder.file("tasks"))
      assert.isTrue(folder.wakes(task.id).every(isAlive))
    }))
})
