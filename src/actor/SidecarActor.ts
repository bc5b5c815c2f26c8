import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { Message } from "../domain/Message.ts"
import { initialState, type Policy, type SidecarState } from "../domain/SidecarState.ts"
import { transition } from "../domain/transition.ts"
import { limits } from "../limits.ts"
import { Hub } from "../services/Hub.ts"
import { TaskStore } from "../services/TaskStore.ts"
import { Waker } from "../services/Waker.ts"
import { makeRunner, type Surroundings } from "./CommandRunner.ts"
import { makeSupervisor } from "./Supervisor.ts"

/**
 * How a message is handled: transition, save if what we owe has changed, run the commands. What a command knows at once
 * is handled before the next message, so the mailbox never waits for itself.
 */
const makeHandler = Effect.fnUntraced(function*(policy: Policy, surroundings: Omit<Surroundings, "learn">) {
  const store = yield* TaskStore
  const learnt: Array<Message> = []
  const learn = (message: Message) =>
    Effect.sync(() => {
      learnt.push(message)
    })
  const run = yield* makeRunner({ ...surroundings, learn })
  let state: SidecarState = initialState(policy)

  return Effect.fnUntraced(function*(posted: Message) {
    for (let message: Message | undefined = posted; message !== undefined; message = learnt.shift()) {
      const before = state
      const [after, commands] = transition(before, message, yield* Clock.currentTimeMillis)
      state = after
      if (after.stored !== before.stored) yield* store.save(after.stored)
      for (const command of commands) yield* run(command)
    }
  })
})

/**
 * The sidecar: one fiber drains one mailbox. Ends with the exit code that was asked for by a drain; fails when the state
 * cannot be kept or a fiber of its dies. Interruption leaves the agent at its work.
 */
export const runSidecar = Effect.fnUntraced(function*(policy: Policy) {
  const hub = yield* Hub
  const store = yield* TaskStore
  const waker = yield* Waker
  const mailbox = yield* Effect.acquireRelease(Queue.bounded<Message>(limits.mailbox_messages), Queue.shutdown)
  const fibers = yield* makeSupervisor
  const exit = yield* Deferred.make<0 | 75>()
  const post = (message: Message) => Effect.asVoid(Queue.offer(mailbox, message))

  const handle = yield* makeHandler(policy, { fibers, post, exit })
  const stored = yield* store.load
  yield* handle({ _tag: "Restarted", stored, survivors: yield* waker.survivors })
  yield* fibers.run("hub", Stream.runForEach(hub.messages, post))

  const drainMailbox = Effect.forever(Effect.flatMap(Queue.take(mailbox), handle))
  return yield* Effect.raceAllFirst([Deferred.await(exit), drainMailbox, fibers.join])
}, Effect.scoped)
