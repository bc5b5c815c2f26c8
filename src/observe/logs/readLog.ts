import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { LineSplitter, type TextLine } from "../../text/LineSplitter.ts"
import { printable, readable } from "../../text/terminal.ts"
import { LogReader } from "./LogReader.ts"

const log_line_bytes = 1024 * 1024 // a longer line is not shown
const log_poll_ms = 250

/** The log cannot be read. */
class LogUnreadable extends Schema.TaggedError<LogUnreadable>()("LogUnreadable", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.path} cannot be read: ${this.reason}`
  }
}

export interface LogOptions {
  readonly log_file: string
  /** Whether to go on for ever with the lines that are added. */
  readonly follow: boolean
  /** Shows only lines from this time on, in epoch milliseconds. */
  readonly since: number | undefined
  /** Shows only lines about this task. */
  readonly task: string | undefined
}

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)))

const two = (value: number): string => String(value).padStart(2, "0")

/** The date and the time of this machine's time zone. */
export const localTime = (at: number): string => {
  const date = new Date(at)
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-")
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":")
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, "0")}`
}

/** An event of the log as a line for people; undefined for a line that is not an event. */
const entryOf = (text: string) => {
  const record = Option.getOrUndefined(decode(text))
  if (record === undefined) return undefined
  const { agent_id: _, event, ts, ...fields } = record
  const at = Predicate.isString(ts) ? Date.parse(ts) : Number.NaN
  if (Number.isNaN(at) || !Predicate.isString(event) || !/^\w+$/.test(event)) return undefined
  return {
    at,
    work: fields["task_id"] ?? fields["batch_id"],
    text: readable(localTime(at), event, Object.entries(fields))
  }
}

/**
 * Selects lines and makes them readable. A line that is not an event is about no task or batch. It is shown, escaped, if the line
 * before it is.
 */
const selectLines = ({ since, task }: LogOptions) => {
  let isSince = since === undefined
  return ({ bytes, text }: TextLine): ReadonlyArray<string> => {
    const entry = text === null ? undefined : entryOf(text)
    if (entry !== undefined && since !== undefined) isSince = entry.at >= since
    const isSelected = isSince && (task === undefined || entry?.work === task)
    return isSelected ? [entry?.text ?? printable(text ?? `(a line of ${bytes} bytes)`)] : []
  }
}

/** Where the lines go. `pause` runs when there are no more lines for now. */
interface Output<E> {
  readonly lines: (lines: ReadonlyArray<string>) => Effect.Effect<void, E>
  readonly pause: Effect.Effect<void, E>
}

/** Shows the lines of the log and its rotated files, the oldest first. Returns whether the log had any. */
export const readLog = Effect.fnUntraced(function*<E>(options: LogOptions, output: Output<E>) {
  const { follow, log_file } = options
  const log = yield* Effect.acquireRelease(
    Effect.sync(() => new LogReader(log_file)),
    (open) => Effect.promise(() => open.close())
  )
  const splitter = new LineSplitter(log_line_bytes)
  const shown = selectLines(options)
  const read = Effect.tryPromise({
    try: () => log.read(),
    catch: (cause) => new LogUnreadable({ path: log_file, reason: cause instanceof Error ? cause.message : "" })
  })
  let isEmpty = true
  for (;;) {
    const chunk = yield* read
    if (chunk !== undefined) {
      isEmpty = false
      yield* output.lines(splitter.push(chunk).flatMap(shown))
    } else if (follow) {
      yield* Effect.andThen(output.pause, Effect.sleep(log_poll_ms))
    } else {
      yield* output.lines(splitter.end().flatMap(shown))
      yield* output.pause
      return !isEmpty
    }
  }
}, Effect.scoped)

const unit_ms: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** The last time that a clock showed this local time. */
const clockTime = (hours: number, minutes: number, seconds: number, now: number): number => {
  const at = new Date(now).setHours(hours, minutes, seconds, 0)
  return at > now ? new Date(at).setDate(new Date(at).getDate() - 1) : at
}

/**
 * Parses the value of `--since` to epoch milliseconds: an age (`10m`; s, m, h or d), a time of day (`14:30`) or a date with or
 * without a time. Times are local unless the text names a zone. Undefined if it is none of these.
 */
export const parseSince = (text: string, now: number): number | undefined => {
  const [, count, unit = ""] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  if (count !== undefined) return now - Number(count) * (unit_ms[unit] ?? 0)
  const [, hours, minutes, seconds = "0"] = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/.exec(text) ?? []
  if (hours !== undefined) return clockTime(Number(hours), Number(minutes), Number(seconds), now)
  // JavaScript reads a date alone as UTC.
  const at = Date.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text)
  return /^\d{4}-/.test(text) && !Number.isNaN(at) ? at : undefined
}
