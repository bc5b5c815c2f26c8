import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { atOnce, frames, makeFolder, startDaemon, startHub, submit, until, untilStatus } from "../support/daemon.ts"
import { untilThere } from "../support/gate.ts"
import { countOf, doneWithOneWake, startAll, takesTheNext, untilAtWork } from "../support/outcomes.ts"

const target = "\"$RESULTS_DIR/$TASK_ID.json\""

const good = `printf '%s' '{"status":"success","output":"done"}' > result.tmp; mv result.tmp ${target}`

/** An agent that answers its first task so, and all others well. */
const answersFirst = (answer: string) => ({
  work: atOnce,
  answer: `if [ -e met ]; then ${good}; else : > met; ${answer}; fi`
})

/** Puts an answer there whole, as an agent should. */
const whole = (made: string): string => `${made} > result.tmp; mv result.tmp ${target}`

const wellTaken = (name: string, answer: string, result: Record<string, unknown>) =>
  it.live(`${name}: reported with one wake`, () =>
    Effect.gen(function*() {
      const { folder, hub } = yield* startAll(answersFirst(answer))
      const task = yield* submit(hub)
      yield* untilStatus(hub, task, "completed")
      assert.deepStrictEqual(hub.task(task.id)?.result, result)
      assert.lengthOf(folder.wakes(task.id), 1)
      assert.strictEqual(countOf(hub, "task_complete"), 1)
      yield* takesTheNext(hub, folder)
    }))

const setAside = (name: string, answer: string, said: string, config: Record<string, unknown> = {}) =>
  it.live(`${name}: set aside as it is, and the task fails saying why`, () =>
    Effect.gen(function*() {
      const { folder, hub } = yield* startAll(answersFirst(answer), config)
      const task = yield* submit(hub, "do it", { max_retries: 1 })
      yield* untilStatus(hub, task, "dead_letter", 30_000)
      assert.include(hub.task(task.id)?.last_error ?? "", said)
      assert.lengthOf(folder.wakes(task.id), 1)
      assert.strictEqual(countOf(hub, "task_failed"), 1)
      assert.lengthOf(readdirSync(folder.file("results/rejected")).filter((file) => file.endsWith(".json")), 1)
      assert.isFalse(existsSync(folder.file(`results/${task.id}.json`)))
      yield* takesTheNext(hub, folder)
    }))

describe.concurrent("answers as agents write them", () => {
  wellTaken(
    "one written slowly and in parts",
    `: > ${target}; sleep 1; printf '{"status":"succ' > ${target}; sleep 4
printf 'ess","output":"slow"}' >> ${target}`,
    { status: "success", output: "slow" }
  )

  wellTaken(
    "one with a byte order mark",
    whole(`printf '\\357\\273\\277%s' '{"status":"success","output":"marked"}'`),
    { status: "success", output: "marked" }
  )

  wellTaken(
    "one with lone surrogates, which the hub would take for no JSON",
    whole(`printf '%s' '{"status":"success","\\ud800":"\\udc00 and \\ud83e\\udd80"}'`),
    { status: "success", "\ufffd": "\ufffd and 🦀" }
  )

  setAside("one that stays half-written", `printf '{"status":"succ' > ${target}`, "is not JSON")
  setAside("one that its agent's end leaves half-written", `printf '{"status":"succ' > ${target}`, "is not JSON", {
    wake_command_blocks: true
  })
  setAside("an empty one", `: > ${target}`, "is empty")
  setAside("one that is no text", whole(`printf '{"status":"success","output":"\\377"}'`), "is not UTF-8 text")
  setAside("one that is no object", whole(`printf '["success"]'`), "is not a JSON object")
  setAside("one over 16 MiB", whole(`head -c 16777217 /dev/zero | tr '\\0' ' '`), "is larger than 16777216 bytes")
  setAside(
    "one of more values than an answer may hold",
    whole(`{ printf '{"status":"success","n":['; yes 1e20, | head -n 2000000 | tr -d '\\n'; printf '1]}'; }`),
    "values, more than 250000"
  )
  setAside("a symbolic link", `printf '{"status":"success"}' > real; ln -s ../real ${target}`, "is a symbolic link")
  setAside("a named pipe", `mkfifo ${target}`, "is a named pipe")
  setAside("a folder", `mkdir ${target}`, "is a folder")

  it.live(
    "a failure that cannot be moved to results/sent: counted once, and not again for the next session",
    () =>
      Effect.gen(function*() {
        const { folder, hub } = yield* startAll({
          work: `if [ -e met ]; then ${untilThere("go")}; fi`,
          answer: `if [ -e met ]; then ${good}; else : > met; ${whole(`printf '{"status":"failed"}'`)}; fi`
        })
        mkdirSync(folder.file("results"), { recursive: true })
        writeFileSync(folder.file("results/sent"), "no folder")
        const task = yield* submit(hub)
        yield* until("the next session has begun", () => folder.wakes(task.id).length === 2)
        yield* folder.letGo
        yield* untilStatus(hub, task, "completed")
        assert.strictEqual(countOf(hub, "task_failed"), 1)
        assert.lengthOf(folder.wakes(task.id), 2)
        const kept = readdirSync(folder.file("results")).filter((name) => name.startsWith(`${task.id}.json.sent-`))
        assert.lengthOf(kept, 1)
        yield* takesTheNext(hub, folder)
      })
  )

  it.live("one of 15 MiB arrives byte for byte", () =>
    Effect.gen(function*() {
      const { folder, hub } = yield* startAll(
        answersFirst(whole(`cat answer`))
      )
      const output = "0123456789abcdef".repeat(15 * 64 * 1024)
      writeFileSync(folder.file("answer"), JSON.stringify({ status: "success", output }))
      const task = yield* submit(hub)
      yield* untilStatus(hub, task, "completed")
      assert.isTrue(JSON.stringify(hub.task(task.id)?.result) === folder.read("answer"))
      assert.lengthOf(folder.wakes(task.id), 1)
      yield* takesTheNext(hub, folder)
    }))

  it.live("answers for unknown tasks are left alone, whenever they come", () =>
    Effect.gen(function*() {
      const [there, came] = ["task-eeeeeeeeeeeeeeee", "task-ffffffffffffffff"]
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, {
        before: `printf '{"status":"success"}' > "$RESULTS_DIR/${came}.json"`
      })
      mkdirSync(folder.file("results"))
      yield* folder.write(`results/${there}.json`, "{\"status\":\"success\"}")
      yield* startDaemon(folder)
      const task = yield* submit(hub)
      yield* untilAtWork(folder, task)
      yield* folder.letGo
      yield* doneWithOneWake(hub, folder, task)
      yield* takesTheNext(hub, folder)
      for (const id of [there, came]) {
        assert.strictEqual(folder.read(`results/${id}.json`), "{\"status\":\"success\"}")
        assert.lengthOf(frames(hub, "out").filter(({ task_id }) => task_id === id), 0)
      }
      assert.lengthOf(folder.wakes(), 2)
    }))
})
