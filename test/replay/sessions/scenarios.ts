import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { mkdirSync, rmSync } from "node:fs"
import { agentId, answered, atOnce, until } from "../../support/daemon.ts"
import type { Setting, Stage } from "./Stage.ts"
import { talk } from "./talk.ts"

/** One session: what happens around the daemon. Each wait is for an event that must happen. */
export interface Scenario extends Setting {
  readonly name: string
  readonly play: (stage: Stage) => Effect.Effect<unknown, unknown, Scope.Scope>
}

const minutes = (count: number): number => count * 60_000

const confirm = `: > "$RESULTS_DIR/$TASK_ID.started"`
const untilFile = (name: string) => `while [ ! -e ${name} ]; do sleep 0.02; done`
const answers = (json: string) => `printf '%s' '${json}' > answer.tmp; mv answer.tmp "$RESULTS_DIR/$TASK_ID.json"`
const progress = (json: string) => `printf '%s' '${json}' > p.tmp; mv p.tmp "$RESULTS_DIR/$TASK_ID.progress"`

const quick = { work: atOnce }
const quickly = (play: Scenario["play"], name: string, more: Setting = {}): Scenario => ({
  ...more,
  name,
  script: { ...quick, ...more.script },
  play
})

const refuse = (error: object) => () => ({ reply: { type: "error", ...error } })

const connection: ReadonlyArray<Scenario> = [
  {
    name: "drop",
    play: (stage) =>
      Effect.gen(function*() {
        yield* stage.start
        const task = yield* stage.atWork
        yield* stage.hub.dropAgent(agentId)
        yield* stage.untilIdentified(2)
        yield* stage.finish(task)
      })
  },
  {
    name: "drop-while-idle",
    play: (stage) =>
      Effect.gen(function*() {
        yield* stage.start
        yield* stage.hub.dropAgent(agentId)
        yield* stage.untilIdentified(2)
        yield* stage.finish(yield* stage.submit())
      })
  },
  {
    name: "half-open",
    play: (stage) =>
      Effect.gen(function*() {
        yield* stage.start
        const task = yield* stage.atWork
        yield* stage.hub.freezeAgent(agentId)
        yield* stage.untilIdentified(2)
        yield* stage.untilIdentified(3) // the look after 90 s
        yield* stage.hub.thawAndClose(agentId)
        yield* stage.finish(task)
      })
  },
  {
    name: "hub-restart",
    play: (stage) =>
      Effect.gen(function*() {
        yield* stage.start
        const task = yield* stage.atWork
        yield* stage.hub.restartAfter(1_500)
        yield* stage.untilIdentified(2)
        yield* stage.finish(task)
      })
  },
  {
    name: "answer-while-offline",
    play: (stage) =>
      Effect.gen(function*() {
        const daemon = yield* stage.start
        const task = yield* stage.atWork
        yield* Effect.all([
          stage.hub.restartAfter(4_000),
          Effect.andThen(stage.untilEvent(daemon, "ws_closed"), stage.folder.letGo)
        ], { concurrency: 2 })
        yield* stage.untilDone(task)
      })
  },
  {
    name: "lost-by-the-hub",
    play: (stage) =>
      Effect.gen(function*() {
        yield* stage.start
        const task = yield* stage.atWork
        yield* stage.hub.send(agentId, { type: "agent_left", agent_id: agentId })
        yield* stage.untilIdentified(2)
        yield* stage.finish(task)
      })
  },
  {
    name: "silent-hub",
    play: (stage) =>
      Effect.gen(function*() {
        yield* stage.start
        yield* stage.meet("task_accepted", () => "swallow")
        yield* stage.folder.letGo
        yield* stage.untilDone(yield* stage.submit())
      })
  },
  {
    name: "identify-refused-once",
    play: (stage) =>
      Effect.gen(function*() {
        yield* stage.meet("identify", refuse({ error: "too_many_agents" }))
        yield* stage.start
        yield* stage.finish(yield* stage.submit())
      })
  },
  {
    name: "odd-frames",
    play: (stage) =>
      Effect.gen(function*() {
        const daemon = yield* stage.start
        const task = yield* stage.atWork
        for (
          const text of [
            "not json",
            "{\"type\":\"no_such_frame\"}",
            "{\"type\":\"agent_left\",\"agent_id\":\"another\"}",
            "{\"type\":\"task_ack\",\"task_id\":\"task-0000000000000000\",\"status\":\"complete\"}",
            "{\"type\":\"task_cancelled\",\"task_id\":\"task-0000000000000000\"}",
            "{\"type\":\"task_continue\",\"task_id\":\"task-0000000000000000\",\"generation\":1}",
            "{\"type\":\"task_reassign\",\"task_id\":\"task-0000000000000000\"}",
            "{\"type\":\"state_report_ack\",\"task_id\":\"task-0000000000000000\",\"action\":\"abort\"}",
            "{\"type\":\"error\",\"error\":\"task_complete_failed: not_found\"}",
            "{\"type\":\"rate_limited\"}"
          ]
        ) yield* stage.hub.sendRaw(agentId, text)
        yield* stage.hub.sendRaw(agentId, new Uint8Array([0, 255]))
        yield* stage.untilEvent(daemon, "frame_ignored", 2)
        yield* stage.finish(task)
      })
  }
]

