import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import { promisify } from "node:util"
import { parseExact } from "../../src/text/json.ts"
import {
  agentId,
  atOnce,
  frames,
  isAlive,
  makeFolder,
  startDaemon,
  startHub,
  submit,
  until,
  untilStatus
} from "../support/daemon.ts"
import { startAll, takesTheNext, untilAtWork } from "../support/outcomes.ts"

const long = "\"n\":12345678901234567890,\"l\":[-9007199254740993]"

/** Answers with the whole of its task, and tells of it as progress first. */
const echo = {
  confirm: ": > \"$RESULTS_DIR/$TASK_ID.started\"; cp \"$TASK_FILE\" \"$RESULTS_DIR/$TASK_ID.progress\"",
  answer: `{ printf '{"status":"success",${long},"huge":1e400,"task":'; cat "$TASK_FILE"; printf '}'; } > result.tmp
mv result.tmp "$RESULTS_DIR/$TASK_ID.json"`
}

describe.concurrent("values that are hard to hold", () => {
  it.live(
    "long numbers pass unchanged from the task to the agent, over a crash, and from its answer to the hub",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub, echo)
        const first = yield* startDaemon(folder, {}, "config.json", ["--record", folder.file("record.jsonl")])
        const task = yield* submit(hub, "do it", { metadata: parseExact(`{${long}}`) })
        yield* untilAtWork(folder, task)
        assert.include(folder.read(`tasks/${task.id}.json`), long)
        yield* hub.waitFor(() => JSON.stringify(frames(hub, "out").at(-1)).includes("execution_event"))
        yield* first.kill
        assert.include(folder.read("queue.json"), long)
        const { stdout } = yield* Effect.promise(() =>
          promisify(execFile)(process.execPath, [
            resolve("dist/main.js"),
            "status",
            "--json",
            "--config",
            folder.file("config.json")
          ])
        )
        assert.include(stdout, long)
        const second = yield* startDaemon(folder)
        yield* until("the agent is found", () => second.events("agent_found_at_work").length > 0)
        yield* folder.letGo
        yield* untilStatus(hub, task, "completed")
        const [result, progress] = [
          hub.task(task.id)?.result,
          frames(hub, "out").find((sent) => sent["execution_event"])
        ]
        assert.include(JSON.stringify(result), `{"status":"success",${long},"huge":"1e400","task":{`)
        assert.include(JSON.stringify(result).slice(100), long)
        assert.include(JSON.stringify(progress), long)
        assert.include(readFileSync(folder.file("record.jsonl"), "utf8"), long)
        assert.lengthOf(folder.wakes(task.id), 1)
      })
  )

  it.live(
    "a task that holds too much fails with the reason, nobody is woken, and the next one is taken",
    () =>
      Effect.gen(function*() {
        const { daemon, folder, hub } = yield* startAll({ work: atOnce })
        const task = yield* submit(hub, "do it", {
          metadata: { a: Array.from({ length: 200_000 }, () => []) },
          max_retries: 1
        })
        yield* untilStatus(hub, task, "dead_letter")
        assert.match(hub.task(task.id)?.last_error ?? "", /^the frame of the task holds \d+ values, more than 250000$/)
        assert.lengthOf(folder.wakes(task.id), 0)
        yield* takesTheNext(hub, folder)
        assert.isTrue(isAlive(daemon.pid))
        assert.isFalse(existsSync(folder.file("incoming.json")))
      })
  )

  it.live(
    "a frame of another kind that holds too much is ignored with a line in the log",
    () =>
      Effect.gen(function*() {
        const { daemon, folder, hub } = yield* startAll({ work: atOnce })
        yield* until("it is connected", () => daemon.events("identified").length > 0)
        yield* hub.sendRaw(agentId, `{"type":"message","a":${"[".repeat(600)}${"]".repeat(600)}}`)
        yield* until("the line", () => daemon.events("frame_undecodable").length > 0)
        assert.include(daemon.events("frame_undecodable")[0], { reason: "is nested deeper than 500 levels" })
        yield* takesTheNext(hub, folder)
      })
  )

  it.live("an answer that holds too much is set aside, and the task fails saying why", () =>
    Effect.gen(function*() {
      const many = `printf '[],%.0s' $(seq 150000)`
      const answer = `{ printf '{"status":"success","a":['; ${many}; printf '0]}'; } > result.tmp
mv result.tmp "$RESULTS_DIR/$TASK_ID.json"`
      const { folder, hub } = yield* startAll({ work: atOnce, answer })
      const task = yield* submit(hub, "do it", { max_retries: 1 })
      yield* untilStatus(hub, task, "dead_letter")
      assert.match(hub.task(task.id)?.last_error ?? "", /^task-\w+\.json holds 30000\d values, more than 250000$/)
      assert.lengthOf(readdirSync(folder.file("results/rejected")).filter((file) => file.endsWith(".json")), 1)
    }))
})
