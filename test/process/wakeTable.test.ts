import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, readFileSync, statSync } from "node:fs"
import type { DevHub, HubTask } from "../../src/dev/DevHub.ts"
import { noneLeft, processesOf } from "../support/agentProcesses.ts"
import {
  type AgentScript,
  answered,
  atOnce,
  type Daemon,
  type Folder,
  frames,
  isAlive,
  submit,
  until,
  untilStatus
} from "../support/daemon.ts"
import { untilThere } from "../support/gate.ts"
import { startAll } from "../support/outcomes.ts"

interface Stage {
  readonly hub: DevHub
  readonly folder: Folder
  readonly daemon: Daemon
  readonly task: HubTask
}

/** One way in which an agent may behave. Where ten seconds are meant, it is one. */
interface Row {
  readonly name: string
  readonly script?: AgentScript
  readonly config?: Record<string, unknown>
  /** What happens meanwhile. */
  readonly meanwhile?: (stage: Stage) => Effect.Effect<unknown, unknown>
  readonly wakes: number
  /** How many of the wakes ran the script; all of them, except where the program is missing. */
  readonly ran?: number
  /** The frames to the hub in their order, pings and presence aside; `wake_result` with its status. */
  readonly frames: ReadonlyArray<string>
  /** The task is completed, or it failed and this is in the reason. */
  readonly outcome: "completed" | RegExp
}

const confirmed = "wake_result success"
const completes = ["identify", "task_accepted", confirmed, "task_complete"]
const confirm = `: > "$RESULTS_DIR/$TASK_ID.started"`
const blocking = { wake_command_blocks: true }
const wakes = (folder: Folder, { id }: HubTask) => folder.wakes(id).length
const four = (result: string) => ["identify", "task_accepted", result, result, result, result, "task_failed"]

/** Notes that two agents of this folder live at once. */
const meetsAnother = `for other in $(cut -d' ' -f2 wakes.log); do
  if [ "$other" != $$ ] && kill -0 "$other" 2> kill.log; then : > met; fi
done`