const crashes: ReadonlyArray<Scenario> = [
  {
    name: "crash-at-work",
    play: (stage) =>
      Effect.gen(function*() {
        const first = yield* stage.start
        const task = yield* stage.atWork
        yield* first.kill
        yield* stage.start
        yield* stage.finish(task)
      })
  },
  {
    name: "crash-while-waking",
    script: { confirm: `${untilFile("confirm")}; ${confirm}`, work: atOnce },
    play: (stage) =>
      Effect.gen(function*() {
        const first = yield* stage.start
        const task = yield* stage.submit()
        yield* stage.untilWakes(1)
        yield* first.kill
        const second = yield* stage.start
        yield* stage.untilEvent(second, "agent_found_at_work")
        stage.folder.touch("confirm")
        yield* stage.untilDone(task)
      })
  },
  {
    name: "answer-while-down",
    play: (stage) =>
      Effect.gen(function*() {
        const first = yield* stage.start
        const task = yield* stage.atWork
        yield* first.kill
        yield* stage.folder.letGo
        yield* stage.untilAlone
        yield* stage.start
        yield* stage.untilDone(task)
      })
  },
  {
    name: "agent-dies-while-down",
    config: { agent_silence_ms: 2_000 },
    play: (stage) =>
      Effect.gen(function*() {
        const first = yield* stage.start
        const task = yield* stage.atWork
        yield* first.kill
        for (const pid of stage.folder.wakes()) process.kill(-pid, "SIGKILL")
        yield* stage.untilAlone
        yield* stage.folder.letGo
        yield* stage.start
        yield* stage.untilDone(task)
      })
  },
  {
    name: "cancelled-while-down",
    play: (stage) =>
      Effect.gen(function*() {
        const first = yield* stage.start
        const task = yield* stage.atWork
        yield* first.kill
        yield* stage.hub.cancel(task.id)
        const second = yield* stage.start
        yield* stage.untilEvent(second, "recovery_settled")
        yield* stage.untilAlone
        yield* stage.finish(yield* stage.submit("the next"))
      })
  },
  {
    name: "stopped-and-started",
    play: (stage) =>
      Effect.gen(function*() {
        const first = yield* stage.start
        const task = yield* stage.atWork
        yield* first.signal("SIGTERM")
        yield* first.ended
        yield* stage.start
        yield* stage.finish(task)
      })
  },
  {
    name: "drain",
    play: (stage) =>
      Effect.gen(function*() {
        const daemon = yield* stage.start
        const task = yield* stage.atWork
        yield* Effect.all([
          stage.drain,
          Effect.andThen(stage.untilEvent(daemon, "draining"), stage.finish(task))
        ], { concurrency: 2 })
        yield* daemon.ended
      })
  },
  {
    name: "restart-wanted",
    play: (stage) =>
      Effect.gen(function*() {
        const daemon = yield* stage.start
        const task = yield* stage.atWork
        yield* stage.hub.send(agentId, { type: "restart_sidecar", reason: "update" })
        yield* stage.untilEvent(daemon, "draining")
        yield* stage.finish(task)
        yield* daemon.ended
        yield* stage.start
        yield* stage.untilDone(yield* stage.submit("the next"))
      })
  },
  {
    name: "disk",
    play: (stage) =>
      Effect.gen(function*() {
        const daemon = yield* stage.start
        const state = stage.folder.file("queue.json")
        rmSync(state, { force: true })
        mkdirSync(`${state}/not empty`, { recursive: true })
        const task = yield* stage.submit()
        yield* stage.untilEvent(daemon, "state_unsaved")
        rmSync(state, { recursive: true })
        yield* stage.finish(task)
      })
  },
  {
    name: "disk-after-acceptance",
    play: (stage) =>
      Effect.gen(function*() {
        const daemon = yield* stage.start
        const task = yield* stage.atWork
        yield* stage.untilEvent(daemon, "agent_started")
        const state = stage.folder.file("queue.json")
        rmSync(state)
        mkdirSync(`${state}/not empty`, { recursive: true })
        yield* stage.finish(task)
        yield* stage.untilEvent(daemon, "state_unsaved")
        rmSync(state, { recursive: true })
        yield* stage.untilDone(yield* stage.submit("the next"))
      })
  }
]

