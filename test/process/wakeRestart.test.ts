import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { noneLeft, processesOf } from "../support/agentProcesses.ts"
import {
  type AgentScript,
  type Folder,
  frames,
  isAlive,
  startDaemon,
  typesOf,
  until,
  untilStatus
} from "../support/daemon.ts"
import { countOf, doneWithOneWake, startAtWork } from "../support/outcomes.ts"

const direct = { wake_command_blocks: true }
const exec = { ...direct, wake_command: ["agentcom-sidecar", "exec", "--", "/bin/sh", "agent.sh"] }
const printing: AgentScript = { confirm: "", answer: "echo done" }

const ways: ReadonlyArray<readonly [how: string, script: AgentScript, config: Record<string, unknown>]> = [
  ["as it is", {}, direct],
  ["by exec", printing, exec]
]

const killAll = (folder: Folder) =>
  Effect.sync(() => {
    for (const pid of processesOf(folder)) {
      try {
        process.kill(pid, "SIGKILL")
      } catch {
        // it has just ended with another
      }
    }
  })

/** An agent at work, the end of the daemon by this signal, and the next one beside the agent. */
const restarted = Effect.fnUntraced(function*(
  signal: NodeJS.Signals,
  script: AgentScript = {},
  config: Record<string, unknown> = direct
) {
  const { daemon: first, folder, hub, task } = yield* startAtWork(script, config, { max_retries: 1 })
  yield* first.signal(signal)
  yield* first.ended
  const before = typesOf(hub, "out").length
  const daemon = yield* startDaemon(folder)
  yield* until("it found the agent", () => daemon.events("agent_found_at_work").length > 0)
  // The hub gives the task anew to whoever comes back: of an agent that ended before that, it would be a new session.
  yield* until("the task is ours again", () => daemon.events("recovery_settled").length > 0)
  assert.isTrue(folder.wakes(task.id).every(isAlive))
  const sentSince = (type: string) => frames(hub, "out").slice(before).some((frame) => frame["type"] === type)
  return { daemon, folder, hub, task, sentSince }
})

describe.concurrent("a blocking agent whose daemon is restarted in the middle", () => {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    for (const [how, script, config] of ways) {
      it.live(
        `${how}, ${signal}: its progress is relayed, and on cancel it is stopped with all its processes`,
        () =>
          Effect.gen(function*() {
            const { daemon, folder, hub, sentSince, task } = yield* restarted(signal, script, config)
            yield* folder.write(`results/${task.id}.progress`, "40")
            yield* until("the progress is relayed", () => sentSince("task_progress"))
            yield* hub.cancel(task.id)
            yield* noneLeft(folder)
            yield* until("its files are gone", () => readdirSync(folder.file("tasks")).length === 0)
            assert.lengthOf(folder.wakes(task.id), 1)
            assert.lengthOf(daemon.events("wake_attempt"), 0)
            assert.strictEqual(countOf(hub, "task_failed") + countOf(hub, "task_complete"), 0)
          })
      )

      it.live(
        `${how}, ${signal}: its end without an answer is noticed and fails the task, without another wake`,
        () =>
          Effect.gen(function*() {
            const { daemon, folder, hub, task } = yield* restarted(signal, script, config)
            // `exec` confirms when its command is spawned, which is before that has noted anything.
            yield* until("the agent has begun", () => folder.wakes(task.id).length > 0)
            yield* killAll(folder)
            yield* untilStatus(hub, task, "dead_letter", 30_000)
            assert.match(hub.task(task.id)?.last_error ?? "", /^the wake command ended[^\n]*; there is no answer$/)
            assert.lengthOf(folder.wakes(task.id), 1)
            assert.lengthOf(daemon.events("wake_attempt"), 0)
          })
      )
    }
  }

  it.live("its lease is renewed within the minute", () =>
    Effect.gen(function*() {
      const { folder, hub, sentSince, task } = yield* restarted("SIGKILL")
      yield* until("the lease is renewed", () => sentSince("task_progress"), 75_000)
      yield* folder.letGo
      yield* doneWithOneWake(hub, folder, task)
    }))

  it.live("a process that has got its pid is not taken for it, and not signalled", () =>
    Effect.gen(function*() {
      const { daemon: first, folder, hub, task } = yield* startAtWork({}, direct, { max_retries: 1 })
      yield* first.kill
      yield* killAll(folder)
      yield* noneLeft(folder)
      const stranger = yield* Effect.acquireRelease(
        Effect.sync(() => spawn("/bin/sleep", ["120"], { detached: true, stdio: "ignore" })),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      )
      const record = readdirSync(folder.file("tasks")).find((name) => name.endsWith(".wake")) ?? ""
      const path = folder.file(`tasks/${record}`)
      const written: object = JSON.parse(readFileSync(path, "utf8"))
      writeFileSync(path, JSON.stringify({ ...written, pid: stranger.pid }))
      const daemon = yield* startDaemon(folder)
      yield* until("the work is begun anew", () => folder.wakes(task.id).length === 2)
      assert.lengthOf(daemon.events("agent_found_at_work"), 0)
      assert.lengthOf(daemon.events("agent_stopping"), 0)
      assert.isTrue(isAlive(stranger.pid ?? 0))
      yield* folder.letGo
      yield* untilStatus(hub, task, "completed")
      yield* noneLeft(folder)
      assert.isTrue(isAlive(stranger.pid ?? 0))
    }))
})
