import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { emptyStore } from "../../src/domain/SidecarState.ts"
import { type Folder, isAlive, startDaemon, submit, until } from "../support/daemon.ts"
import { untilThere } from "../support/gate.ts"
import { doneWithOneWake, identifications, startAll, startAtWork, takesTheNext } from "../support/outcomes.ts"

const empty = JSON.stringify(emptyStore)

const asideOf = (folder: Folder) => readdirSync(folder.path).filter((name) => name.includes(".corrupt-"))

/** How the state is lost while nobody holds it, and how many files are set aside for it. */
const losses: ReadonlyArray<readonly [string, (path: string) => void, number]> = [
  ["half of it is there", (path) => truncateSync(path, 40), 1],
  ["it is empty", (path) => truncateSync(path, 0), 1],
  ["it is of another shape", (path) => writeFileSync(path, `{"version":1}`), 1],
  ["it is removed", (path) => rmSync(path), 0]
]

describe.concurrent("a state that is lost while the agent works", () => {
  for (const [name, lose, aside] of losses) {
    it.live(`${name}: the agent works on, and the task is done with one wake`, () =>
      Effect.gen(function*() {
        const { daemon, folder, hub, task } = yield* startAtWork()
        yield* daemon.kill
        lose(folder.file("queue.json"))
        const second = yield* startDaemon(folder)
        yield* until("it is adopted", () => second.events("state_adopted").length === 1)
        assert.strictEqual(second.events("state_adopted")[0]?.["task_id"], task.id)
        assert.lengthOf(asideOf(folder), aside)
        yield* folder.letGo
        yield* doneWithOneWake(hub, folder, task)
        assert.isEmpty(second.events("agent_stopping"))
        yield* takesTheNext(hub, folder)
      }))
  }

  it.live("before it has confirmed: its confirmation is waited for", () =>
    Effect.gen(function*() {
      const { daemon, folder, hub } = yield* startAll({ before: untilThere("go") })
      const task = yield* submit(hub)
      yield* until("the agent is woken", () => folder.wakes().length === 1)
      yield* until("that is on disk", () => folder.read("queue.json").includes(`"confirming"`))
      yield* daemon.kill
      rmSync(folder.file("queue.json"))
      const second = yield* startDaemon(folder)
      yield* until("it is found", () => second.events("agent_found_at_work").length === 1)
      yield* folder.letGo
      yield* doneWithOneWake(hub, folder, task)
      assert.isEmpty(second.events("agent_stopping"))
    }))

  it.live(
    "and what the agent was given as well: it is stopped, and the task is done anew",
    () =>
      Effect.gen(function*() {
        const { daemon, folder, hub, task } = yield* startAtWork()
        yield* daemon.kill
        rmSync(folder.file("queue.json"))
        rmSync(folder.file(`tasks/${task.id}.json`))
        const [pid = 0] = folder.wakes()
        const second = yield* startDaemon(folder)
        yield* until("the agent is stopped", () => !isAlive(pid))
        assert.isEmpty(second.events("state_adopted"))
        yield* folder.letGo
        yield* until("it is done", () => hub.task(task.id)?.status === "completed")
      })
  )
})

describe.concurrent("a state that was read is the truth", () => {
  it.live("an agent whose task it does not hold is stopped, and its files are kept", () =>
    Effect.gen(function*() {
      const { daemon, folder, hub, task } = yield* startAtWork()
      yield* hub.intercept(() => "swallow") // nothing is assigned anew
      yield* daemon.kill
      writeFileSync(folder.file("queue.json"), empty)
      const [pid = 0] = folder.wakes()
      const second = yield* startDaemon(folder)
      yield* until("the agent is stopped", () => !isAlive(pid))
      assert.isEmpty(second.events("state_adopted"))
      assert.includeMembers(readdirSync(folder.file("results")), [`${task.id}.started`])
      assert.includeMembers(readdirSync(folder.file("tasks")), [`${task.id}.json`])
    }))
})

describe.concurrent("a state that is there and cannot be read", () => {
  /** The agent is at work, and its state lies behind a link to a disk that is not there at the next start. */
  const behindALink = Effect.gen(function*() {
    const all = yield* startAtWork()
    const { daemon, folder } = all
    yield* daemon.kill
    mkdirSync(folder.file("disk"))
    renameSync(folder.file("queue.json"), folder.file("disk/queue.json"))
    symlinkSync(folder.file("disk/queue.json"), folder.file("queue.json"))
    renameSync(folder.file("disk"), folder.file("away"))
    return { ...all, mount: () => renameSync(folder.file("away"), folder.file("disk")) }
  })

  it.live("for a moment: it is waited for, and the agent works on", () =>
    Effect.gen(function*() {
      const { folder, hub, mount, task } = yield* behindALink
      const second = yield* startDaemon(folder)
      yield* until("it says so", () => second.events("file_trouble").length === 1)
      mount()
      yield* until("it is found", () => second.events("agent_found_at_work").length === 1)
      yield* folder.letGo
      yield* doneWithOneWake(hub, folder, task)
      assert.isEmpty(asideOf(folder))
      assert.isEmpty(second.events("state_adopted"))
    }))

  it.live(
    "for good: the end with 74, in one sentence; the agent works on, and the next start goes on from it",
    () =>
      Effect.gen(function*() {
        const { folder, hub, mount, task } = yield* behindALink
        yield* hub.waitFor(() => hub.connections() === 0) // that of the first is closed
        const second = yield* startDaemon(folder)
        assert.strictEqual(yield* second.ended, 74)
        const sentences = second.output().split("\n").filter((line) => line.startsWith("agentcom-sidecar: "))
        assert.lengthOf(sentences, 1)
        assert.include(sentences[0], `${folder.file("queue.json")} could not be read: ENOENT`)
        assert.isEmpty(second.events("ws_connected"))
        assert.strictEqual(identifications(hub), 1)
        assert.strictEqual(hub.connections(), 0)
        assert.isTrue(folder.wakes().every(isAlive))
        mount()
        yield* startDaemon(folder)
        yield* folder.letGo
        yield* doneWithOneWake(hub, folder, task)
      })
  )

  it.live("as a newer version wrote it: the end with 78, and it stays as it is", () =>
    Effect.gen(function*() {
      const { daemon, folder } = yield* startAtWork()
      yield* daemon.kill
      const newer = `{"version":3,"tasks":[{"task_id":"a"}]}`
      writeFileSync(folder.file("queue.json"), newer)
      const second = yield* startDaemon(folder)
      assert.strictEqual(yield* second.ended, 78)
      assert.include(second.output(), "was written by a newer agentcom-sidecar")
      assert.strictEqual(folder.read("queue.json"), newer)
      assert.isTrue(folder.wakes().every(isAlive))
      assert.isEmpty(asideOf(folder))
    }))
})
