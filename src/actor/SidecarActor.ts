import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { Message } from "../domain/Message.ts"
import { initialState, type Policy, type SidecarState } from "../domain/SidecarState.ts"
import { Ending } from "../services/Ending.ts"
import { FolderLease } from "../services/FolderLease.ts"
import { Hub } from "../services/Hub.ts"
import { MessageStore } from "../services/MessageStore.ts"
import { Operator } from "../services/Operator.ts"
import { Orphans } from "../services/Orphans.ts"
import { Outbox } from "../services/Outbox.ts"
import { TaskStore } from "../services/TaskStore.ts"
import { Waker } from "../services/Waker.ts"
import type { ActorContext } from "./ActorContext.ts"
import { findOrphans, watchFolder } from "./background.ts"
import { makeStep } from "./step.ts"
import { makeSupervisor } from "./Supervisor.ts"

const mailbox_messages = 1_024

/** Takes a message. Outcomes that are known at once are taken before the next message, so the mailbox never waits for itself. */
const makeHandler = Effect.fnUntraced(
  function*(initial: SidecarState, context: Omit<ActorContext, "learn" | "save">) {
    const known: Array<Message> = []
    const learn = (message: Message) => Effect.sync(() => void known.push(message))
    const step = yield* makeStep(initial, { ...context, learn })

    return Effect.fnUntraced(function*(posted: Message) {
      for (let message: Message | undefined = posted; message !== undefined; message = known.shift()) {
        yield* step(message)
      }
    })
  }
)

/** What an earlier life left. The agent at work matters only if there is no stored state. */
const whatIsLeft = Effect.gen(function*() {
  const store = yield* TaskStore
  const waker = yield* Waker
  const stored = yield* store.load
  const survivors = yield* waker.survivorsAtStart
  const at_work = stored === null ? yield* waker.atWork : null
  const talk = yield* (yield* MessageStore).open(stored?.messages ?? null)
  return { _tag: "Restarted", stored, survivors, at_work, talk } satisfies Message
})

/**
 * The sidecar: one fiber takes the messages of one mailbox. It succeeds with the exit code of a drain, and fails if the folder is
 * lost or a fiber dies. Interruption leaves the agent running.
 */
export const runSidecar = Effect.fnUntraced(function*(policy: Policy) {
  const hub = yield* Hub
  const waker = yield* Waker
  const mailbox = yield* Effect.acquireRelease(Queue.bounded<Message>(mailbox_messages), Queue.shutdown)
  const fibers = yield* makeSupervisor
  const exit = yield* Deferred.make<0 | 75>()
  const post = (message: Message) => Effect.asVoid(Queue.offer(mailbox, message))

  const connection = Stream.runForEach(hub.messages, post)
  const handle = yield* makeHandler(initialState(policy), {
    agent_id: policy.messages.agent_id,
    fibers,
    post,
    exit,
    connection
  })
  const left = yield* whatIsLeft
  const asked = yield* yield* Operator
  yield* handle(left)
  yield* fibers.run("folder", watchFolder(yield* FolderLease, post))
  yield* fibers.run("orphans", findOrphans(yield* Orphans, waker, post))
  yield* fibers.run("outbox", Stream.runForEach((yield* Outbox).filled, (held) => post({ _tag: "HeldChanged", held })))
  yield* fibers.run("operator", Stream.runForEach(asked, post))

  const drainMailbox = Effect.forever(Effect.flatMap(Queue.take(mailbox), handle))
  return yield* Effect.onExit(Effect.raceAllFirst([Deferred.await(exit), drainMailbox, fibers.join]), yield* Ending)
}, Effect.scoped)