const work: ReadonlyArray<Scenario> = [
  quickly(
    (stage) => Effect.andThen(stage.start, Effect.flatMap(stage.submit(), (task) => stage.untilDone(task))),
    "happy"
  ),
  quickly(
    (stage) =>
      Effect.gen(function*() {
        yield* stage.start
        for (const name of ["one", "two", "three"]) yield* stage.untilDone(yield* stage.submit(name))
      }),
    "three-tasks"
  ),
  {
    name: "progress",
    script: {
      work: [
        progress("{\"progress\":10}"),
        "sleep 1",
        progress("{\"progress\":20,\"execution_event\":{\"event_type\":\"thinking\",\"data\":{}}}"),
        "sleep 66"
      ].join("\n")
    },
    play: (stage) =>
      Effect.gen(function*() {
        yield* stage.start
        yield* stage.untilDone(yield* stage.submit())
      })
  },
  {
    name: "cancel",
    play: (stage) =>
      Effect.gen(function*() {
        yield* stage.start
        const task = yield* stage.atWork
        yield* stage.hub.cancel(task.id)
        yield* stage.untilAlone
        yield* stage.finish(yield* stage.submit("the next"))
      })
  },
  {
    name: "cancel-while-waking",
    script: { confirm: `${untilFile("confirm")}; ${confirm}` },
    play: (stage) =>
      Effect.gen(function*() {
        const daemon = yield* stage.start
        const task = yield* stage.submit()
        yield* stage.untilWakes(1)
        yield* stage.hub.cancel(task.id)
        yield* stage.untilAlone
        yield* stage.untilEvent(daemon, "task_cancelled")
        stage.folder.touch("confirm")
        yield* stage.finish(yield* stage.submit("the next"))
      })
  },
  {
    name: "busy",
    play: (stage) =>
      Effect.gen(function*() {
        yield* stage.start
        const task = yield* stage.atWork
        yield* stage.hub.push(agentId, "another")
        yield* stage.untilSent("task_rejected")
        yield* stage.hub.push(agentId, "a third")
        yield* stage.finish(task)
      })
  },
  {
    name: "two-generations",
    play: (stage) =>
      Effect.gen(function*() {
        yield* stage.start
        const task = yield* stage.atWork
        const again = (generation: number) =>
          stage.hub.send(agentId, {
            type: "task_assign",
            task_id: task.id,
            description: "do it",
            metadata: {},
            generation
          })
        yield* again(0)
        yield* again(1)
        yield* stage.untilSent("task_accepted", 2)
        yield* stage.finish(task)
      })
  },
  {
    name: "taken-back",
    play: (stage) =>
      Effect.gen(function*() {
        yield* stage.start
        const task = yield* stage.submit("do it", { complexity_tier: "trivial" })
        yield* stage.untilAtWork(task)
        yield* stage.hub.advance(minutes(21))
        yield* stage.finish(task)
      })
  },
  {
    name: "given-up",
    play: (stage) =>
      Effect.gen(function*() {
        const daemon = yield* stage.start
        const task = yield* stage.atWork
        yield* stage.hub.setDelays({ assignDelayMs: 5_000 })
        yield* stage.hub.dropAgent(agentId)
        yield* stage.hub.advance(minutes(11))
        yield* stage.untilGivenUp(task)
        yield* stage.untilEvent(daemon, "recovery_settled")
        yield* stage.hub.setDelays({ assignDelayMs: 0 })
        yield* stage.finish(yield* stage.submit("the next"))
      })
  },
  {
    name: "queued-elsewhere",
    play: (stage) =>
      Effect.gen(function*() {
        yield* stage.start
        const task = yield* stage.atWork
        yield* stage.hub.setDelays({ assignDelayMs: 12_000 })
        yield* stage.hub.dropAgent(agentId)
        yield* stage.untilIdentified(2)
        yield* stage.finish(task)
      })
  }
]

