import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { Message } from "../domain/Message.ts"
import { initialState, type Policy, type SidecarState } from "../domain/SidecarState.ts"
import { limits } from "../limits.ts"
import { Ending } from "../services/Ending.ts"
import { FolderLease } from "../services/FolderLease.ts"
import { Hub } from "../services/Hub.ts"
import { Operator } from "../services/Operator.ts"
import { Orphans } from "../services/Orphans.ts"
import { TaskStore } from "../services/TaskStore.ts"
import { Waker } from "../services/Waker.ts"
import { findOrphans } from "./findOrphans.ts"
import { makeStep } from "./step.ts"
import { makeSupervisor } from "./Supervisor.ts"
import type { Surroundings } from "./Surroundings.ts"
import { watchFolder } from "./watchFolder.ts"

/** Takes a message. What its commands learn at once is taken before the next message, so that the mailbox never waits for itself. */
const makeHandler = Effect.fnUntraced(
  function*(initial: SidecarState, surroundings: Omit<Surroundings, "learn" | "save">) {
    const learnt: Array<Message> = []
    const learn = (message: Message) => Effect.sync(() => void learnt.push(message))
    const step = yield* makeStep(initial, { ...surroundings, learn })

    return Effect.fnUntraced(function*(posted: Message) {
      for (let message: Message | undefined = posted; message !== undefined; message = learnt.shift()) {
        yield* step(message)
      }
    })
  }
)

/** What an earlier life has left; the agent at work is of interest only where nothing is stored. */
const whatIsLeft = Effect.gen(function*() {
  const store = yield* TaskStore
  const waker = yield* Waker
  const stored = yield* store.load
  const survivors = yield* waker.survivorsAtStart
  const at_work = stored === null ? yield* waker.atWork : null
  return { _tag: "Restarted", stored, survivors, at_work } satisfies Message
})

/**
 * The sidecar: one fiber drains one mailbox. Ends with the exit code that was asked for by a drain; fails when the state
 * cannot be kept or a fiber of its dies. Interruption leaves the agent at its work.
 */
export const runSidecar = Effect.fnUntraced(function*(policy: Policy) {
  const hub = yield* Hub
  const waker = yield* Waker
  const mailbox = yield* Effect.acquireRelease(Queue.bounded<Message>(limits.mailbox_messages), Queue.shutdown)
  const fibers = yield* makeSupervisor
  const exit = yield* Deferred.make<0 | 75>()
  const post = (message: Message) => Effect.asVoid(Queue.offer(mailbox, message))

  const connection = Stream.runForEach(hub.messages, post)
  const handle = yield* makeHandler(initialState(policy), { fibers, post, exit, connection })
  const left = yield* whatIsLeft
  const asked = yield* yield* Operator
  yield* handle(left)
  yield* fibers.run("folder", watchFolder(yield* FolderLease, post))
  yield* fibers.run("orphans", findOrphans(yield* Orphans, waker, post))
  yield* fibers.run("operator", Stream.runForEach(asked, post))

  const drainMailbox = Effect.forever(Effect.flatMap(Queue.take(mailbox), handle))
  return yield* Effect.onExit(Effect.raceAllFirst([Deferred.await(exit), drainMailbox, fibers.join]), yield* Ending)
}, Effect.scoped)
