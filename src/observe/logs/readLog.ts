import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { limits } from "../../limits.ts"
import { LineSplitter } from "../../text/LineSplitter.ts"
import { LogReader } from "./LogReader.ts"
import { Selection, type Wanted } from "./Selection.ts"

/** The log cannot be read. */
export class LogUnreadable extends Schema.TaggedError<LogUnreadable>()("LogUnreadable", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.path} cannot be read: ${this.reason}`
  }
}

/** Who is shown the lines; `pause` comes when there are no more for now. */
export interface Reader<E> {
  readonly lines: (lines: ReadonlyArray<string>) => Effect.Effect<void, E>
  readonly pause: Effect.Effect<void, E>
}

export interface LogOptions extends Wanted {
  readonly log_file: string
  /** Whether what is added is shown too, for ever. */
  readonly follow: boolean
}

/** Shows the lines of the log and of its rotated files, the oldest first. Succeeds with whether there was any. */
export const readLog = Effect.fnUntraced(function*<E>({ follow, log_file, ...wanted }: LogOptions, reader: Reader<E>) {
  const log = yield* Effect.acquireRelease(
    Effect.sync(() => new LogReader(log_file)),
    (open) => Effect.promise(() => open.close())
  )
  const splitter = new LineSplitter(limits.log_line_bytes)
  const { shown } = new Selection(wanted)
  const read = Effect.tryPromise({
    try: () => log.read(),
    catch: (cause) => new LogUnreadable({ path: log_file, reason: cause instanceof Error ? cause.message : "" })
  })
  let isEmpty = true
  for (;;) {
    const chunk = yield* read
    if (chunk !== undefined) {
      isEmpty = false
      yield* reader.lines(splitter.push(chunk).flatMap(shown))
    } else if (follow) {
      yield* Effect.andThen(reader.pause, Effect.sleep(limits.log_poll_ms))
    } else {
      yield* reader.lines(splitter.end().flatMap(shown))
      yield* reader.pause
      return !isEmpty
    }
  }
}, Effect.scoped)
