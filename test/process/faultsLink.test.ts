import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { agentId, frames, submit, until } from "../support/daemon.ts"
import {
  countOf,
  doneWithOneWake,
  identifications,
  meetFirst,
  startAll,
  startAtWork,
  takesTheNext
} from "../support/outcomes.ts"

const mebibytes = (count: number): string => "x".repeat(count * 1024 * 1024)

/** Frames without sense, some of them of types that mean something. */
const garbage: ReadonlyArray<string> = [
  "",
  "not json",
  "{",
  "[]",
  "null",
  "42",
  "\"text\"",
  "{\"no\":\"type\"}",
  "{\"type\":null}",
  "{\"type\":\"task_assign\"}",
  "{\"type\":\"task_assign\",\"task_id\":5,\"generation\":\"x\"}",
  "{\"type\":\"task_ack\"}",
  "{\"type\":\"task_cancelled\"}",
  "{\"type\":\"task_continue\",\"task_id\":\"task-0000000000000000\"}",
  "{\"type\":\"state_report_ack\",\"task_id\":\"task-0000000000000000\",\"action\":\"dance\"}",
  mebibytes(16)
]

/** Frames that can be read and have nothing to do with us. */
const beside: ReadonlyArray<string> = [
  "{\"type\":\"no_such_frame\",\"task_id\":\"task-0000000000000000\"}",
  "{\"type\":\"__proto__\"}",
  "{\"type\":\"agent_left\",\"agent_id\":\"another\"}",
  "{\"type\":\"task_ack\",\"task_id\":\"task-0000000000000000\",\"status\":\"complete\"}",
  "{\"type\":\"task_cancelled\",\"task_id\":\"task-0000000000000000\"}",
  "{\"type\":\"task_reassign\",\"task_id\":\"task-0000000000000000\"}",
  "{\"type\":\"state_report_ack\",\"task_id\":\"task-0000000000000000\",\"action\":\"abort\"}",
  "{\"type\":\"task_assign\",\"task_id\":\"../../elsewhere\",\"generation\":1}",
  "{\"type\":\"error\"}",
  "{\"type\":\"error\",\"error\":\"task_complete_failed: not_found\"}",
  "{\"type\":\"rate_limited\"}",
  "{\"type\":\"identified\",\"agent_id\":\"another\"}"
]

describe.concurrent("faults of the link", () => {
  it.live(
    "a half-open link whose old socket keeps the registration: the report gets through, and what was pushed to the old socket comes back",
    () =>
      Effect.gen(function*() {
        const { daemon, folder, hub, task } = yield* startAtWork()
        yield* hub.freezeAgent(agentId)
        yield* folder.letGo
        yield* until("the report is not answered", () => daemon.events("reconnecting").length === 1, 20_000)
        yield* doneWithOneWake(hub, folder, task)
        assert.strictEqual(hub.connections(agentId), 2)

        const next = yield* submit(hub, "the next")
        assert.strictEqual(hub.task(next.id)?.status, "assigned")
        yield* hub.thawAndClose(agentId)
        yield* doneWithOneWake(hub, folder, next)
        assert.strictEqual(hub.task(next.id)?.generation, 3)
        assert.strictEqual(identifications(hub), 3)
        yield* takesTheNext(hub, folder)
      })
  )

  it.live(
    "`agent_left` with our id while idle: identified anew, and the next task comes",
    () =>
      Effect.gen(function*() {
        const { folder, hub } = yield* startAll()
        yield* hub.waitFor(() => identifications(hub) === 1)
        yield* hub.send(agentId, { type: "agent_left", agent_id: agentId })
        yield* hub.waitFor(() => identifications(hub) === 2)
        yield* takesTheNext(hub, folder)
        assert.lengthOf(folder.wakes(), 1)
      })
  )

  it.live(
    "`agent_left` with our id while the agent works: identified anew, the task comes back, one wake",
    () =>
      Effect.gen(function*() {
        const { folder, hub, task } = yield* startAtWork()
        yield* hub.send(agentId, { type: "agent_left", agent_id: agentId })
        yield* hub.waitFor(() => identifications(hub) === 2 && hub.task(task.id)?.generation === 3)
        yield* folder.letGo
        yield* doneWithOneWake(hub, folder, task)
        yield* takesTheNext(hub, folder)
      })
  )

  it.live("garbage, binary and unknown frames while the agent works change nothing", () =>
    Effect.gen(function*() {
      const { daemon, folder, hub, task } = yield* startAtWork()
      const before = countOf(hub, "task_accepted")
      for (const text of [...garbage, ...beside]) yield* hub.sendRaw(agentId, text)
      yield* hub.sendRaw(agentId, new Uint8Array([0, 255, 1]))
      yield* until("the last of them is read", () => daemon.events("frame_ignored").length === 3)
      assert.lengthOf(daemon.events("frame_undecodable"), garbage.length)
      yield* folder.letGo
      yield* doneWithOneWake(hub, folder, task)
      assert.strictEqual(countOf(hub, "task_accepted"), before)
      yield* takesTheNext(hub, folder)
      assert.strictEqual(identifications(hub), 2) // the one that was sent above among them
      assert.strictEqual(hub.connections(agentId), 1)
    }))

  it.live(
    "a frame over 17 MiB while the agent works ends that connection, and the task ends with one wake",
    () =>
      Effect.gen(function*() {
        const { daemon, folder, hub, task } = yield* startAtWork()
        yield* hub.sendRaw(agentId, mebibytes(18))
        yield* hub.waitFor(() => identifications(hub) === 2)
        assert.include(String(daemon.events("ws_closed")[0]?.["reason"]), `more than ${17 * 1024 * 1024} bytes`)
        yield* folder.letGo
        yield* doneWithOneWake(hub, folder, task)
        yield* takesTheNext(hub, folder)
      })
  )

  it.live(
    "`rate_limited` on the accept: it goes again when the hub says, and the report after it",
    () =>
      Effect.gen(function*() {
        const { folder, hub } = yield* startAll()
        yield* meetFirst(hub, "task_accepted", () => ({ reply: { type: "rate_limited", retry_after_ms: 2_000 } }))
        yield* folder.letGo
        const task = yield* submit(hub)
        yield* doneWithOneWake(hub, folder, task)
        const sent = hub.frames().filter(({ dir }) => dir === "out")
        const owed = sent.flatMap(({ msg, t }) => {
          const type = typeof msg === "object" && msg !== null && "type" in msg ? msg.type : undefined
          return type === "task_accepted" || type === "task_complete" ? [{ t, type }] : []
        })
        assert.deepStrictEqual(owed.map(({ type }) => type), ["task_accepted", "task_accepted", "task_complete"])
        assert.isAtLeast((owed[1]?.t ?? 0) - (owed[0]?.t ?? 0), 2_000)
        yield* takesTheNext(hub, folder)
      })
  )

  it.live("`rate_limited` on the final report: it goes again when the hub says", () =>
    Effect.gen(function*() {
      const { folder, hub, task } = yield* startAtWork()
      yield* meetFirst(hub, "task_complete", () => ({ reply: { type: "rate_limited", retry_after_ms: 2_000 } }))
      yield* folder.letGo
      yield* doneWithOneWake(hub, folder, task)
      assert.strictEqual(countOf(hub, "task_complete"), 2)
      assert.deepStrictEqual(frames(hub, "in").filter(({ type }) => type === "error"), [])
      yield* takesTheNext(hub, folder)
    }))
})
