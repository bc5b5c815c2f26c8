import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { mkdtempSync, rmSync } from "node:fs"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { addressOf } from "../../src/control/address.ts"
import { askSidecar } from "../../src/control/client.ts"
import { Control } from "../../src/control/Control.ts"
import { makeDesk } from "../../src/control/desk.ts"
import { Answer, keyOf, type Request } from "../../src/control/protocol.ts"
import { statusText, storedText } from "../../src/control/statusText.ts"
import { emptyStore, initialState } from "../../src/domain/SidecarState.ts"
import { transition } from "../../src/domain/transition.ts"
import { FolderLock } from "../../src/layers/FolderLock.ts"

const token = Redacted.make("s3cret-t0ken")
const policy = {
  confirmation_timeout_ms: 30_000,
  agent_silence_ms: 1_800_000,
  task_timeout_ms: 3_600_000,
  wake_command_blocks: false
}
const about = { version: "1.2.3", agent_id: "tester", hub_url: "ws://hub/ws", pid: 4711 }
const decode = Schema.decodeUnknownEffect(Answer)

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "control-test-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** A sidecar as far as operators see it. */
const makeSubject = Effect.gen(function*() {
  const folder = yield* temporaryFolder
  const desk = yield* makeDesk(policy, token, about)
  const ask = (request: Request) => Effect.flatMap(askSidecar(folder, request), decode)
  return { folder, desk, ask }
})

const serving = <A, E>(
  folder: string,
  respond: Parameters<Control["Service"]["answerWith"]>[0],
  use: Effect.Effect<A, E>
) =>
  Effect.flatMap(Control, ({ answerWith }) => Effect.andThen(answerWith(respond), use)).pipe(
    Effect.provide(FolderLock(folder))
  )

describe("asking a running sidecar", () => {
  it.live("tells what it is at", () =>
    Effect.gen(function*() {
      const { ask, desk, folder } = yield* makeSubject
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
      const before = initialState(policy)
      const [after, commands] = transition(before, message, 1_000)
      yield* desk.witness({ _tag: "FrameIn", text: "{}" })
      yield* desk.witness({ _tag: "Stepped", step: { at: 1_000, message, before, after, commands } })
      const alive = Effect.succeed(["task-1"])
      const answer = yield* serving(folder, desk.respond(alive), ask({ ask: "status", key: keyOf(token) }))
      expect(answer).toMatchObject({
        ...about,
        connection: { phase: "down" },
        task: { task_id: "task-1", status: "accepted", slot: "active", generation: 3, agent_alive: true },
        draining: false,
        disk: "ok",
        counters: { tasks_received: 1, tasks_completed: 0 }
      })
    }))

  it.live("answers nobody who does not know its token", () =>
    Effect.gen(function*() {
      const { ask, desk, folder } = yield* makeSubject
      const key = keyOf(Redacted.make("another"))
      const answer = yield* serving(folder, desk.respond(Effect.succeed([])), ask({ ask: "drain", key }))
      expect(answer).toEqual({ refused: "its config.json does not hold the token that it runs with" })
    }))

  it.live("passes a drain on to the rules", () =>
    Effect.gen(function*() {
      const { ask, desk, folder } = yield* makeSubject
      const answer = yield* serving(folder, desk.respond(Effect.succeed([])), ask({ ask: "drain", key: keyOf(token) }))
      expect(answer).toMatchObject({ pid: 4711 })
      expect(yield* Stream.runHead(desk.requests)).toMatchObject({
        value: { _tag: "DrainRequested", exit_code: 0 }
      })
    }))

  it.live("finds nobody where none runs", () =>
    Effect.gen(function*() {
      const { folder } = yield* makeSubject
      expect(yield* askSidecar(folder, { ask: "status", key: "" })).toBeNull()
    }))

  it.live("takes no harm from who sends nonsense, or nothing", () =>
    Effect.gen(function*() {
      const { ask, desk, folder } = yield* makeSubject
      const address = yield* addressOf(folder)
      const nonsense = Effect.callback<void>((resume) => {
        const socket = connect(address).on("close", () => resume(Effect.void)).on("error", () => {})
        socket.resume().end("nonsense\n")
      })
      const silent = Effect.sync(() => connect(address).on("error", () => {}).unref())
      const asked = ask({ ask: "status", key: keyOf(token) })
      const answer = yield* serving(
        folder,
        desk.respond(Effect.succeed([])),
        Effect.andThen(Effect.andThen(nonsense, silent), asked)
      )
      expect(answer).toMatchObject({ pid: 4711 })
    }))
})

describe("the status for people", () => {
  const status = {
    ...about,
    started_at: 0,
    now: 3_600_000,
    connection: { phase: "identified", since: 3_590_000, last_heard_at: 3_595_000 },
    task: null,
    owed: [],
    leaving: [],
    draining: false,
    disk: "ok",
    counters: { tasks_received: 2 }
  } as const

  it("is a few lines", () => {
    expect(statusText(status)).toBe(
      "agentcom-sidecar 1.2.3, agent tester, pid 4711, up 1h\n" +
        "hub       ws://hub/ws identified for 10s, last heard 5s ago\n" +
        "task      none\n" +
        "counted   tasks received 2\n"
    )
  })

  it("moves nothing on the terminal, whoever answers", () => {
    const hostile = "\u001b]0;owned\u0007\u009b2J\u202e"
    const text = statusText({ ...status, version: hostile, agent_id: hostile, hub_url: hostile, owed: [hostile] }) +
      storedText(hostile, { version: 1, active: null, recovering: null })
    expect(text).not.toMatch(/(?!\n)\p{Cc}|\u202e/u)
    expect(text.split("\\u001b]0;owned\\u0007\\u009b2J\\u202e")).toHaveLength(6)
  })

  it("names what is not as it should be", () => {
    const text = statusText({ ...status, owed: ["report"], leaving: ["task-0"], disk: "failing", draining: true })
    expect(text).toContain("draining")
    expect(text).toContain("owed      report\n")
    expect(text).toContain("leaving   task-0\n")
    expect(text).toContain("disk      the state cannot be written (failing)\n")
  })

  it("says what the state file holds where no sidecar runs", () => {
    expect(storedText("/agent", emptyStore)).toBe("No sidecar runs in /agent; its queue.json holds no task.\n")
  })
})
