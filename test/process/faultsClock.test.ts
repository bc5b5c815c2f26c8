import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { atOnce, type Folder, makeFolder, startDaemon, startHub, submit, until, untilStatus } from "../support/daemon.ts"
import { countOf, doneWithOneWake, identifications, takesTheNext, untilAtWork } from "../support/outcomes.ts"

const day_s = 86_400

const clock = pathToFileURL(join(import.meta.dirname, "../support/shiftedClock.ts")).href

/** The wall clock of the daemon jumps; what the agent writes from then on bears the new time, too. */
const jump = (folder: Folder, by_s: number) =>
  Effect.sync(() => {
    writeFileSync(folder.file("offset.tmp"), String(by_s * 1000))
    renameSync(folder.file("offset.tmp"), folder.file("offset"))
  })

/** Writes the answer as a machine whose clock has jumped would. */
const answer = `offset=$(cat offset 2>/dev/null || echo 0)
printf '%s' '{"status":"success","output":"done"}' > result.tmp
touch -d "@$(($(date +%s) + offset / 1000))" result.tmp
mv result.tmp "$RESULTS_DIR/$TASK_ID.json"`

const start = (script: { readonly work?: string; readonly answer?: string }, config = {}) =>
  Effect.gen(function*() {
    const hub = yield* startHub()
    const folder = yield* makeFolder(hub, { answer, ...script }, config)
    const daemon = yield* startDaemon(folder, {
      NODE_OPTIONS: `--import=${clock}`,
      CLOCK_OFFSET_FILE: folder.file("offset")
    })
    const task = yield* submit(hub, "do it", { max_retries: 1 })
    yield* untilAtWork(folder, task)
    return { hub, folder, daemon, task }
  })

for (const [name, by_s] of [["forward", day_s], ["back", -day_s]] as const) {
  describe.concurrent(`the wall clock jumps a day ${name}`, () => {
    it.live("while the agent works: the task is done with one wake, and the next comes", () =>
      Effect.gen(function*() {
        const { daemon, folder, hub, task } = yield* start({})
        yield* jump(folder, by_s)
        yield* folder.letGo
        yield* doneWithOneWake(hub, folder, task)
        yield* takesTheNext(hub, folder)
        assert.strictEqual(identifications(hub), 1)
        const last = Date.parse(String(daemon.events().at(-1)?.["ts"]))
        assert.closeTo(last, Date.now() + by_s * 1000, 60_000)
      }), 40_000)

    it.live("while the agent writes its answer in parts: it is reported when it is whole", () =>
      Effect.gen(function*() {
        const { folder, hub, task } = yield* start({
          work: `printf '{"status":"success",' > "$RESULTS_DIR/$TASK_ID.json"; while [ ! -e go ]; do sleep 0.02; done`,
          answer: `printf '"output":"done"}' >> "$RESULTS_DIR/$TASK_ID.json"`
        })
        yield* jump(folder, by_s)
        yield* Effect.sleep(6_000) // a rescan that finds it in parts
        yield* folder.letGo
        yield* doneWithOneWake(hub, folder, task)
      }), 40_000)

    it.live("after the agent wrote an answer that is none: the task fails as soon as ever", () =>
      Effect.gen(function*() {
        const { folder, hub, task } = yield* start({
          work: atOnce,
          answer: `echo nonsense > "$RESULTS_DIR/$TASK_ID.json"; : > written`
        })
        yield* until("it is written", () => folder.read("wakes.log") !== "")
        yield* jump(folder, by_s)
        yield* untilStatus(hub, task, "dead_letter", 20_000)
        assert.strictEqual(countOf(hub, "task_failed"), 1)
        assert.lengthOf(folder.wakes(task.id), 1)
      }), 40_000)
  })
}
