import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import { runSidecar } from "../../src/actor/SidecarActor.ts"
import type { Outgoing, SendOutcome } from "../../src/domain/messages/Outgoing.ts"
import { MessageStore } from "../../src/services/MessageStore.ts"
import { Messenger } from "../../src/services/Messenger.ts"
import { Outbox } from "../../src/services/Outbox.ts"
import { policy } from "../domain/support.ts"
import { emptyOutbox, makeWorld, mockServices, silentMessenger } from "../support/fakes.ts"

const outgoing: Outgoing = {
  key: "file-1",
  target: { _tag: "Agent", agent_id: "bob" },
  type: "chat",
  reply_to: null,
  payload: { text: "hello" }
}

/** Whether the message is to be sent still when the daemon ends while it tells how its sending ended. */
const isLeftBy = Effect.fnUntraced(function*(outcome: SendOutcome) {
  const world = yield* makeWorld
  const told = yield* Queue.unbounded<string>()
  const services = yield* Layer.build(Layer.mergeAll(
    mockServices(world),
    Layer.succeed(Messenger, { ...silentMessenger, send: () => Effect.succeed(outcome) }),
    Layer.succeed(Outbox, {
      ...emptyOutbox,
      tell: (_, { key }) => Effect.andThen(Queue.offer(told, key), Effect.never)
    })
  ))
  return yield* Effect.provide(
    Effect.gen(function*() {
      const store = yield* MessageStore
      yield* store.queue([outgoing], { kind: "file", name: "a" })
      const daemon = yield* Effect.forkChild(runSidecar(policy))
      yield* Queue.offerAll(world.fromHub, [{ _tag: "Connected" }, { _tag: "Identified" }])
      assert.strictEqual(yield* Queue.take(told), outgoing.key)
      yield* Fiber.interrupt(daemon)
      return (yield* store.next).queued?.state === "sending"
    }),
    services
  )
})

describe("how a sending ended is told before it is noted, so that no crash leaves it untold", () => {
  const outcomes: ReadonlyArray<SendOutcome> = [
    { _tag: "Sent", hub_id: "h-1" },
    { _tag: "Refused", reason: "no such agent" }
  ]
  for (const outcome of outcomes) {
    it.effect(outcome._tag, () => Effect.map(isLeftBy(outcome), (isLeft) => assert.isTrue(isLeft)))
  }
})
