import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Message } from "../../src/domain/Message.ts"
import type { Listing } from "../../src/domain/messages/Listing.ts"
import { defaultMessagePolicy } from "../../src/domain/messages/MessagePolicy.ts"
import { nothingHeld } from "../../src/domain/messages/Talk.ts"
import { emptyStore, initialState, type SidecarState, type StoredState } from "../../src/domain/SidecarState.ts"
import { transition } from "../../src/domain/transition.ts"
import { type Batch, unstarted } from "../../src/domain/Work.ts"
import { storedIn } from "../../src/observe/control/client.ts"
import { decodeAnswer, type Status } from "../../src/observe/control/protocol.ts"
import { makeControlHandler } from "../../src/observe/control/server.ts"
import { statusText, storedText } from "../../src/observe/control/statusText.ts"
import { StoreError } from "../../src/services/TaskStore.ts"
import { status as idle } from "../support/status.ts"

const policy = {
  confirmation_timeout_ms: 30_000,
  agent_silence_ms: 1_800_000,
  task_timeout_ms: 3_600_000,
  wake_command_blocks: false,
  messages: defaultMessagePolicy
}
const about = {
  version: "1.2.3",
  agent_id: "tester",
  hub_url: "ws://hub/ws",
  pid: 4711,
  host: "here",
  pid_namespace: null
}

const listing: Listing = { held: nothingHeld, held_back: [], messages: [] }
const list = () => Effect.succeed(listing)
const batchOf = (...message_ids: ReadonlyArray<string>): Batch => ({
  ...unstarted,
  kind: "messages",
  id: "batch-1",
  generation: 1,
  payload: { message_ids }
})

