import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { RunSidecar } from "../engine/Life.ts"
import type { Line, Recorded } from "../engine/Window.ts"
import type { ReplayOptions } from "../Replay.ts"
import { type Difference, firstDifference, isSame } from "./difference.ts"
import { limits } from "./limits.ts"
import { reduced } from "./reduced.ts"
import { isDecision, livesIn, stepsIn, tasksIn, withoutTask } from "./units.ts"

type Lines = ReadonlyArray<Recorded>

export interface Minimized {
  readonly lines: Lines
  readonly difference: Difference
  readonly tries: number
  /** Whether the search ended because it had tried enough. */
  readonly isCutShort: boolean
}

/** The lines of all files as those of one. */
const asOne = (lines: ReadonlyArray<Line>): Lines =>
  lines.flatMap((line, index) => "entry" in line ? [{ ...line, place: { file: "minimized", line: index + 1 } }] : [])

/** Tries whether lines still differ in the same way; once there were too many tries, none does. */
const makeTrial = Effect.fnUntraced(function*(difference: Difference, run: RunSidecar, options: ReplayOptions) {
  const latest = (yield* Clock.currentTimeMillis) + limits.longest_ms
  const state = { tries: 0, isCutShort: false }
  const first = Effect.fnUntraced(function*(lines: Lines) {
    // Whoever asks for an end is heard between two tries.
    yield* Effect.yieldNow
    state.isCutShort ||= state.tries >= limits.tries || (yield* Clock.currentTimeMillis) > latest
    if (state.isCutShort) return null
    state.tries++
    return firstDifference(lines, run, options)
  })
  const differs = (lines: Lines) => Effect.map(first(lines), (found) => isSame(difference, found))
  /** The lines without those before the difference that have lost what they come from; null where it is another one then. */
  const mended = Effect.fnUntraced(function*(lines: Lines) {
    let left = lines
    for (let mends = 0; mends <= limits.mends; mends++) {
      const found = yield* first(left)
      if (isSame(difference, found)) return left
      if (found === null || found.line === null) return null
      left = left.filter(({ place }) => place.line !== found.line)
    }
    return null
  })
  return { differs, mended, state }
})

/**
 * The shortest recording that still differs in the way in which these lines differ first: what comes after it goes, then
 * all that only tells what was decided, whole lives, whole tasks, steps, and at last single lines. Each line stays as it is,
 * and a header stays in front. `null` where nothing differs.
 */
export const minimized = Effect.fnUntraced(function*(
  recorded: ReadonlyArray<Line>,
  run: RunSidecar,
  options: ReplayOptions
) {
  const all = asOne(recorded)
  const difference = firstDifference(all, run, options)
  if (difference === null) return null
  const { differs, mended, state } = yield* makeTrial(difference, run, options)
  const [head = [], body] = all[0]?.entry.dir === "header" ? [all.slice(0, 1), all.slice(1)] : [[], all]
  const passes = (lines: Lines) => differs([...head, ...lines])
  const inUnits = (units: ReadonlyArray<Lines>) =>
    Effect.map(reduced(units, (left) => passes(left.flat())), (left) => left.flat())

  let left = body
  const until = left.filter(({ entry }) => entry.t <= difference.t)
  if (yield* passes(until)) left = until
  const undecided = left.filter(({ entry }) => !isDecision(entry))
  if (yield* passes(undecided)) left = undecided
  left = yield* inUnits(livesIn(left))
  for (const task_id of tasksIn(left)) {
    const others = yield* mended([...head, ...withoutTask(left, task_id)])
    if (others !== null) left = others.slice(head.length)
  }
  for (let before = Infinity; left.length < before && !state.isCutShort;) {
    before = left.length
    left = yield* inUnits(stepsIn(left))
    left = yield* reduced(left, passes)
  }
  return { lines: [...head, ...left], difference, ...state } satisfies Minimized
})
