import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { TextLine } from "../../text/LineSplitter.ts"
import { printable, readable } from "../../text/readable.ts"

/** Which lines are wanted: those from a moment on, in epoch milliseconds, and those about a task. */
export interface Wanted {
  readonly since: number | undefined
  readonly task: string | undefined
}

interface Entry {
  readonly at: number
  readonly task: unknown
  readonly text: string
}

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)))

const two = (value: number): string => String(value).padStart(2, "0")

/** Local time, as the one who reads it has it on the wall. */
const localTime = (at: number): string => {
  const date = new Date(at)
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-")
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":")
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, "0")}`
}

const entryOf = (text: string): Entry | undefined => {
  const record = Option.getOrUndefined(decode(text))
  if (record === undefined) return undefined
  const { agent_id: _, event, ts, ...fields } = record
  const at = Predicate.isString(ts) ? Date.parse(ts) : Number.NaN
  if (Number.isNaN(at) || !Predicate.isString(event) || !/^\w+$/.test(event)) return undefined
  return { at, task: fields["task_id"], text: readable(localTime(at), event, Object.entries(fields)) }
}

/**
 * Turns lines of the log into lines for people, and keeps those that are wanted. A line that is no event is shown as it
 * is, escaped, where the one before it is shown; it is about no task.
 */
export class Selection {
  readonly #wanted: Wanted
  #isSince: boolean

  constructor(wanted: Wanted) {
    this.#wanted = wanted
    this.#isSince = wanted.since === undefined
  }

  readonly shown = ({ bytes, text }: TextLine): ReadonlyArray<string> => {
    const { since, task } = this.#wanted
    const entry = text === null ? undefined : entryOf(text)
    if (entry !== undefined && since !== undefined) this.#isSince = entry.at >= since
    const isWanted = this.#isSince && (task === undefined || entry?.task === task)
    return isWanted ? [entry?.text ?? printable(text ?? `(a line of ${bytes} bytes)`)] : []
  }
}
