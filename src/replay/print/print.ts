import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import type { ReplayEvent, Summary } from "../ReplayEvent.ts"
import { dayOf, nameOfDay } from "../words.ts"
import { makeCut, type PrintOptions } from "./options.ts"
import type { Output, OutputUnwritten } from "./Output.ts"
import { textOf } from "./textOf.ts"

/** Makes a function that returns the lines of an event. A line with the date comes before the first event of a day. */
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

/** Makes a function that returns how many milliseconds to wait before an event. */
const makePace = () => {
  let last: number | null = null
  return ({ kind, t }: ReplayEvent): number => {
    if (kind === "end" || kind === "file") return 0
    const ms = last === null ? 0 : t - last
    last = Math.max(t, last ?? t)
    return Math.max(0, ms)
  }
}

/** Prints lines until nobody reads them any more. After that it neither prints nor waits. */
const makePrinter = (output: Output) => {
  let isRead = true
  const whileRead = (printing: ReturnType<Output["lines"]>): Effect.Effect<void, OutputUnwritten> =>
    Effect.suspend(() =>
      isRead ? Effect.catchTag(printing, "NobodyReads", () => Effect.sync(() => void (isRead = false))) : Effect.void
    )
  const print = (lines: ReadonlyArray<string>) => whileRead(output.lines(lines))
  return {
    print,
    after: (ms: number, lines: ReadonlyArray<string>) =>
      ms > 0
        ? Effect.all([whileRead(output.flush), whileRead(Effect.sleep(ms)), print(lines)], { discard: true })
        : print(lines),
    flush: whileRead(output.flush)
  }
}

/** Prints a replay and returns its summary. If nobody reads the output any more, the replay still goes on to its end. */
export const printed = <E, R>(
  events: Stream.Stream<ReadonlyArray<ReplayEvent>, E, R>,
  { json, realtime, ...cut }: PrintOptions,
  output: Output
): Effect.Effect<Summary | null, E | OutputUnwritten, R> =>
  Effect.suspend(() => {
    const isShown = makeCut(cut)
    const text = makeText()
    const pace = makePace()
    const printer = makePrinter(output)
    const linesOf = (event: ReplayEvent) => json ? [JSON.stringify(event)] : text(event)
    const inTime = (event: ReplayEvent) => {
      const lines = linesOf(event)
      return lines.length === 0 ? Effect.void : printer.after(pace(event), lines)
    }
    let summary: Summary | null = null
    return events.pipe(
      Stream.runForEach((some) => {
        const shown = some.filter(isShown)
        for (const event of shown) if (event.kind === "end") summary = event.summary
        return realtime
          ? Effect.forEach(shown, inTime, { discard: true })
          : printer.print(shown.flatMap(linesOf))
      }),
      Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Effect.ignore(printer.flush)),
      Effect.andThen(printer.flush),
      Effect.map(() => summary)
    )
  })
