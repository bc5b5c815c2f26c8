import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import type { DevHub, HubTask } from "../../src/dev/DevHub.ts"
import { type Folder, submit, typesOf, until, untilStatus } from "./daemon.ts"

export const untilAtWork = (folder: Folder, { id }: HubTask) =>
  until("the agent is at work", () => existsSync(folder.file(`results/${id}.started`)))

export const identifications = (hub: DevHub) => typesOf(hub, "in").filter((type) => type === "identified").length

/** The task is done with one wake, and with what the agent wrote. */
export const doneWithOneWake = (hub: DevHub, folder: Folder, task: HubTask) =>
  Effect.gen(function*() {
    yield* untilStatus(hub, task, "completed")
    assert.lengthOf(folder.wakes(task.id), 1)
    assert.deepInclude(hub.task(task.id)?.result, { status: "success", output: "done" })
    assert.notInclude(typesOf(hub, "out"), "task_failed")
  })

export const takesTheNext = (hub: DevHub, folder: Folder) =>
  Effect.gen(function*() {
    const next = yield* submit(hub, "the next")
    yield* folder.letGo
    yield* untilStatus(hub, next, "completed")
    assert.lengthOf(folder.wakes(next.id), 1)
  })
