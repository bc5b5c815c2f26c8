import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as TestClock from "effect/testing/TestClock"
import { findOrphans } from "../../src/actor/background.ts"
import type { Message } from "../../src/domain/Message.ts"
import { Waker } from "../../src/services/Waker.ts"
import { makeWorld, mockServices } from "../support/fakes.ts"

it.effect("files that nobody came back for are told now and once a day, one task a message, but where an agent lives", () =>
  Effect.gen(function*() {
    const world = yield* makeWorld
    world.survivors = ["task-b"]
    const told = yield* Queue.unbounded<Message>()
    const waker = yield* Waker.pipe(Effect.provide(Layer.fresh(mockServices(world))))
    const orphans = { stale: Effect.succeed(["task-a", "task-b", "task-c"]), expire: () => Effect.void }
    yield* Effect.forkChild(findOrphans(orphans, waker, (message) => Effect.asVoid(Queue.offer(told, message))))
    yield* Effect.yieldNow
    const found: ReadonlyArray<Message> = [{ _tag: "OrphanFound", work_id: "task-a" }, {
      _tag: "OrphanFound",
      work_id: "task-c"
    }]
    assert.deepStrictEqual(yield* Queue.clear(told), [...found])
    yield* TestClock.adjust("23 hours")
    assert.deepStrictEqual(yield* Queue.clear(told), [])
    yield* TestClock.adjust("1 hour")
    assert.deepStrictEqual(yield* Queue.clear(told), [...found])
  }))