const agents: ReadonlyArray<Scenario> = [
  {
    name: "second-wake-works",
    script: { before: "if [ ! -e once ]; then : > once; echo 'no such model' >&2; exit 3; fi", work: atOnce },
    play: (stage) => Effect.andThen(stage.start, Effect.flatMap(stage.submit(), (task) => stage.untilDone(task)))
  },
  {
    name: "all-wakes-fail",
    script: { before: "exit 7" },
    play: (stage) =>
      Effect.gen(function*() {
        yield* stage.start
        yield* stage.submit()
        yield* stage.untilSent("task_failed")
        yield* stage.untilAlone
      })
  },
  {
    name: "no-confirmation",
    script: { confirm: `if [ ! -e once ]; then : > once; sleep 60; fi; ${confirm}`, work: atOnce },
    config: { confirmation_timeout_ms: 1_000 },
    play: (stage) => Effect.andThen(stage.start, Effect.flatMap(stage.submit(), (task) => stage.untilDone(task)))
  },
  {
    name: "only-started",
    script: {
      confirm: `( exec > started.log 2>&1; ${confirm}; sleep 2; ${answered} ) &`,
      work: atOnce,
      answer: "exit 0"
    },
    play: (stage) => Effect.andThen(stage.start, Effect.flatMap(stage.submit(), (task) => stage.untilDone(task)))
  },
  {
    name: "exec",
    script: { confirm: "", work: "sleep 1", answer: "echo done" },
    config: { wake_command: "agentcom-sidecar exec -- /bin/sh agent.sh", wake_command_blocks: true },
    play: (stage) => Effect.andThen(stage.start, Effect.flatMap(stage.submit(), (task) => stage.untilDone(task)))
  },
  {
    name: "agent-fails",
    script: {
      work: atOnce,
      answer: `if [ -e once ]; then ${answered}; else : > once; ${
        answers("{\"status\":\"failed\",\"reason\":\"no idea\"}")
      }; fi`
    },
    play: (stage) => Effect.andThen(stage.start, Effect.flatMap(stage.submit(), (task) => stage.untilDone(task)))
  },
  {
    name: "no-answer",
    script: { work: atOnce, answer: "if [ ! -e once ]; then : > once; exit 4; fi\n" + answered },
    play: (stage) => Effect.andThen(stage.start, Effect.flatMap(stage.submit(), (task) => stage.untilDone(task)))
  },
  {
    name: "no-answer-blocking",
    script: { work: atOnce, answer: "if [ ! -e once ]; then : > once; exit 0; fi\n" + answered },
    config: { wake_command_blocks: true },
    play: (stage) => Effect.andThen(stage.start, Effect.flatMap(stage.submit(), (task) => stage.untilDone(task)))
  },
  {
    name: "bad-answer",
    script: { work: atOnce, answer: `if [ -e once ]; then ${answered}; else : > once; ${answers("{\"status\":")}; fi` },
    play: (stage) => Effect.andThen(stage.start, Effect.flatMap(stage.submit(), (task) => stage.untilDone(task)))
  },
  {
    name: "silent-agent",
    script: {
      confirm:
        `if [ ! -e once ]; then : > once; ( exec > started.log 2>&1; ${confirm}; sleep 600 ) & sleep 0.2; exit 0; fi; ${confirm}`,
      work: atOnce
    },
    config: { agent_silence_ms: 2_000 },
    play: (stage) => Effect.andThen(stage.start, Effect.flatMap(stage.submit(), (task) => stage.untilDone(task)))
  },
  {
    name: "takes-too-long",
    script: { work: "if [ ! -e once ]; then : > once; sleep 600; fi" },
    config: { task_timeout_ms: 3_000 },
    play: (stage) => Effect.andThen(stage.start, Effect.flatMap(stage.submit(), (task) => stage.untilDone(task)))
  },
  {
    name: "no-such-program",
    config: { wake_command: ["./no-such-program"] },
    play: (stage) =>
      Effect.gen(function*() {
        const daemon = yield* stage.startUnconnected
        yield* stage.submit()
        yield* stage.untilEvent(daemon, "not_ready")
      })
  }
]