describe("what is asked of a running sidecar", () => {
  it.effect("status: it tells what it is at", () =>
    Effect.gen(function*() {
      const control = yield* makeControlHandler(policy, about)
      const message = {
        _tag: "TaskAssigned",
        task: {
          task_id: "task-1",
          generation: 3,
          description: "do it",
          metadata: {},
          assigned_at: 1_000,
          assignment: {}
        }
      } as const
      const begun = initialState(policy)
      const before: SidecarState = { ...begun, readiness: { ...begun.readiness, link: "open" } }
      const [after, commands] = transition(before, message, 1_000)
      yield* control.observe({ _tag: "FrameIn", text: "{}" })
      yield* control.observe({ _tag: "Stepped", step: { at: 1_000, message, before, after, commands, saved: true } })
      const respond = control.respond(Effect.succeed(["task-1"]), list)
      const answer = yield* Effect.flatMap(respond({ command: "status", token_changed: true }), decodeAnswer)
      expect(answer).toMatchObject({
        ...about,
        connection: { phase: "down" },
        task: { task_id: "task-1", status: "accepted", slot: "active", generation: 3, agent_alive: true },
        draining: false,
        not_ready: null,
        disk: "ok",
        counters: { tasks_received: 1, tasks_completed: 0 },
        token_changed: true
      })
    }))

  const asked = [
    ["inbox", false],
    ["whole_inbox", true]
  ] as const
  for (const [command, expected] of asked) {
    it.effect(`${command}: it lists the messages that came`, () =>
      Effect.gen(function*() {
        const control = yield* makeControlHandler(policy, about)
        const wanted: Array<boolean> = []
        const respond = control.respond(Effect.succeed([]), (all) =>
          Effect.as(Effect.sync(() => wanted.push(all)), listing))
        const answer = yield* Effect.flatMap(respond({ command, token_changed: false }), decodeAnswer)
        expect(answer.inbox).toEqual(listing)
        expect(wanted).toEqual([expected])
      }))
  }

  it.effect("inbox: it is still answered where that cannot be read", () =>
    Effect.gen(function*() {
      const control = yield* makeControlHandler(policy, about)
      const unreadable = () => Effect.fail(new StoreError({ path: "agent.sqlite", cause: "it is damaged" }))
      const respond = control.respond(Effect.succeed([]), unreadable)
      const answer = yield* Effect.flatMap(respond({ command: "inbox", token_changed: false }), decodeAnswer)
      expect(answer).toMatchObject({ pid: 4711 })
      expect(answer.inbox).toBeUndefined()
    }))

  it.effect("status: it tells of messages, and counts them by what became of them", () =>
    Effect.gen(function*() {
      const control = yield* makeControlHandler(policy, about)
      const told = { from: "bob", type: "chat", reason: null }
      const held = { ...nothingHeld, waiting: 1, outgoing: 2 }
      const messages: ReadonlyArray<Message> = [
        {
          _tag: "MessagesRecorded",
          held,
          recorded: [{ ...told, id: "m1", outcome: "kept" }, { ...told, id: "m2", outcome: "kept" }]
        },
        { _tag: "DeliveryMarked", end: "Delivered", held },
        { _tag: "SendEnded", key: "reply-m1", outcome: { _tag: "Sent", hub_id: "h1" }, held }
      ]
      const delivering = batchOf("m1", "m2", "m3")
      const before: SidecarState = { ...initialState(policy), stored: { ...emptyStore, messages: delivering } }
      for (const message of messages) {
        const [after, commands] = transition(before, message, 1_000)
        yield* control.observe({ _tag: "Stepped", step: { at: 1_000, message, before, after, commands, saved: true } })
      }
      expect(yield* control.status(Effect.succeed(["batch-1"]))).toMatchObject({
        messages: {
          waiting: 1,
          outgoing: 2,
          behind: false,
          batch: { batch_id: "batch-1", messages: 3, agent_alive: true }
        },
        counters: { messages_received_kept: 2, deliveries: 1, messages_delivered: 3, messages_sent: 1 }
      })
    }))

  it.effect("status: one of a sidecar that knows no messages yet is understood", () =>
    Effect.gen(function*() {
      const older = JSON.stringify({ ...idle, token_changed: false })
      expect(yield* decodeAnswer(older)).toMatchObject({ agent_id: "tester" })
    }))

  it.effect("drain: it is passed on to the rules", () =>
    Effect.gen(function*() {
      const control = yield* makeControlHandler(policy, about)
      const respond = control.respond(Effect.succeed([]), list)
      const answer = yield* Effect.flatMap(respond({ command: "drain", token_changed: false }), decodeAnswer)
      expect(answer).toMatchObject({ pid: 4711 })
      expect(yield* Stream.runHead(control.requests)).toMatchObject({
        value: { _tag: "DrainRequested", exit_code: 0 }
      })
    }))
})

