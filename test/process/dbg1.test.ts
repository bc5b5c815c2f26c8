import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import type { HubTask } from "../../src/dev/DevHub.ts"
import { submit, until, untilStatus } from "../support/daemon.ts"
import { countOf, identifications } from "../support/outcomes.ts"
import { startOnSmallDisk } from "../support/smallDisk.ts"

const tasks_in_a_row = 1_000
const warm_after = 50

/** The hub takes 60 task frames a minute of an agent, and three go for each task. */
const hub_ms_per_task = 4_000

const residentKib = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1])

const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length

const wake_command = `echo "$TASK_ID $$" >> ../wakes.log
printf '%s' "{\\"status\\":\\"success\\",\\"output\\":\\"$TASK_ID\\"}" > answer; mv answer "$RESULTS_DIR/$TASK_ID.json"`

describe("a thousand tasks in a row", () => {
  it.live(
    "are each done once with one wake, in the memory that the first fifty took, and leave no file behind",
    () =>
      Effect.gen(function*() {
        const { daemon, folder, hub } = yield* startOnSmallDisk({}, { wake_command, log_file: "../sidecar.log" }, { NODE_OPTIONS: "--max-semi-space-size=4" })
        const began = performance.now()
        const tasks: Array<HubTask> = []
        let warm = { resident: 0, files: 0 }
        for (let n = 1; n <= tasks_in_a_row; n++) {
          const task = yield* submit(hub, `task ${n}`)
          tasks.push(task)
          yield* untilStatus(hub, task, "completed")
          yield* hub.advance(hub_ms_per_task)
          if (n === warm_after) warm = { resident: residentKib(daemon.pid), files: openFiles(daemon.pid) }
        }
        const resident = residentKib(daemon.pid)
        const seconds = (performance.now() - began) / 1_000
        console.log(
          `${tasks_in_a_row} tasks in ${seconds.toFixed(1)} s; resident memory ${
            (warm.resident / 1024).toFixed(1)
          } MiB after ` +
            `${warm_after} tasks, ${(resident / 1024).toFixed(1)} MiB at the end`
        )
        assert.isBelow(resident, warm.resident * 1.3)
        assert.isAtMost(openFiles(daemon.pid), warm.files + 5)

        const woken = folder.read("wakes.log").trimEnd().split("\n").map((line) => line.split(" ")[0])
        assert.deepStrictEqual(woken, tasks.map(({ id }) => id))
        for (const { id } of tasks) assert.deepStrictEqual(hub.task(id)?.result, { status: "success", output: id })
        assert.strictEqual(countOf(hub, "task_complete"), tasks_in_a_row)
        assert.strictEqual(countOf(hub, "task_failed"), 0)
        assert.strictEqual(identifications(hub), 1)
        yield* until("the files of the last are gone", () => readdirSync(folder.file("disk/tasks")).length === 0)
        assert.deepStrictEqual(readdirSync(folder.file("disk/results")), [])
        assert.isTrue(existsSync(folder.file("disk/queue.json")))
      }),
    180_000
  )
})
