import * as Predicate from "effect/Predicate"
import type { JsonObject } from "../domain/Work.ts"
import { isJsonObject, parseExact } from "../text/json.ts"
import type { Place, ReplayEvent, Verdict } from "./ReplayEvent.ts"
import { changedFields } from "./sameFields.ts"

/** How strictly frames are compared: which of their fields do not count; `null` compares nothing. */
export type Expectation = ReadonlySet<string> | null

export type FrameOut = Extract<ReplayEvent, { readonly kind: "frame"; readonly dir: "out" }>

/** A frame that the recorded sidecar sent. */
export interface Sent {
  readonly t: number
  readonly msg: JsonObject
  readonly place: Place
}

/** The value where it is a text, else an empty one. */
export const textIn = (value: unknown): string => Predicate.isString(value) ? value : ""

/** A frame of ours as a recording reads it, with its numbers as they are written. */
export const frameIn = (text: string): JsonObject => {
  const frame = parseExact(text)
  return isJsonObject(frame) ? frame : {}
}

/** Only frames of one key can be the same. */
export const keyOf = ({ task_id, type }: JsonObject): string => `${textIn(type)} ${textIn(task_id)}`

/** No recording holds the token, and which version speaks is no difference in what it does. */
const never_compared = ["token", "client_version"]

export const frameOut = (t: number, verdict: Verdict, msg: JsonObject): FrameOut => ({
  t,
  kind: "frame",
  dir: "out",
  verdict,
  msg,
  recorded: null,
  fields: []
})

/** A frame that only the recorded sidecar sent. */
export const onlyRecorded = ({ msg, place, t }: Sent): FrameOut => ({
  ...frameOut(t, "recorded", msg),
  recorded: { t, msg, place }
})

/** Makes the event of a frame that both sent. */
export const bothSent = (expectation: Expectation) => {
  const ignored = new Set([...never_compared, ...expectation ?? []])
  return (t: number, msg: JsonObject, recorded: Sent): FrameOut => {
    const fields = expectation === null ? [] : changedFields(msg, recorded.msg, ignored)
    const { msg: theirs, place, t: at } = recorded
    return {
      ...frameOut(t, fields.length === 0 ? "same" : "changed", msg),
      recorded: { t: at, msg: theirs, place },
      fields
    }
  }
}
