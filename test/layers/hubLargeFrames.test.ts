import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { HubMessage } from "../../src/domain/Message.ts"
import { large_frame_bytes } from "../../src/hub/largeFrames.ts"
import type { Hub } from "../../src/services/Hub.ts"
import { fakeOpener, identify, last, makeFakeHub, startHub, task, until } from "./hubRig.ts"
import { until as untilReal } from "./support.ts"

const id = task.id

const makeFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "sidecar-frames-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const assign = (description: string, task_id = id) => ({ type: "task_assign", task_id, generation: 3, description })
const large = "x".repeat(large_frame_bytes)

/** One life of the daemon's connection, and the note in its folder about a frame that is being taken in. */
const startLife = Effect.fnUntraced(function*(
  folder: string,
  onMessage: (message: HubMessage, hub: Hub["Service"]) => Effect.Effect<void> = identify
) {
  const hub = makeFakeHub()
  const rig = yield* startHub({
    open: fakeOpener(hub),
    settings: { state_file: join(folder, "queue.json") },
    onMessage
  })
  yield* until(() => rig.tags().includes("Identified"))
  const path = join(folder, "incoming.json")
  const told = () => rig.messages.map(({ what }) => what).filter(({ _tag }) => _tag.startsWith("Task"))
  return {
    connection: last(hub),
    note: () => existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : null,
    path,
    rig,
    told
  }
})

/** Waits for the effect of a frame, which goes through real files. */
const eventually = (so: () => boolean) => untilReal("what comes of the frame", so)

describe("a large frame", () => {
  it.live("is noted until its task is accepted, and counted once a life", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const { connection, note, rig, told } = yield* startLife(folder)
      for (const _ of [1, 2]) {
        yield* connection.say(assign(large))
        yield* eventually(() => note() !== null)
        expect(note()).toEqual({ task_id: id, count: 1 })
      }
      yield* eventually(() => told().length === 2)
      yield* rig.hub.send({ _tag: "AcceptTask", task })
      expect(note()).toBeNull()
    }))

  it.live("is not noted where it is small, or assigns no task, or cannot be taken in", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const { connection, path, rig, told } = yield* startLife(folder)
      yield* connection.say(
        assign("x".repeat(large_frame_bytes / 2)),
        { type: "channel_history", text: large },
        { ...assign(large), metadata: "none" }
      )
      yield* eventually(() => rig.logged("frame_undecodable").length === 1)
      expect(told()).toHaveLength(1)
      expect(existsSync(path)).toBe(false)
    }))

  it.live("that two lives have ended with is not parsed: its task cannot be worked on, as often as it comes", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      writeFileSync(join(folder, "incoming.json"), JSON.stringify({ task_id: id, count: 1 }))
      const second = yield* startLife(folder)
      yield* second.connection.say(assign(large))
      yield* eventually(() => second.note()?.count === 2)
      const third = yield* startLife(folder)
      const bytes = Buffer.byteLength(JSON.stringify(assign(large)))
      const reason = `the sidecar ended 2 times while it took in the frame of the task, ${bytes} bytes`
      for (const times of [1, 2]) {
        yield* third.connection.say(assign(large))
        yield* eventually(() => third.told().length === times)
        expect(third.told().at(-1)).toEqual({ _tag: "TaskUnworkable", task_id: id, generation: 3, reason })
        yield* third.rig.hub.send({ _tag: "AcceptTask", task })
        expect(third.note()).toBeNull()
      }
      yield* third.connection.say(assign(large, "task-other"))
      yield* eventually(() => third.note() !== null)
      expect(third.note()).toEqual({ task_id: "task-other", count: 1 })
    }))

  it.live.each([["no JSON", "{"], ["of another form", "[]"], ["too long", `"${"x".repeat(5_000)}"`]] as const)(
    "is taken in where the note is %s",
    ([, content]) =>
      Effect.gen(function*() {
        const folder = yield* makeFolder
        writeFileSync(join(folder, "incoming.json"), content)
        const { connection, note, told } = yield* startLife(folder)
        yield* connection.say(assign(large))
        yield* eventually(() => told().length === 1)
        expect(note()).toEqual({ task_id: id, count: 1 })
      })
  )

  it.live("is taken in where nothing can be noted, and writes through no link", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      writeFileSync(join(folder, "other"), "mine")
      symlinkSync(join(folder, "other"), join(folder, "incoming.json"))
      const linked = yield* startLife(folder)
      yield* linked.connection.say(assign(large))
      yield* eventually(() => linked.told().length === 1)
      expect(readFileSync(join(folder, "other"), "utf8")).toBe("mine")
      mkdirSync(join(folder, "deep"))
      mkdirSync(join(folder, "deep", "incoming.json"))
      for (const odd of [join(folder, "missing"), join(folder, "deep")]) {
        const { connection, rig, told } = yield* startLife(odd)
        yield* connection.say(assign(large))
        yield* eventually(() => told().length === 1)
        expect(rig.logged("file_trouble")).toHaveLength(1)
      }
      expect(existsSync(join(folder, "missing"))).toBe(false)
    }))
})
