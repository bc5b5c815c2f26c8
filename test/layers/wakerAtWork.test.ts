import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { hurried } from "../support/hurried.ts"
import { type Folder, makeFolder, taskOf, until, wakerOf } from "./support.ts"

/** Wakes an agent that works on, or has ended when this returns where its task is `over`. */
const wake = Effect.fnUntraced(function*(folder: Folder, task_id: string, wake_id: string) {
  const waker = yield* wakerOf(folder, { wake_command: `if [ "$TASK_ID" = over ]; then exit 0; fi; exec sleep 60` })
  const { end } = yield* waker.wake(taskOf(task_id), wake_id)
  yield* until("a whole record", () => {
    const name = `${task_id}.${wake_id}.wake`
    return folder.has("tasks", name) && folder.read("tasks", name).endsWith("}\n")
  })
  if (task_id === "over") yield* end
})

/** As a new life of the daemon finds it. */
const atWork = (folder: Folder) => Effect.flatMap(wakerOf(folder), (waker) => waker.atWork)

describe("rule 10: the newest wake whose leader lives", () => {
  it.live("is found with all that its agent was given", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      yield* wake(folder, "t1", "g2a3t1795000000002")
      const { generation, id: task_id, payload: { assigned_at, assignment, description, metadata } } = taskOf("t1")
      expect(yield* atWork(folder)).toEqual({
        wake: { generation: 2, attempt: 3, at: 1_795_000_000_002 },
        assignment: {
          task_id,
          description,
          metadata,
          generation,
          assigned_at,
          assignment: { ...assignment, assigned_at }
        }
      })
    }))

  it.live("is the newest by its name, whatever was woken last, and not one whose leader is gone", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      yield* wake(folder, "over", "g3a1t300")
      yield* wake(folder, "t2", "g2a1t200")
      yield* wake(folder, "t1", "g9a9t100")
      yield* wake(folder, "t4", "of-another-kind")
      expect(yield* atWork(folder)).toMatchObject({ wake: { at: 200 }, assignment: { task_id: "t2" } })
    }))

  it.live("is one for a task, whatever was woken for messages since", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      yield* wake(folder, "t1", "g1a1t100")
      yield* wake(folder, "batch-1", "g1a1t200")
      expect(yield* atWork(folder)).toMatchObject({ wake: { at: 100 }, assignment: { task_id: "t1" } })
    }))

  const ofNoUse: ReadonlyArray<readonly [string, (payload: string) => void]> = [
    ["is gone", rmSync],
    ["is half-written", (payload) => writeFileSync(payload, `{"task_id":"t1","desc`)],
    [
      "is of another task",
      (payload) =>
        writeFileSync(payload, `{"task_id":"t2","description":"","metadata":{},"generation":1,"assigned_at":1}`)
    ],
    ["is a folder", (payload) => {
      rmSync(payload)
      mkdirSync(payload)
    }]
  ]
  for (const [what, spoil] of ofNoUse) {
    it.live(`is none where what its agent was given ${what}`, () =>
      Effect.gen(function*() {
        const folder = yield* makeFolder
        yield* wake(folder, "t1", "g2a1t200")
        spoil(folder.file("tasks", "t1.json"))
        expect(yield* atWork(folder)).toBeNull()
      }))
  }

  it.live("is none where nobody was ever woken", () =>
    Effect.gen(function*() {
      expect(yield* atWork(yield* makeFolder)).toBeNull()
    }))

  it.effect("is not known where what its agent was given cannot be read: the end after ten seconds", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      yield* wake(folder, "t1", "g2a1t200")
      const waker = yield* wakerOf(folder)
      renameSync(folder.file("tasks"), folder.file("elsewhere"))
      symlinkSync("tasks", folder.file("tasks"))
      const error = yield* hurried(Effect.flip(waker.atWork))
      expect(Runtime.getErrorExitCode(error)).toBe(74)
      expect(error.message).toContain(`${folder.file("tasks")} could not be read`)
    }))
})
