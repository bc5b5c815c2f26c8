import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ReplayEvent, Summary } from "../ReplayEvent.ts"
import { type Cut, makeCut } from "./cut.ts"
import type { NobodyReads, Output } from "./Output.ts"
import { textOf } from "./textOf.ts"
import { dayOf, nameOfDay } from "./words.ts"

export interface PrintOptions extends Cut {
  readonly json: boolean
  /** At the pace of the recording. */
  readonly realtime: boolean
}

/** The lines of text of an event, with the day where a new one begins. */
const makeText = (): (event: ReplayEvent) => ReadonlyArray<string> => {
  let day: number | null = null
  return (event) => {
    const lines = textOf(event)
    const today = dayOf(event.t)
    if (lines.length === 0 || today === day) return lines
    day = today
    return [`  ${nameOfDay(day)} (times are in UTC)`, ...lines]
  }
}

/** Waits before an event as long as the recording did. */
const makePace = (output: Output) => {
  let last: number | null = null
  return ({ kind, t }: ReplayEvent): Effect.Effect<void, NobodyReads> => {
    if (kind === "end") return Effect.void
    const ms = last === null ? 0 : t - last
    last = Math.max(t, last ?? t)
    return ms > 0 ? Effect.andThen(output.flush, Effect.sleep(ms)) : Effect.void
  }
}

/** Prints what is asked for of a replay, and gives its summary. */
export const printed = <E, R>(
  events: Stream.Stream<ReadonlyArray<ReplayEvent>, E, R>,
  { json, realtime, ...cut }: PrintOptions,
  output: Output
): Effect.Effect<Summary | null, E | NobodyReads, R> =>
  Effect.suspend(() => {
    const isShown = makeCut(cut)
    const text = makeText()
    const pace = makePace(output)
    const linesOf = (event: ReplayEvent) => json ? [JSON.stringify(event)] : text(event)
    const print = (shown: ReadonlyArray<ReplayEvent>) => output.lines(shown.flatMap(linesOf))
    let summary: Summary | null = null
    return events.pipe(
      Stream.runForEach((some) => {
        const shown = some.filter(isShown)
        for (const event of shown) if (event.kind === "end") summary = event.summary
        return realtime
          ? Effect.forEach(shown, (event) => Effect.andThen(pace(event), print([event])), { discard: true })
          : print(shown)
      }),
      Effect.ensuring(Effect.ignore(output.flush)),
      Effect.map(() => summary)
    )
  })
