import { isDeepStrictEqual } from "node:util"
import { transition } from "../../../src/domain/transition.ts"
import type { Line } from "../../../src/replay/format.ts"
import { Replay } from "../../../src/replay/Replay.ts"
import { isDifference } from "../../../src/replay/ReplayEvent.ts"
import type { Step } from "../../../src/services/Observer.ts"

const differsBy = (replay: Replay, lines: ReadonlyArray<Line>): boolean =>
  lines.some((line) => replay.feed(line).some(isDifference)) || replay.finish().some(isDifference)

/** Whether the rules that are loaded here differ from the recorded lines. */
export const differs = (lines: ReadonlyArray<Line>): boolean => differsBy(new Replay(), lines)

/** The steps of the rules that are loaded here in a session. The session must replay without a difference. */
export const stepsOf = (lines: ReadonlyArray<Line>): ReadonlyArray<Step> => {
  const taken: Array<Step> = []
  const replay = new Replay({ observe: (event) => void (event._tag === "Stepped" && taken.push(event.step)) })
  if (differsBy(replay, lines)) throw new Error("a recording differs without any change")
  return taken
}

/** How the rules that are loaded here take a step of other rules. `saved otherwise`: only a save of the same state differs. */
export type Likeness = "alike" | "saved otherwise" | "otherwise"

export const likenessOf = ({ after, at, before, commands, message, saved }: Step): Likeness => {
  const step = transition(before, message, at)
  const isSaved = step[0].stored !== before.stored
  if (!isDeepStrictEqual(step, [after, commands])) return "otherwise"
  return isSaved === (!saved || after.stored !== before.stored) ? "alike" : "saved otherwise"
}
