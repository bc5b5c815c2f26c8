import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { HubTask } from "../../src/dev/DevHub.ts"
import { submit, until, untilStatus } from "../support/daemon.ts"
import { countOf, identifications } from "../support/outcomes.ts"
import { startOnSmallDisk } from "../support/smallDisk.ts"

const tasks_in_a_row = 1_000
const warm_after = 60
const measured = 20 // the last tasks of those after which memory is measured
const warm_objects_after = 200
const watched_for_objects = 500

/** The hub takes 60 task frames a minute of an agent, and three go for each task. */
const hub_ms_per_task = 4_000

const residentKib = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1])

const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length

const wake_command = `echo "$TASK_ID $$" >> ../wakes.log
printf '%s' "{\\"status\\":\\"success\\",\\"output\\":\\"$TASK_ID\\"}" > "$RESULTS_DIR/$TASK_ID.json"`

/** V8 lets the space of its young objects grow as long as there is memory, which would hide a leak of ours. */
const steady = "--max-semi-space-size=1"

type All = Effect.Success<ReturnType<typeof startOnSmallDisk>>

/** Has the tasks done one after the other, the next one waiting in the queue of the hub. */
const doInARow = Effect.fnUntraced(
  function*({ hub }: All, count: number, afterEach: (done: number) => Effect.Effect<void>) {
    const tasks: Array<HubTask> = []
    let next = yield* submit(hub, "task 1")
    for (let n = 1; n <= count; n++) {
      const task = next
      tasks.push(task)
      if (n < count) next = yield* submit(hub, `task ${n + 1}`)
      yield* untilStatus(hub, task, "completed")
      yield* hub.advance(hub_ms_per_task)
      yield* afterEach(n)
    }
    return tasks
  }
)

/** What a process takes, measured after each of the last of so many tasks: the least of it, as a collection may be due. */
const makeMeter = (pid: number, tasks: number) => {
  const least = { resident: Infinity, files: Infinity }
  const measure = (done: number) => {
    if (done <= tasks - measured || done > tasks) return
    least.resident = Math.min(least.resident, residentKib(pid))
    least.files = Math.min(least.files, openFiles(pid))
  }
  return { least, measure }
}

const folderOfSnapshots = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "sidecar-heap-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
)

interface Snapshot {
  readonly snapshot: { readonly meta: { readonly node_fields: ReadonlyArray<string> } }
  readonly nodes: ReadonlyArray<number>
}

const parsed = (path: string): Snapshot | undefined => {
  try {
    return JSON.parse(readFileSync(path, "utf8"))
  } catch {
    return undefined // it is being written
  }
}

/** How many objects of a process live, and what they take in KiB, after a full collection. */
const liveObjects = Effect.fnUntraced(function*(pid: number, folder: string) {
  process.kill(pid, "SIGUSR2")
  const { nodes, snapshot } = yield* until("the snapshot", () => {
    const name = readdirSync(folder)[0]
    return name === undefined ? undefined : parsed(join(folder, name))
  }, 60_000)
  for (const name of readdirSync(folder)) rmSync(join(folder, name))
  const { node_fields } = snapshot.meta
  const isSize = (index: number) => index % node_fields.length === node_fields.indexOf("self_size")
  const bytes = nodes.reduce((sum, field, index) => isSize(index) ? sum + field : sum, 0)
  return { count: nodes.length / node_fields.length, kib: bytes / 1024 }
})

const mebibytes = (kib: number) => `${(kib / 1024).toFixed(1)} MiB`

describe("tasks in a row", () => {
  it.live(
    "are a thousand times done once with one wake, and leave no file behind, in memory that does not grow with them",
    () =>
      Effect.gen(function*() {
        const all = yield* startOnSmallDisk({}, { wake_command, log_file: "../sidecar.log" }, { NODE_OPTIONS: steady })
        const { daemon, folder, hub } = all
        const start = makeMeter(daemon.pid, warm_after)
        const middle = makeMeter(daemon.pid, tasks_in_a_row / 2)
        const end = makeMeter(daemon.pid, tasks_in_a_row)
        const measure = (done: number) =>
          Effect.sync(() => {
            for (const meter of [start, middle, end]) meter.measure(done)
          })
        const [took, tasks] = yield* Effect.timed(doInARow(all, tasks_in_a_row, measure))
        console.log(
          `${tasks_in_a_row} tasks in ${Math.round(Duration.toSeconds(took))} s; resident memory ` +
            `${mebibytes(start.least.resident)} after ${warm_after} tasks, ${
              mebibytes(middle.least.resident)
            } in the ` +
            `middle, ${mebibytes(end.least.resident)} at the end`
        )
        assert.isBelow(end.least.resident, middle.least.resident * 1.1)
        assert.isAtMost(end.least.files, start.least.files + 5)

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

  it.live("leave no object behind", () =>
    Effect.gen(function*() {
      const folder = yield* folderOfSnapshots
      const NODE_OPTIONS = `${steady} --heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${folder}`
      const all = yield* startOnSmallDisk({}, { wake_command, log_file: "../sidecar.log" }, { NODE_OPTIONS })
      const nothing = () => Effect.void
      yield* doInARow(all, warm_objects_after, nothing)
      const start = yield* liveObjects(all.daemon.pid, folder)
      yield* doInARow(all, watched_for_objects, nothing)
      const end = yield* liveObjects(all.daemon.pid, folder)
      console.log(
        `live objects: ${start.count} (${mebibytes(start.kib)}) after ${warm_objects_after} tasks, ` +
          `${end.count} (${mebibytes(end.kib)}) after ${watched_for_objects} more`
      )
      assert.isBelow(end.count - start.count, watched_for_objects)
    }), 240_000)
})
