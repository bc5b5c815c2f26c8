import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { agentId, makeFolder, startDaemon, startHub, submit, until } from "../support/daemon.ts"
import { doneWithOneWake, identifications, untilAtWork } from "../support/outcomes.ts"

describe("a link that is dead without being closed", () => {
  it.live("is found by the missing pong within 40 s, and the task ends with one wake", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub)
      const daemon = yield* startDaemon(folder)
      const task = yield* submit(hub)
      yield* untilAtWork(folder, task)
      yield* hub.freezeAgent(agentId)
      yield* until("the dead link is noticed", () => daemon.events("heartbeat_timeout").length === 1, 45_000)
      yield* hub.waitFor(() => identifications(hub) === 2)
      yield* hub.thawAndClose(agentId)
      yield* folder.letGo
      yield* doneWithOneWake(hub, folder, task)
    }), 90_000)
})
