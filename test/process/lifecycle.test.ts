import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, readFileSync } from "node:fs"
import { limits } from "../../src/limits.ts"
import {
  agentId,
  atOnce,
  frames,
  isAlive,
  makeFolder,
  startDaemon,
  startHub,
  submit,
  token,
  typesOf,
  until,
  untilStatus
} from "../support/daemon.ts"

describe("a task's way through the daemon", () => {
  it.live("takes five tasks in a row, each with one wake and one report", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, { work: atOnce })
      yield* startDaemon(folder)
      const tasks = yield* Effect.forEach([1, 2, 3, 4, 5], (n) => submit(hub, `task ${n}`))
      for (const task of tasks) yield* untilStatus(hub, task, "completed")
      for (const task of tasks) {
        assert.lengthOf(folder.wakes(task.id), 1)
        assert.deepInclude(hub.task(task.id)?.result, { status: "success", output: "done" })
      }
      assert.lengthOf(typesOf(hub, "out").filter((type) => type === "task_complete"), 5)
      yield* until("the files of the last task are gone", () => {
        const last = tasks.at(-1)?.id ?? ""
        return !existsSync(folder.file(`results/${last}.json`)) && !existsSync(folder.file(`tasks/${last}.json`))
      })
    }))

  it.live(
    "hands the whole assignment on: a payload of 1 MiB arrives through TASK_FILE byte for byte",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const blob = "0123456789abcdef".repeat(65_536) + " \u202e🦀 \"quoted\" $(touch pwned) `touch pwned`"
        const folder = yield* makeFolder(hub, { work: `cp "$TASK_FILE" payload.json` })
        yield* startDaemon(folder)
        const task = yield* submit(hub, "carry this", { metadata: { blob }, file_hints: ["a.ts"] })
        yield* untilStatus(hub, task, "completed")
        const payload: Record<string, unknown> = JSON.parse(folder.read("payload.json"))
        assert.deepStrictEqual(payload["metadata"], { blob })
        assert.deepStrictEqual(payload["file_hints"], ["a.ts"])
        assert.strictEqual(payload["description"], "carry this")
        assert.isFalse(existsSync(folder.file("pwned")))
      })
  )

  it.live("a task pushed while one is held is rejected as busy, never failed", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub)
      const daemon = yield* startDaemon(folder)
      const task = yield* submit(hub)
      yield* until("the agent is at work", () => folder.wakes(task.id).length === 1)
      const other = yield* hub.push(agentId, "another one")
      yield* until("it is refused", () => daemon.events("task_refused").length === 1)
      yield* folder.letGo
      yield* untilStatus(hub, task, "completed")
      assert.lengthOf(folder.wakes(other), 0)
      assert.lengthOf(folder.wakes(task.id), 1)
      assert.include(typesOf(hub, "out"), "task_rejected")
      assert.notInclude(typesOf(hub, "out"), "task_failed")
    }))

  it.live("a cancelled task's agent is gone, with its children, and its files too", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, { before: "sleep 300 & echo $! > child" })
      yield* startDaemon(folder)
      const task = yield* submit(hub)
      yield* until("the agent is at work", () => existsSync(folder.file(`results/${task.id}.started`)))
      const [pid = 0] = folder.wakes(task.id)
      const child = Number(folder.read("child"))
      assert.isTrue(isAlive(pid) && isAlive(child))
      yield* hub.cancel(task.id)
      yield* until("both are gone", () => !isAlive(pid) && !isAlive(child))
      yield* until("its files are gone", () => !existsSync(folder.file(`results/${task.id}.started`)))
      assert.notInclude(typesOf(hub, "out"), "task_failed")
      const next = yield* submit(hub, "the next")
      yield* folder.letGo
      yield* untilStatus(hub, next, "completed")
      assert.lengthOf(folder.wakes(next.id), 1)
    }))

  it.live("the token is in none of log, output, state and the child's environment", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, { before: "env > child-env", work: atOnce })
      const daemon = yield* startDaemon(folder, { AGENTCOM_TOKEN: token })
      const task = yield* submit(hub)
      yield* untilStatus(hub, task, "completed")
      yield* daemon.signal("SIGTERM")
      yield* daemon.ended
      for (
        const text of [daemon.output(), folder.read("sidecar.log"), folder.read("queue.json"), folder.read("child-env")]
      ) {
        assert.isNotEmpty(text)
        assert.notInclude(text, token)
      }
      assert.include(readFileSync(folder.file("config.json"), "utf8"), token)
    }))

  it.live(
    "a refused token closes the socket, says why, and is tried again at the 60 s end",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub({ registerTokens: { [agentId]: "another" } })
        const folder = yield* makeFolder(hub)
        const daemon = yield* startDaemon(folder)
        const refused = yield* until("it is refused", () => daemon.events("identify_refused")[0])
        assert.include(String(refused["reason"]), "invalid_token")
        const scheduled = yield* until("the next attempt is scheduled", () => daemon.events("reconnect_scheduled")[0])
        assert.isAtLeast(Number(scheduled["delay_ms"]), 30_000)
        assert.isAtMost(Number(scheduled["delay_ms"]), 60_000)
        yield* hub.waitFor(() => hub.connections() === 0)
        assert.notInclude(daemon.output(), token)
      })
  )

  it.live("a shutdown ends within a second with 0, and the agent works on", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub)
      const daemon = yield* startDaemon(folder)
      const task = yield* submit(hub)
      const [pid = 0] = yield* until("the agent is at work", () => {
        const wakes = folder.wakes(task.id)
        return existsSync(folder.file(`results/${task.id}.started`)) && wakes.length === 1 ? wakes : undefined
      })
      const asked = performance.now()
      yield* daemon.signal("SIGTERM")
      assert.strictEqual(yield* daemon.ended, 0)
      assert.isBelow(performance.now() - asked, limits.shutdown_ms + 5_000) // which a busy machine may take for itself
      assert.isTrue(isAlive(pid))
      assert.isNotEmpty(daemon.events("shutdown"))
      const stored: { readonly task: { readonly id: string } } = JSON.parse(folder.read("queue.json"))
      assert.strictEqual(stored.task.id, task.id)

      yield* startDaemon(folder)
      yield* folder.letGo
      yield* untilStatus(hub, task, "completed")
      assert.lengthOf(folder.wakes(task.id), 1)
    }))

  it.live("what a task's text says is never run", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, { work: `printf '%s' "$1" > heard` }, {
        wake_command: "exec /bin/sh agent.sh \"${TASK_DESCRIPTION}\""
      })
      yield* startDaemon(folder)
      const text = "\"; touch pwned; echo \"$(touch pwned) `touch pwned` & | > pwned '\n%PATH% !x!"
      const task = yield* submit(hub, text)
      yield* untilStatus(hub, task, "completed")
      assert.strictEqual(folder.read("heard"), text)
      assert.isFalse(existsSync(folder.file("pwned")))
      assert.lengthOf(frames(hub, "out").filter(({ type }) => type === "task_complete"), 1)
    }))
})
