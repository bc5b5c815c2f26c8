import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"
import type { HubTask } from "../../src/dev/DevHub.ts"
import { submit, until, untilStatus } from "../support/daemon.ts"
import { countOf, identifications } from "../support/outcomes.ts"
import { startOnSmallDisk } from "../support/smallDisk.ts"

const tasks_in_a_row = 1_000
const warm_after = 40
const measured = 20 // tasks at the start and at the end

/** The hub takes 60 task frames a minute of an agent, and three go for each task. */
const hub_ms_per_task = 4_000

const residentKib = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1])

const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length

const wake_command = `echo "$TASK_ID $$" >> ../wakes.log
printf '%s' "{\\"status\\":\\"success\\",\\"output\\":\\"$TASK_ID\\"}" > "$RESULTS_DIR/$TASK_ID.json"`

/** V8 lets the space of its young objects grow as long as there is memory, which would hide a leak of ours. */
const steady = { NODE_OPTIONS: "--import=/tmp/mem.mjs --max-semi-space-size=1" }

/** What a process takes, measured after each of some tasks: the least of it, as a collection may be due at any moment. */
const makeMeter = (pid: number) => {
  const least = { resident: Infinity, files: Infinity }
  const measure = () => {
    least.resident = Math.min(least.resident, residentKib(pid))
    least.files = Math.min(least.files, openFiles(pid))
  }
  return { least, measure }
}

/** Has the tasks done one after the other, the next one waiting in the queue of the hub; measured at both ends. */
const doInARow = ({ daemon, hub }: Pick<Effect.Success<ReturnType<typeof startOnSmallDisk>>, "daemon" | "hub">) =>
  Effect.gen(function*() {
    const tasks: Array<HubTask> = []
    const [start, end] = [makeMeter(daemon.pid), makeMeter(daemon.pid)]
    let next = yield* submit(hub, "task 1")
    for (let n = 1; n <= tasks_in_a_row; n++) {
      const task = next
      tasks.push(task)
      if (n < tasks_in_a_row) next = yield* submit(hub, `task ${n + 1}`)
      yield* untilStatus(hub, task, "completed")
      yield* hub.advance(hub_ms_per_task)
      if (n > warm_after && n <= warm_after + measured) start.measure()
      if (n > tasks_in_a_row - measured) end.measure()
      if (n === 60 || n % 200 === 0) { yield* daemon.signal("SIGUSR2"); yield* Effect.sleep(100) }
    }
    return { tasks, start: start.least, end: end.least }
  })

describe("a thousand tasks in a row", () => {
  it.live(
    "are each done once with one wake, in the memory that the first fifty took, and leave no file behind",
    () =>
      Effect.gen(function*() {
        const all = yield* startOnSmallDisk({}, { wake_command, log_file: "../sidecar.log" }, steady)
        const { daemon, folder, hub } = all
        const [took, { end, start, tasks }] = yield* Effect.timed(doInARow(all))
        const mebibytes = (kib: number) => `${(kib / 1024).toFixed(1)} MiB`
        console.log(
          `${tasks_in_a_row} tasks in ${Math.round(Duration.toSeconds(took))} s; resident memory ` +
            `${mebibytes(start.resident)} after ${warm_after + measured} tasks, ${mebibytes(end.resident)} at the end`
        )
        console.log(daemon.output().split("\n").filter((l) => l.startsWith("MEM")).join("\n"))
        assert.isBelow(end.resident, start.resident * 1.3)
        assert.isAtMost(end.files, start.files + 5)

        const woken = folder.read("wakes.log").trimEnd().split("\n").map((line) => line.split(" ")[0])
        assert.deepStrictEqual(woken, tasks.map(({ id }) => id))
        for (const { id } of tasks) assert.deepStrictEqual(hub.task(id)?.result, { status: "success", output: id })
        assert.strictEqual(countOf(hub, "task_complete"), tasks_in_a_row)
        assert.strictEqual(countOf(hub, "task_failed"), 0)
        assert.strictEqual(identifications(hub), 1)
        yield* until(
          "the files of the last are gone",
          () => ["results", "tasks"].every((name) => readdirSync(folder.file(`disk/${name}`)).length === 0)
        )
      }),
    240_000
  )
})
