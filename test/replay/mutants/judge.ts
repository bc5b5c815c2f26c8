import * as Effect from "effect/Effect"
import { isDeepStrictEqual } from "node:util"
import { runSidecar } from "../../../src/actor/SidecarActor.ts"
import { unsavedStep } from "../../../src/domain/rules/disk.ts"
import { transition } from "../../../src/domain/transition.ts"
import type { RunSidecar } from "../../../src/replay/engine/Life.ts"
import type { Line } from "../../../src/replay/engine/Window.ts"
import { Replay } from "../../../src/replay/Replay.ts"
import { isDifference } from "../../../src/replay/ReplayEvent.ts"
import { TaskStore } from "../../../src/services/TaskStore.ts"
import { type Step, Witness } from "../../../src/services/Witness.ts"

/** A step of a session, and what was left of it where it could not be saved. */
export interface Taken {
  readonly step: Step
  left: unknown
}

const differsBy = (run: RunSidecar, lines: ReadonlyArray<Line>): boolean => {
  const replay = new Replay(run)
  return lines.some((line) => replay.feed(line).some(isDifference)) || replay.finish().some(isDifference)
}

/** Whether the rules that are loaded here do anything else than what the lines tell. */
export const differs = (lines: ReadonlyArray<Line>): boolean => differsBy(runSidecar, lines)

const leftOf = ({ after, before, commands }: Step) => unsavedStep(before, after, commands)

const watched = (taken: Array<Taken>): RunSidecar =>
  Effect.fnUntraced(function*(policy) {
    const store = yield* TaskStore
    const witness = yield* Witness
    const unsaved = Effect.sync(() => {
      const last = taken.at(-1)
      if (last !== undefined) last.left = leftOf(last.step)
    })
    return yield* runSidecar(policy).pipe(
      Effect.provideService(TaskStore, {
        ...store,
        save: (state) => Effect.tapError(store.save(state), () => unsaved)
      }),
      Effect.provideService(Witness, (sight) => {
        if (sight._tag === "Stepped") taken.push({ step: sight.step, left: null })
        return witness(sight)
      })
    )
  })

const lastTimeOf = (lines: ReadonlyArray<Line>): number =>
  Math.max(...lines.map((line) => "entry" in line ? line.entry.t : -Infinity))

/** The steps that the rules that are loaded here take in a session, which has to replay without a difference. */
export const stepsOf = (lines: ReadonlyArray<Line>): ReadonlyArray<Taken> => {
  const taken: Array<Taken> = []
  if (differsBy(watched(taken), lines)) throw new Error("a recording differs without any change")
  const last_t = lastTimeOf(lines)
  return taken.filter(({ step }) => step.at <= last_t)
}

/** How the rules that are loaded here would take a step of others: alike, with a save more or less of the same state, or not so. */
export type Likeness = "alike" | "saved otherwise" | "otherwise"

export const likenessOf = ({ left, step }: Taken): Likeness => {
  const { at, before, message } = step
  const [after, commands] = transition(before, message, at)
  const isSaved = after.stored !== before.stored
  // It is looked at before each save, and must not throw then either.
  const ours = isSaved || left !== null ? leftOf({ ...step, after, commands }) : null
  const isAlike = isDeepStrictEqual([after, commands], [step.after, step.commands]) &&
    (left === null || isDeepStrictEqual(ours, left))
  if (!isAlike) return "otherwise"
  return isSaved === (step.after.stored !== step.before.stored) ? "alike" : "saved otherwise"
}