const reports: ReadonlyArray<Scenario> = [
  quickly(
    (stage) =>
      Effect.gen(function*() {
        const daemon = yield* stage.start
        yield* stage.meet("task_complete", refuse({ error: "task_complete_failed: stale_generation" }))
        yield* stage.submit()
        yield* stage.untilEvent(daemon, "report_refused")
        yield* stage.untilIdentified(2)
      }),
    "report-refused"
  ),
  quickly(
    (stage) =>
      Effect.gen(function*() {
        yield* stage.start
        yield* stage.meet(
          "task_complete",
          refuse({
            error: "validation_failed",
            message_type: "task_complete",
            errors: [{ field: "result", error: "wrong_type" }]
          })
        )
        yield* stage.submit()
        yield* stage.untilSent("task_failed")
      }),
    "report-invalid"
  ),
  quickly(
    (stage) =>
      Effect.gen(function*() {
        yield* stage.start
        yield* stage.meet("task_accepted", () => ({ reply: { type: "rate_limited", retry_after_ms: 1_500 } }))
        yield* stage.untilDone(yield* stage.submit())
      }),
    "rate-limited"
  ),
  quickly(
    (stage) =>
      Effect.gen(function*() {
        yield* stage.start
        yield* stage.meet("task_complete", () => "swallow")
        yield* stage.untilDone(yield* stage.submit())
      }),
    "report-unanswered"
  ),
  {
    name: "abort",
    play: (stage) =>
      Effect.gen(function*() {
        const daemon = yield* stage.start
        const task = yield* stage.atWork
        yield* stage.meet(
          "state_report",
          () => ({ reply: { type: "state_report_ack", task_id: task.id, action: "abort" } })
        )
        yield* stage.hub.setDelays({ assignDelayMs: 9_000 })
        yield* stage.hub.dropAgent(agentId)
        yield* stage.untilEvent(daemon, "recovery_settled")
        yield* stage.hub.setDelays({ assignDelayMs: 0 })
        yield* stage.finish(task)
      })
  },
  {
    name: "wake-result-refused",
    play: (stage) =>
      Effect.gen(function*() {
        const daemon = yield* stage.start
        yield* stage.meet(
          "wake_result",
          refuse({
            error: "validation_failed",
            message_type: "wake_result",
            errors: [{ field: "type", error: "unknown_message_type", detail: "unknown message type 'wake_result'" }]
          })
        )
        const task = yield* stage.atWork
        yield* until("it is refused", () => daemon.events("frame_refused").length > 0)
        yield* stage.finish(task)
      })
  }
]

export const scenarios: ReadonlyArray<Scenario> = [...work, ...connection, ...crashes, ...agents, ...reports, ...talk]