describe("the status for people", () => {
  const here = { host: "here", pid_namespace: null }
  const status = { ...idle, token_changed: false }

  it("is a few lines", () => {
    expect(statusText(status, here)).toBe(
      "agentcom-sidecar 1.2.3, agent tester, pid 4711, up 1h\n" +
        "hub       ws://hub/ws identified for 10s, last heard 5s ago\n" +
        "task      none\n" +
        "counted   tasks received 2\n"
    )
  })

  it("moves nothing on the terminal, whoever answers", () => {
    const hostile = "\u001b]0;owned\u0007\u009b2J\u202e"
    const text =
      statusText({ ...status, version: hostile, agent_id: hostile, hub_url: hostile, owed: [hostile] }, here) +
      storedText(hostile, emptyStore)
    expect(text).not.toMatch(/(?!\n)\p{Cc}|\u202e/u)
    expect(text.split("\\u001b]0;owned\\u0007\\u009b2J\\u202e")).toHaveLength(6)
  })

  it("names what is not as it should be", () => {
    const text = statusText({ ...status, owed: ["report"], leaving: ["task-0"], draining: true }, here)
    expect(text).toContain("draining")
    expect(text).toContain("owed      report\n")
    expect(text).toContain("leaving   task-0\n")
  })

  const quiet = { waiting: 0, held_until: null, batch: null, outgoing: 0, behind: false, left_out: false }
  const batch = {
    batch_id: "batch-1",
    status: "working",
    messages: 2,
    wake_attempts: 1,
    woken_at: 3_590_000,
    agent_alive: true
  }
  const talks: ReadonlyArray<readonly [row: string, Partial<NonNullable<Status["messages"]>>]> = [
    ["none", {}],
    ["3 wait", { waiting: 3 }],
    ["3 wait, held back by the hourly limits for 1m", { waiting: 3, held_until: 3_660_000 }],
    ["batch-1 of 2 working (wakes 1, its agent lives); 1 of ours to be sent", { batch, outgoing: 1 }],
    [
      "the hub may have some that are not read yet; the inbox was full, and what it left out is not read yet",
      { behind: true, left_out: true }
    ]
  ]
  it.each(talks)("says of messages: %s", (row, messages) => {
    const text = statusText({ ...status, messages: { ...quiet, ...messages } }, here)
    expect(text).toContain(`messages  ${row}\ncounted `)
  })

  it("counts messages apart, once there were some", () => {
    const counters = {
      tasks_received: 2,
      messages_received_waiting: 5,
      messages_received_kept: 1,
      messages_received_answered: 1,
      messages_delivered: 4,
      messages_sent: 6
    }
    expect(statusText({ ...status, messages: quiet, counters }, here)).toContain(
      "messages  none\n          heard 7, answered 1, delivered 4, sent 6\ncounted   tasks received 2\n"
    )
  })

  it("says why no task is taken, since when, and what to do", () => {
    const not_ready = { cause: "program", reason: "there is no program ./a", remedy: "install it", since: 3_420_000 }
    expect(statusText({ ...status, not_ready }, here)).toContain(
      "not ready for 3m: there is no program ./a\n          takes no task; to do: install it\n"
    )
  })

  it("says where it runs, where that is not here, and that it has another token", () => {
    const there = (text: string) => statusText({ ...status, host: "build-7", token_changed: true }, here).includes(text)
    expect(there("pid 4711 on the host build-7, up 1h\n")).toBe(true)
    expect(there("token     config.json holds another token than the one it runs with")).toBe(true)
    expect(statusText({ ...status, pid_namespace: "pid:[1]" }, here)).toContain(
      "pid 4711 in another container or pid namespace, up"
    )
  })

  const files: ReadonlyArray<readonly [string, (path: string) => void, StoredState | null]> = [
    ["no state file is no task", () => undefined, emptyStore],
    ["one that is read says what it holds", (path) => writeFileSync(path, JSON.stringify(emptyStore)), emptyStore],
    ["a link to nowhere is not known", (path) => symlinkSync("nowhere", path), null],
    ["a folder is not known", (path) => mkdirSync(path), null],
    ["half a state is not known", (path) => writeFileSync(path, `{"version":1,"act`), null]
  ]
  for (const [name, make, stored] of files) {
    it.live(`where no sidecar runs: ${name}`, () =>
      Effect.gen(function*() {
        const path = mkdtempSync(join(tmpdir(), "sidecar-control-"))
        yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(path, { recursive: true })))
        const state_file = join(path, "queue.json")
        make(state_file)
        expect(yield* storedIn({ path, state_file, token: Redacted.make("t") })).toEqual(stored)
      }).pipe(Effect.scoped))
  }

  it("says what the state file holds where no sidecar runs", () => {
    expect(storedText("/agent", emptyStore)).toBe("No sidecar runs in /agent; its queue.json holds no task.\n")
    expect(storedText("/agent", { ...emptyStore, messages: batchOf("m1", "m2") })).toBe(
      "No sidecar runs in /agent; its queue.json holds no task, and batch-1 of 2 messages.\n"
    )
    expect(storedText("/agent", null)).toBe(
      "No sidecar runs in /agent; whether it holds a task is not known, as its queue.json cannot be read.\n"
    )
  })
})
