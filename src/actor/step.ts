import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Message } from "../domain/Message.ts"
import type { SidecarState, StoredState } from "../domain/SidecarState.ts"
import { transition } from "../domain/transition.ts"
import { FolderLease, type FolderLost } from "../services/FolderLease.ts"
import { Observer } from "../services/Observer.ts"
import { TaskStore } from "../services/TaskStore.ts"
import type { ActorContext } from "./ActorContext.ts"
import { makeRunner } from "./CommandRunner.ts"

/**
 * How the actor takes a message: transition, save if the state has changed, tell the observer, run the commands. If the state
 * cannot be saved although the rules took the disk to work, they are told so and take the message again: what they decide then
 * needs no disk. That a save succeeded is not taken again, because it is not true any more.
 */
export const makeStep = Effect.fnUntraced(function*(initial: SidecarState, context: Omit<ActorContext, "save">) {
  const store = yield* TaskStore
  const { check } = yield* FolderLease
  const observe = yield* Observer
  const { learn } = context
  let state = initial

  const trySave = (stored: StoredState) =>
    Effect.andThen(check, store.save(stored)).pipe(
      Effect.as({ _tag: "SaveSucceeded" } as const),
      Effect.catchTag(
        ["FolderGone", "StoreError"],
        ({ message }) => Effect.succeed({ _tag: "SaveFailed", reason: message } as const)
      )
    )
  const save = Effect.suspend(() => Effect.flatMap(trySave(state.stored), learn))
  const run = yield* makeRunner({ ...context, save })

  const take = (message: Message): Effect.Effect<void, FolderLost> =>
    Effect.gen(function*() {
      const before = state
      const at = yield* Clock.currentTimeMillis
      const [after, commands] = transition(before, message, at)
      const outcome = after.stored === before.stored ? null : yield* trySave(after.stored)
      const saved = outcome?._tag !== "SaveFailed"
      if (!saved && after.disk === "ok") {
        yield* take(outcome)
        return yield* message._tag === "SaveSucceeded" ? Effect.void : take(message)
      }
      if (outcome !== null && saved && before.disk !== "ok") yield* learn(outcome)
      state = after
      yield* observe({ _tag: "Stepped", step: { at, message, before, after, commands, saved } })
      for (const command of commands) yield* run(command)
    })
  return take
})
