import * as Effect from "effect/Effect"
import { sayInRoom, sayToAll } from "../../support/talk.ts"
import type { Scenario } from "./scenarios.ts"
import { other } from "./Stage.ts"

/** Sessions with messages of another agent. */
export const talk: ReadonlyArray<Scenario> = [
  {
    name: "tier-0",
    talks: true,
    play: (stage) =>
      Effect.gen(function*() {
        const daemon = yield* stage.start
        yield* stage.say({ type: "ping", payload: {} })
        yield* stage.untilSaid(1)
        yield* stage.say({ type: "notify" })
        yield* stage.untilEvent(daemon, "messages_received", 2)
        yield* stage.untilEvent(daemon, "message_sent")
      })
  },
  {
    name: "batch-beside-a-task",
    talks: true,
    play: (stage) =>
      Effect.gen(function*() {
        const daemon = yield* stage.start
        const task = yield* stage.atWork
        const ids = [yield* stage.say({ payload: { text: "how far?" } }), yield* stage.say({ type: "request" })]
        yield* stage.untilDelivered(ids)
        yield* stage.untilSaid(2)
        yield* stage.untilEvent(daemon, "message_sent", 2)
        yield* stage.finish(task)
      })
  },
  {
    name: "mail-while-away",
    talks: true,
    play: (stage) =>
      Effect.gen(function*() {
        const first = yield* stage.start
        yield* stage.untilDelivered([yield* stage.say({ payload: { text: "the last before" } })])
        yield* stage.untilEvent(first, "message_sent")
        yield* first.signal("SIGTERM")
        yield* first.ended
        const ids = [yield* stage.say(), yield* stage.say({ type: "request" }), yield* sayToAll(stage.hub, other)]
        yield* sayInRoom(stage.hub, other, "is anybody here?")
        const second = yield* stage.start
        yield* stage.untilDelivered(ids)
        yield* stage.untilEvent(second, "message_sent", 4)
      })
  }
]
