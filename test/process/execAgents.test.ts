import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { recordedOf } from "../exec/recorded.ts"
import { noneLeft } from "../support/agentProcesses.ts"
import {
  type Folder,
  frames,
  makeFolder,
  startDaemon,
  startHub,
  submit,
  until,
  untilStatus
} from "../support/daemon.ts"
import { untilThere } from "../support/gate.ts"

/** A program of the name of a known agent, which prints a recorded run of that agent, line by line, and ends as that did. */
const playing = (folder: Folder, agent: string, scenario: string, between = "") => {
  const run = recordedOf(agent).find((one) => one.scenario === scenario)
  if (run === undefined) throw new Error(`there is no recording ${scenario} of ${agent}`)
  const lines = (name: string, text: string) => writeFileSync(folder.file(`${agent}.${name}`), text)
  lines("out", run.stdout)
  lines("err", run.stderr)
  writeFileSync(
    folder.file(agent),
    `#!/bin/sh
here=$(dirname "$0")
cat > "$here/prompt"; pwd > "$here/cwd"
while IFS= read -r line; do printf '%s\\n' "$line"; ${between}
done < "$here/${agent}.out"
cat "$here/${agent}.err" >&2
exit ${run.exit_code ?? 143}
`
  )
  chmodSync(folder.file(agent), 0o755)
}

const wakes = (agent: string, ...more: ReadonlyArray<string>) => ({
  wake_command: ["agentcom-sidecar", "exec", "--", `./${agent}`, ...more],
  agent_dir: "work"
})

describe.concurrent("a known agent that exec runs", () => {
  for (const agent of ["claude", "codex", "copilot", "gemini", "opencode", "qwen"]) {
    it.live(`completes its task in its folder, with what it said, and its tokens if it tells them: ${agent}`, () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub, {}, wakes(agent))
        playing(folder, agent, "text")
        yield* startDaemon(folder)
        const task = yield* submit(hub, "say that it is done")
        yield* untilStatus(hub, task, "completed")
        const result = hub.task(task.id)?.result
        assert.deepInclude(result, { status: "success", output: "The task is done.", agent })
        if (agent !== "copilot") assert.property(result, "tokens_used")
        assert.strictEqual(folder.read("cwd").trim(), folder.file("work"))
        assert.include(folder.read("prompt"), "say that it is done")
        assert.include(folder.read("prompt"), "Your last message is your answer")
      }))

    const denied = agent === "opencode"
      ? "denied-write-ask"
      : agent === "qwen"
      ? "denied-write-default"
      : "denied-write"
    it.live(`fails its task if it was not allowed to do it, though it ends well: ${agent}`, () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub, {}, wakes(agent))
        playing(folder, agent, denied)
        yield* startDaemon(folder)
        const task = yield* submit(hub, "write the file", { max_retries: 1 })
        yield* untilStatus(hub, task, "dead_letter", 30_000)
        assert.match(hub.task(task.id)?.last_error ?? "", /^blocked: .* was not allowed .*made\.txt.*Allow it/s)
      }))
  }

  it.live("is seen at its work, and the log of the task says what it did in words", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, {}, wakes("claude"))
      playing(folder, "claude", "write", `case $line in *tool_use*) ${untilThere("go")} ;; esac`)
      yield* startDaemon(folder)
      const task = yield* submit(hub)
      yield* until("the tool is told", () =>
        frames(hub, "out").some(({ execution_event, type }) =>
          type === "task_progress" && JSON.stringify(execution_event) === `{"message":"Write: $WORK/made.txt"}`
        ))
      assert.strictEqual(folder.read(`tasks/${task.id}.log`), "Write: $WORK/made.txt\n")
      folder.touch("work/go")
      yield* untilStatus(hub, task, "completed")
      yield* noneLeft(folder)
    }))

  it.live("is stopped with all its processes if it prints nothing for output_silence_ms", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, {}, { ...wakes("claude"), output_silence_ms: 3_000 })
      playing(folder, "claude", "text", "echo $$ > pid; sleep 1000 & sleep 1000")
      yield* startDaemon(folder)
      const task = yield* submit(hub, "do it", { max_retries: 1 })
      yield* untilStatus(hub, task, "dead_letter", 60_000)
      assert.include(hub.task(task.id)?.last_error ?? "", "printed nothing for 3 s (output_silence_ms) and was stopped")
      yield* noneLeft(folder)
    }))

  it.live("that says that the task cannot be done fails it, with its reason", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, {}, wakes("claude"))
      playing(folder, "claude", "text")
      const said = readFileSync(folder.file("claude.out"), "utf8").replaceAll(
        "The task is done.",
        "FAILED: there is no such repository"
      )
      writeFileSync(folder.file("claude.out"), said)
      yield* startDaemon(folder)
      const task = yield* submit(hub, "do it", { max_retries: 1 })
      yield* untilStatus(hub, task, "dead_letter", 30_000)
      assert.strictEqual(hub.task(task.id)?.last_error, "there is no such repository")
    }))

  it.live("that is told to be plain is judged by its exit code", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const command = ["agentcom-sidecar", "exec", "--agent", "plain", "--", "./claude"]
      const folder = yield* makeFolder(hub, {}, { wake_command: command })
      playing(folder, "claude", "denied-write")
      yield* startDaemon(folder)
      const task = yield* submit(hub)
      yield* untilStatus(hub, task, "completed")
      assert.include(JSON.stringify(hub.task(task.id)?.result), "permission_denials")
      assert.isFalse(existsSync(join(folder.path, "work")))
    }))
})
