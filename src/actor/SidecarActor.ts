import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { Command } from "../domain/Command.ts"
import type { Message } from "../domain/Message.ts"
import type { Unsaved } from "../domain/rules/disk.ts"
import { unsavedStep } from "../domain/rules/disk.ts"
import { initialState, type Policy, type SidecarState, type StoredState } from "../domain/SidecarState.ts"
import { transition } from "../domain/transition.ts"
import { limits } from "../limits.ts"
import { FolderLease } from "../services/FolderLease.ts"
import { Hub } from "../services/Hub.ts"
import { Operator } from "../services/Operator.ts"
import { Orphans } from "../services/Orphans.ts"
import { TaskStore } from "../services/TaskStore.ts"
import { Waker } from "../services/Waker.ts"
import { Witness } from "../services/Witness.ts"
import { makeRunner } from "./CommandRunner.ts"
import { findOrphans } from "./findOrphans.ts"
import { makeSupervisor } from "./Supervisor.ts"
import type { Surroundings } from "./Surroundings.ts"
import { watchFolder } from "./watchFolder.ts"

type Commands = ReadonlyArray<Command>

interface Posted {
  readonly isMeant: () => boolean
  readonly message: Message
}

/**
 * How a message is handled: transition, save if what we owe has changed, run the commands. What a command knows at once
 * is handled before the next message, so the mailbox never waits for itself. A step that must not be taken before it is
 * on disk is undone when it cannot be saved.
 */
const makeHandler = Effect.fnUntraced(
  function*(initial: SidecarState, surroundings: Omit<Surroundings, "learn" | "save">) {
    const store = yield* TaskStore
    const { check } = yield* FolderLease
    const witness = yield* Witness
    const learnt: Array<Message> = []
    const learn = (message: Message) => Effect.sync(() => void learnt.push(message))
    let state = initial

    const trySave = (stored: StoredState, { undone, withheld }: Pick<Unsaved, "undone" | "withheld">) =>
      Effect.andThen(check, store.save(stored)).pipe(
        Effect.as<Message>({ _tag: "SaveSucceeded" }),
        Effect.catchTag(
          ["FolderGone", "StoreError"],
          ({ message }) => Effect.succeed<Message>({ _tag: "SaveFailed", reason: message, undone, withheld })
        )
      )
    const save = Effect.suspend(() => Effect.flatMap(trySave(state.stored, { undone: false, withheld: false }), learn))
    const run = yield* makeRunner({ ...surroundings, learn, save })

    /** What may be done after a step: all of it where it is on disk, else as rule 12 says. */
    const saveStep = Effect.fnUntraced(function*(before: SidecarState, after: SidecarState, commands: Commands) {
      const unsaved = unsavedStep(before, after, commands)
      const saved = yield* trySave(after.stored, unsaved)
      if (saved._tag === "SaveFailed" || before.disk !== "ok") yield* learn(saved)
      return saved._tag === "SaveFailed" ? unsaved : { state: after, commands }
    })

    const step = Effect.fnUntraced(function*(message: Message) {
      const before = state
      const at = yield* Clock.currentTimeMillis
      const [after, commands] = transition(before, message, at)
      yield* witness({ _tag: "Stepped", step: { at, message, before, after, commands } })
      const taken = after.stored === before.stored
        ? { state: after, commands }
        : yield* saveStep(before, after, commands)
      state = taken.state
      for (const command of taken.commands) yield* run(command)
    })

    return Effect.fnUntraced(function*(posted: Message) {
      for (let message: Message | undefined = posted; message !== undefined; message = learnt.shift()) {
        yield* step(message)
      }
    })
  }
)

/**
 * The sidecar: one fiber drains one mailbox. Ends with the exit code that was asked for by a drain; fails when the state
 * cannot be kept or a fiber of its dies. Interruption leaves the agent at its work. A replay may begin it in the middle of
 * a life: at the `known` state instead of with what is stored.
 */
export const runSidecar = Effect.fnUntraced(function*(policy: Policy, known?: SidecarState) {
  const hub = yield* Hub
  const store = yield* TaskStore
  const waker = yield* Waker
  const mailbox = yield* Effect.acquireRelease(Queue.bounded<Posted>(limits.mailbox_messages), Queue.shutdown)
  const fibers = yield* makeSupervisor
  const exit = yield* Deferred.make<0 | 75>()
  const postWhile = (isMeant: () => boolean, message: Message) =>
    Effect.asVoid(Queue.offer(mailbox, { isMeant, message }))
  const post = (message: Message) => postWhile(() => true, message)

  const connection = Stream.runForEach(hub.messages, post)
  const handle = yield* makeHandler(known ?? initialState(policy), { fibers, post, postWhile, exit, connection })
  const stored = known === undefined ? yield* store.load : null
  const asked = yield* yield* Operator
  if (stored !== null) yield* handle({ _tag: "Restarted", stored, survivors: yield* waker.survivors })
  else if (known?.readiness.link === "open") yield* fibers.run("hub", connection)
  yield* fibers.run("folder", watchFolder(yield* FolderLease, post))
  yield* fibers.run("orphans", findOrphans(yield* Orphans, waker, post))
  yield* fibers.run("operator", Stream.runForEach(asked, post))

  const drainMailbox = Effect.forever(
    Effect.flatMap(Queue.take(mailbox), ({ isMeant, message }) => isMeant() ? handle(message) : Effect.void)
  )
  return yield* Effect.raceAllFirst([Deferred.await(exit), drainMailbox, fibers.join])
}, Effect.scoped)
