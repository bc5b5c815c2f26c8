import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import type { DevHub, DevHubOptions, HubTask, Intercept } from "../../src/dev/DevHub.ts"
import {
  type AgentScript,
  type Folder,
  makeFolder,
  startDaemon,
  startHub,
  submit,
  token,
  typesOf,
  until,
  untilStatus
} from "./daemon.ts"

/** A hub, an agent's folder and the daemon beside it. */
export const startAll = (
  script: AgentScript = {},
  config: Record<string, unknown> = {},
  options: DevHubOptions = {},
  env: Record<string, string> = {}
) =>
  Effect.gen(function*() {
    const hub = yield* startHub(options)
    const folder = yield* makeFolder(hub, script, config)
    return { hub, folder, daemon: yield* startDaemon(folder, env) }
  })

/** The same, with an agent at work on a task. */
export const startAtWork = (
  script: AgentScript = {},
  config: Record<string, unknown> = {},
  task_options: Record<string, unknown> = {}
) =>
  Effect.gen(function*() {
    const all = yield* startAll(script, config)
    const task = yield* submit(all.hub, "do it", task_options)
    yield* untilAtWork(all.folder, task)
    yield* all.hub.waitFor(() => countOf(all.hub, "task_accepted") > 0)
    return { ...all, task }
  })

/** The hub meets the first frame of this type in its own way, and all others as ever. */
export const meetFirst = (hub: DevHub, type: string, meet: () => ReturnType<Intercept>) => {
  let met = false
  return hub.intercept((_, msg) => {
    if (met || msg["type"] !== type) return "deliver"
    met = true
    return meet()
  })
}

/** An operator brings a dead letter back. */
export const retryAtTheHub = (hub: DevHub, { id }: HubTask) =>
  Effect.promise(async () => {
    const { status } = await fetch(`${hub.httpUrl}/api/tasks/${id}/retry`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` }
    })
    assert.strictEqual(status, 200)
  })

export const countOf = (hub: DevHub, type: string): number => typesOf(hub, "out").filter((sent) => sent === type).length

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
