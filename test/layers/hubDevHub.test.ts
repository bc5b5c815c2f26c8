import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as DevHub from "../../src/dev/DevHub.ts"
import type { HubCommand } from "../../src/domain/Command.ts"
import { taskOf } from "../../src/domain/hub/assignment.ts"
import type { HubMessage } from "../../src/domain/Message.ts"
import type { Task } from "../../src/domain/Work.ts"
import { startHub, task } from "./hubRig.ts"
import { eventually } from "./hubServer.ts"

/** Finds a dead link at once. On a busy machine it takes a living one for dead, too. */
const soonDead = { ping_interval_ms: 100, pong_timeout_ms: 300 }

const onDevHub = Effect.fnUntraced(function*(token = "token a", timing = {}) {
  const devHub = yield* DevHub.make({ registerTokens: { "agent-1": "token a", b: "token b" } })
  const rig = yield* startHub({
    settings: { hub_url: devHub.url, hub_api_url: devHub.httpUrl, token: Redacted.make(token) },
    timing: { reconnect_first_ms: 20, reconnect_cap_ms: 50, ...timing }
  })
  const assigned = () => rig.messages.flatMap(({ what }) => what._tag === "TaskAssigned" ? [what.task] : [])
  const current = (): Task => {
    const last = assigned().at(-1)
    return last === undefined ? task : taskOf(last)
  }
  /** Sends a command about the assigned task, and waits for its answer. */
  const ask = Effect.fnUntraced(function*(command: (task: Task) => HubCommand, answer: HubMessage["_tag"]) {
    const before = rig.messages.length
    const answers = () => rig.messages.slice(before).filter(({ what }) => what._tag === answer)
    yield* rig.hub.send(command(current()))
    yield* eventually(() => answers().length > 0)
    return answers()[0]?.what
  })
  const location = Effect.suspend(() => rig.hub.lookUp(current().id))
  return { devHub, rig, assigned, ask, current, location }
})

it.live("every frame of a task's way is taken and answered by the development hub", () =>
  Effect.gen(function*() {
    const { ask, assigned, devHub, rig, location } = yield* onDevHub()
    yield* eventually(() => rig.tags().includes("Identified"))
    yield* devHub.submit({ description: "do it \u{1F600}", metadata: { a: 1 }, repo: "r" })
    yield* eventually(() => assigned().length === 1)
    expect(assigned()[0]).toMatchObject({
      description: "do it \u{1F600}",
      metadata: { a: 1 },
      assignment: { repo: "r" }
    })
    yield* ask((held) => ({ _tag: "AcceptTask", task: held }), "TaskAcknowledged")
    expect(yield* location).toBe("ours")
    expect(yield* ask((held) => ({ _tag: "AskRecovery", task: held }), "TaskContinued")).toMatchObject({
      generation: 1
    })
    expect(yield* ask((held) => ({ _tag: "ReportState", task: held }), "StateReportAnswered"))
      .toMatchObject({ action: "continue" })
    yield* rig.hub.send({ _tag: "SendWakeResult", task: task, status: "failed", reason: "exit 1" })
    yield* rig.hub.send({ _tag: "SendProgress", task, progress: { progress: 40, execution_event: { a: 1 } } })
    const reject: HubCommand = { _tag: "RejectTask", task_id: "task-x", reason: "busy" }
    expect(yield* ask(() => reject, "HubRefused")).toMatchObject({ frame: "reject", unknown_type: true })
    const result = { broken: "\ud800", size: "x".repeat(1024 * 1024) }
    const answer = yield* ask(
      (held) => ({ _tag: "SendReport", task: held, report: { _tag: "Complete", result, tokens_used: 7 } }),
      "TaskAcknowledged"
    )
    expect(answer).toMatchObject({ status: "complete" })
    expect(yield* location).toBe("elsewhere")
  }))

it.live("a failure with a reason of any length is taken, a stale one is refused", () =>
  Effect.gen(function*() {
    const { ask, assigned, devHub } = yield* onDevHub()
    yield* devHub.submit({ description: "x" })
    yield* eventually(() => assigned().length === 1)
    const report = { _tag: "Failed", reason: "\u{1F600}".repeat(5_000) } as const
    expect(yield* ask((held) => ({ _tag: "SendReport", task: { ...held, generation: 99 }, report }), "HubRefused"))
      .toMatchObject({ error: "task_fail_failed: stale_generation", frame: null })
    expect(yield* ask((held) => ({ _tag: "SendReport", task: held, report }), "TaskAcknowledged"))
      .toMatchObject({ status: "retried" })
  }))

it.live("a task taken back is looked up as queued, a cancelled one is gone", () =>
  Effect.gen(function*() {
    const { assigned, current, devHub, rig, location } = yield* onDevHub()
    yield* devHub.submit({ description: "x" })
    yield* eventually(() => assigned().length === 1)
    yield* devHub.setDelays({ assignDelayMs: 60_000 })
    yield* rig.hub.reconnect("to be taken back")
    yield* eventually(() => devHub.task(current().id)?.status === "queued")
    expect(yield* location).toBe("queued")
    yield* devHub.cancel(current().id)
    expect(yield* location).toBe("elsewhere")
  }))

it.live("a wrong token is refused and the look-up with it says nothing", () =>
  Effect.gen(function*() {
    const { rig } = yield* onDevHub("wrong")
    yield* eventually(() => rig.logged("identify_refused").length > 1)
    expect(rig.logged("identify_refused")[0]?.reason).toBe("invalid_token")
    expect(rig.tags()).not.toContain("Identified")
    expect(yield* rig.hub.lookUp("task-x")).toBe("unknown")
  }))

it.live("a half-open link, a dropped one and a hub that restarts are all connected anew", () =>
  Effect.gen(function*() {
    const { devHub, rig } = yield* onDevHub("token a", soonDead)
    const identified = (times: number) =>
      eventually(() => rig.tags().filter((tag) => tag === "Identified").length >= times)
    yield* identified(1)
    yield* devHub.freezeAgent("agent-1")
    yield* identified(2)
    expect(rig.messages[2]?.what).toEqual({ _tag: "Disconnected", half_open: true })
    yield* devHub.dropAgent("agent-1")
    yield* identified(3)
    yield* devHub.restart
    yield* identified(4)
    yield* rig.stop
    yield* eventually(() => devHub.connections("agent-1") <= 1)
  }))

it.live("when the old socket of a half-open link closes, the hub's agent_left means that it lost us", () =>
  Effect.gen(function*() {
    const { devHub, rig } = yield* onDevHub("token a", soonDead)
    yield* eventually(() => rig.tags().includes("Identified"))
    yield* devHub.freezeAgent("agent-1")
    yield* eventually(() => rig.tags().filter((tag) => tag === "Identified").length >= 2)
    yield* devHub.thawAndClose("agent-1")
    yield* eventually(() => rig.tags().includes("HubLostUs"))
  }))
