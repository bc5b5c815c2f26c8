import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Command } from "../domain/Command.ts"
import type { Message } from "../domain/Message.ts"
import type { Unsaved } from "../domain/rules/disk.ts"
import { unsavedStep } from "../domain/rules/disk.ts"
import type { SidecarState, StoredState } from "../domain/SidecarState.ts"
import { transition } from "../domain/transition.ts"
import { FolderLease } from "../services/FolderLease.ts"
import { Observer } from "../services/Observer.ts"
import { TaskStore } from "../services/TaskStore.ts"
import { makeRunner } from "./CommandRunner.ts"
import type { Surroundings } from "./Surroundings.ts"

type Commands = ReadonlyArray<Command>

/**
 * How the actor takes a message: transition, save if what we owe has changed, tell the observer, run the commands. A step
 * that must not be taken before it is on disk is undone when it cannot be saved.
 */
export const makeStep = Effect.fnUntraced(function*(initial: SidecarState, surroundings: Omit<Surroundings, "save">) {
  const store = yield* TaskStore
  const { check } = yield* FolderLease
  const observe = yield* Observer
  const { learn } = surroundings
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
  const run = yield* makeRunner({ ...surroundings, save })

  /** What may be done after a step: all of it where it is on disk, else what rule 12 allows. */
  const saveStep = Effect.fnUntraced(function*(before: SidecarState, after: SidecarState, commands: Commands) {
    const unsaved = unsavedStep(before, after, commands)
    const outcome = yield* trySave(after.stored, unsaved)
    const saved = outcome._tag === "SaveSucceeded"
    if (!saved || before.disk !== "ok") yield* learn(outcome)
    return saved ? { state: after, commands, saved } : { ...unsaved, saved }
  })

  return Effect.fnUntraced(function*(message: Message) {
    const before = state
    const at = yield* Clock.currentTimeMillis
    const [after, commands] = transition(before, message, at)
    const taken = after.stored === before.stored
      ? { state: after, commands, saved: true }
      : yield* saveStep(before, after, commands)
    state = taken.state
    const { saved } = taken
    yield* observe({ _tag: "Stepped", step: { at, message, before, after: state, commands: taken.commands, saved } })
    for (const command of taken.commands) yield* run(command)
  })
})