const rows: ReadonlyArray<Row> = [
  {
    name: "blocks, confirms after 10 s, works on and answers",
    script: { confirm: `sleep 1; ${confirm}`, work: "sleep 1" },
    config: { ...blocking, confirmation_timeout_ms: 3_000 },
    wakes: 1,
    frames: completes,
    outcome: "completed"
  },
  {
    name: "exits with 0 at once, and the agent that it started answers later",
    script: { confirm: "", work: `(sleep 1; ${confirm}; sleep 1; ${answered}) & exit 0` },
    wakes: 1,
    frames: completes,
    outcome: "completed"
  },
  {
    name: "is the run itself (exec)",
    script: { confirm: "", work: "sleep 1", answer: "echo done" },
    config: { ...blocking, wake_command: ["agentcom-sidecar", "exec", "--", "/bin/sh", "agent.sh"] },
    wakes: 1,
    frames: completes,
    outcome: "completed"
  },
  {
    name: "never confirms, and ignores SIGTERM",
    script: { before: `trap "" TERM; echo no login; ${meetsAnother}`, confirm: "" },
    config: { ...blocking, confirmation_timeout_ms: 300, kill_grace_ms: 300 },
    meanwhile: ({ folder, hub, task }) =>
      Effect.map(untilStatus(hub, task, "dead_letter", 90_000), () => assert.isFalse(existsSync(folder.file("met")))),
    wakes: 4,
    frames: four("wake_result timeout"),
    outcome:
      /^no wake succeeded in 4 attempts; the last: no confirmation within 300 ms; the end of its output: no login$/
  },
  {
    name:
      "exits with 0, and its agent, which is no process of ours, confirms after the timeout, in the delay of the retry",
    script: { confirm: "", work: atOnce, answer: "" },
    config: { confirmation_timeout_ms: 300 },
    meanwhile: ({ daemon, folder, task }) =>
      Effect.gen(function*() {
        yield* until("the attempt failed", () => daemon.events("wake_failed").length === 1)
        yield* until("the retry is awaited", () => folder.read("queue.json").includes(`"status":"waking"`))
        yield* folder.write(`results/${task.id}.started`, "")
        yield* until("it is found at work", () => daemon.events("agent_found_at_work").length === 1)
        yield* folder.write(`results/${task.id}.json`, `{"status":"success","output":"done"}`)
      }),
    wakes: 1,
    frames: ["identify", "task_accepted", "wake_result timeout", confirmed, "task_complete"],
    outcome: "completed"
  },
  {
    name: "ignores SIGTERM when its time is over",
    script: { before: `trap "" TERM` },
    config: { ...blocking, task_timeout_ms: 8_000, kill_grace_ms: 300 },
    wakes: 1,
    frames: ["identify", "task_accepted", confirmed, "task_failed"],
    outcome: /^the task took longer than 8000 ms$/
  },
  {
    name: "leaves grandchildren behind its answer",
    script: { work: "sh -c 'sleep 300 & sleep 300 & echo $! > up; wait' & while [ ! -e up ]; do sleep 0.02; done" },
    config: blocking,
    meanwhile: ({ folder }) => until("they live", () => processesOf(folder).length >= 3),
    wakes: 1,
    frames: completes,
    outcome: "completed"
  },
  {
    name: "leaves one that left the group, with the cookie, behind its answer",
    script: { work: "setsid sh -c 'echo up > up; sleep 300' & while [ ! -e up ]; do sleep 0.02; done" },
    config: blocking,
    meanwhile: ({ folder }) => until("it lives", () => processesOf(folder).length >= 2),
    wakes: 1,
    frames: completes,
    outcome: "completed"
  },
  {
    name: "has one that left the group and the cookie, and is stopped",
    script: {
      work: `setsid env -i /bin/sh -c 'trap "" TERM; echo $$ > hidden; while :; do /bin/sleep 1; done' &
while :; do sleep 1; done`
    },
    config: { ...blocking, task_timeout_ms: 8_000, kill_grace_ms: 300 },
    meanwhile: ({ folder }) =>
      until("it lives", () => folder.read("hidden").endsWith("\n") && isAlive(Number(folder.read("hidden")))),
    wakes: 1,
    frames: ["identify", "task_accepted", confirmed, "task_failed"],
    outcome: /^the task took longer than 8000 ms$/
  },
  {
    name: "writes 100 MB, then fails",
    script: {
      work: `yes words | head -c 104857600; echo; ${untilThere("go")}`,
      answer: "echo no model, token=abcdef123456 >&2; exit 3"
    },
    config: blocking,
    meanwhile: ({ folder, task }) =>
      Effect.gen(function*() {
        const log = folder.file(`tasks/${task.id}.log`)
        yield* until("it is in bounds again", () =>
          wakes(folder, task) === 1 && statSync(log).size < 4 * 1024 * 1024 &&
          readFileSync(log, "utf8").includes("has left out"), 30_000)
        yield* folder.letGo
      }),
    wakes: 1,
    frames: ["identify", "task_accepted", confirmed, "task_failed"],
    outcome:
      /^the wake command ended with exit code 3: [^\n]*\n(?:words\n)+word\nno model, token=<redacted>; there is no answer$/
  },
  {
    name: "ends with 0 and no answer, blocking",
    script: { work: atOnce, answer: "" },
    config: blocking,
    wakes: 1,
    frames: ["identify", "task_accepted", confirmed, "task_failed"],
    outcome: /^the wake command ended with exit code 0; there is no answer$/
  },
  {
    name: "prints its answer, and ends with 0, blocking",
    script: { work: atOnce, answer: "echo all done" },
    config: blocking,
    meanwhile: ({ folder, hub, task }) =>
      Effect.map(
        untilStatus(hub, task, "dead_letter", 90_000),
        () => assert.include(folder.read(`tasks/${task.id}.log`), "all done")
      ),
    wakes: 1,
    frames: ["identify", "task_accepted", confirmed, "task_failed"],
    outcome:
      /^the wake command ended with exit code 0: all done; there is no answer, .* run by `agentcom-sidecar exec --`$/
  },
  {
    name: "prints why, and ends with 0 and no answer, not blocking",
    script: { confirm: "", work: "echo no model", answer: "" },
    config: { confirmation_timeout_ms: 300 },
    meanwhile: ({ daemon }) =>
      Effect.map(
        until("the first attempt failed", () => daemon.events("wake_failed")[0]),
        ({ reason }) => assert.match(String(reason), /^no confirmation within 300 ms; the end of its output: no model$/)
      ),
    wakes: 4,
    frames: four("wake_result timeout"),
    outcome: /in 4 attempts; the last: no confirmation within 300 ms; the end of its output: no model$/
  },
  {
    name: "is missing, in a line",
    config: { wake_command: "no-such-agent" },
    meanwhile: ({ daemon }) =>
      Effect.map(
        until("the first attempt failed", () => daemon.events("wake_failed")[0]),
        ({ reason }) =>
          assert.match(String(reason), /^[^\n]+ exit code 127: there is no program no-such-agent where [^\n]+$/)
      ),
    wakes: 4,
    ran: 0,
    frames: four("wake_result failed"),
    outcome: /^no wake succeeded in 4 attempts; the last: .* there is no program no-such-agent where [^\n]+$/
  }
]

const sent = (hub: DevHub): ReadonlyArray<string> =>
  frames(hub, "out").filter(({ type }) => type !== "ping" && type !== "status")
    .map(({ status, type }) => type === "wake_result" ? `${String(type)} ${String(status)}` : String(type))

describe.concurrent("an agent whose command", () => {
  // Only so many run at once, so those that take three retries begin first.
  for (const row of rows.toSorted((a, b) => b.wakes - a.wakes)) {
    it.live(row.name, () =>
      Effect.gen(function*() {
        const { daemon, folder, hub } = yield* startAll(row.script, row.config)
        const task = yield* submit(hub, "do it", { max_retries: 1 })
        if (row.meanwhile !== undefined) yield* row.meanwhile({ hub, folder, daemon, task })
        yield* untilStatus(hub, task, row.outcome === "completed" ? "completed" : "dead_letter", 90_000)
        yield* noneLeft(folder)
        assert.lengthOf(daemon.events("wake_attempt"), row.wakes)
        assert.strictEqual(wakes(folder, task), row.ran ?? row.wakes)
        assert.deepEqual(sent(hub), row.frames)
        if (row.outcome !== "completed") assert.match(hub.task(task.id)?.last_error ?? "", row.outcome)
      }))
  }
})
