import * as Stream from "effect/Stream"
import type { Line } from "./Line.ts"
import { Replay, type ReplayOptions } from "./Replay.ts"
import type { ReplayEvent } from "./ReplayEvent.ts"

/** What would have happened, some events at a time, from the lines of a recording; the last event is the `end`. */
export const replayed = <E, R>(
  lines: Stream.Stream<ReadonlyArray<Line>, E, R>,
  options: Partial<ReplayOptions>
): Stream.Stream<ReadonlyArray<ReplayEvent>, E, R> =>
  Stream.suspend(() => {
    const replay = new Replay(options)
    return lines.pipe(
      Stream.map((some) => some.flatMap((line) => replay.feed(line))),
      Stream.concat(Stream.sync(() => replay.finish()))
    )
  })
