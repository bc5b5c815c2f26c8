import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs"
import { revokeOrRead } from "../../src/process/wakeFiles.ts"
import { noneLeft } from "../support/agentProcesses.ts"
import { atOnce, type Folder, isAlive, makeFolder, startDaemon, startHub, submit, until } from "../support/daemon.ts"
import { untilThere } from "../support/gate.ts"
import { describeWith } from "../support/needs.ts"
import { countOf, doneWithOneWake, startAll, startAtWork, takesTheNext, untilAtWork } from "../support/outcomes.ts"
import { makeSmallDisk } from "../support/smallDisk.ts"

const lose = (folder: Folder) => rmSync(folder.file("tasks"), { recursive: true })

const recordsIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder).filter((name) => name.endsWith(".wake"))

const untilWoken = (folder: Folder) => until("it is woken", () => folder.wakes()[0])

describe.concurrent("a wake record that is lost while the daemon is away", () => {
  for (const wake_command_blocks of [true, false]) {
    const how = wake_command_blocks ? "a blocking agent" : "an agent"
    it.live(`${how} at work: it works on, and answers`, () =>
      Effect.gen(function*() {
        const { daemon: first, folder, hub, task } = yield* startAtWork({}, { wake_command_blocks }, { max_retries: 1 })
        yield* first.kill
        lose(folder)
        const daemon = yield* startDaemon(folder)
        yield* until("it is found at work", () => daemon.events("agent_found_at_work").length > 0)
        yield* folder.letGo
        yield* doneWithOneWake(hub, folder, task)
        yield* takesTheNext(hub, folder)
      }))
  }

  it.live("an agent that has not confirmed: it is waited for, and not woken again", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, {
        confirm: `${untilThere("confirm")}; : > "$RESULTS_DIR/$TASK_ID.started"`
      })
      const first = yield* startDaemon(folder)
      const task = yield* submit(hub, "do it", { max_retries: 1 })
      yield* untilWoken(folder)
      yield* first.kill
      lose(folder)
      const daemon = yield* startDaemon(folder)
      yield* until("it is found at work", () => daemon.events("agent_found_at_work").length > 0)
      folder.touch("confirm")
      yield* untilAtWork(folder, task)
      yield* folder.letGo
      yield* doneWithOneWake(hub, folder, task)
    }))
})

describe.concurrent("a wake record that is lost beside an agent that a restart has found at work", () => {
  it.live("on cancel the agent is stopped before the next is woken", () =>
    Effect.gen(function*() {
      const { daemon: first, folder, hub, task } = yield* startAtWork()
      yield* first.kill
      const daemon = yield* startDaemon(folder)
      yield* until("the task is ours again", () => daemon.events("recovery_settled").length > 0)
      const agents = folder.wakes(task.id)
      lose(folder)
      yield* hub.cancel(task.id)
      const next = yield* submit(hub, "the next")
      yield* until("the next is woken", () => folder.wakes(next.id).length === 1)
      assert.deepStrictEqual(agents.map(isAlive), [false])
      yield* folder.letGo
      yield* doneWithOneWake(hub, folder, next)
    }))
})

/** Notes whether an agent of an earlier wake lives beside it; only a file and its pid tell of one that hides. */
const meets = `for pid in $(cat hidden); do kill -0 $pid && : > met; done`

/** An agent in the background, of the command's group and without its environment, as `sudo` and `su -` leave it. */
const hides = `env -i /bin/sh -c 'echo $$ >> hidden; exec /bin/sleep 300' & while [ ! -s hidden ]; do sleep 0.02; done`

describe.concurrent("an agent that has emptied its environment and is left by its command", () => {
  it.live("is gone before it is woken again", () =>
    Effect.gen(function*() {
      const { folder, hub } = yield* startAll(
        {
          before: `touch hidden; if [ -s hidden ]; then ${meets}; : > again; fi`,
          confirm: "",
          work: hides,
          answer: ""
        },
        { confirmation_timeout_ms: 1_000 }
      )
      const task = yield* submit(hub)
      yield* until("it is woken again", () => existsSync(folder.file("again")), 30_000)
      assert.isFalse(existsSync(folder.file("met")))
      yield* hub.cancel(task.id)
      yield* noneLeft(folder)
    }))

  it.live("is stopped with its task by a daemon that came when its command still ran", () =>
    Effect.gen(function*() {
      const { daemon: first, folder, hub, task } = yield* startAtWork({
        work: `${hides}; ${untilThere("go")}`,
        answer: ""
      })
      yield* until("it lives", () => folder.read("hidden").endsWith("\n"))
      yield* first.kill
      const daemon = yield* startDaemon(folder)
      yield* until("the task is ours again", () => daemon.events("recovery_settled").length > 0)
      yield* folder.letGo
      yield* until("the command has ended", () => daemon.events("wake_ended").length === 1)
      yield* hub.cancel(task.id)
      yield* noneLeft(folder)
    }))
})

/** Leaves so many pages of 4 KiB of the disk. */
const fill = (disk: string, left: number): void => {
  const { bfree, bsize } = statfsSync(disk)
  writeFileSync(`${disk}/filler`, Buffer.alloc((bfree - left) * bsize))
}

describeWith("mount", "a disk with room for the payload and the prompt, and none for the wake record", () => {
  it.live("takes a revocation, which keeps off the launcher by being there", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder(yield* startHub())
      const disk = yield* makeSmallDisk(folder)
      fill(disk, 0)
      assert.strictEqual(yield* revokeOrRead(`${disk}/t1.g1a1t1.wake`), "revoked")
      assert.deepStrictEqual(recordsIn(disk), ["t1.g1a1t1.wake"])
    }))

  it.live(
    "nothing is woken nor counted, no record piles up, and the wake is made soon after there is room",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub, { work: atOnce }, { tasks_dir: "disk" })
        const disk = yield* makeSmallDisk(folder)
        const daemon = yield* startDaemon(folder)
        fill(disk, 3) // the file of the task's messages is the third
        const task = yield* submit(hub, "do it", { max_retries: 1 })
        yield* until("it is tried again", () => daemon.events("wake_attempt").length === 3, 40_000)
        assert.isAtMost(recordsIn(disk).length, 1)
        assert.lengthOf(folder.wakes(), 0)
        const trouble = daemon.events("file_trouble").map(({ reason }) => String(reason))
        assert.isTrue(
          trouble.some((reason) => reason.startsWith("the wake record could not be made")),
          trouble.join("\n")
        )
        rmSync(`${disk}/filler`)
        yield* until("it is woken", () => folder.wakes()[0], 8_000)
        yield* doneWithOneWake(hub, folder, task)
        for (const { attempt } of daemon.events("wake_attempt")) assert.strictEqual(attempt, 1)
        assert.lengthOf(daemon.events("wake_failed"), 0)
        assert.strictEqual(countOf(hub, "wake_result"), 1)
      })
  )
})
