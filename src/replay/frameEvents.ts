import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import type { HubMessage } from "../domain/Message.ts"
import type { JsonObject } from "../domain/Work.ts"
import { decodeFrame, type DecodeProblem, type Incoming } from "../protocol/incoming.ts"
import { isJsonObject, parseExact } from "../text/json.ts"
import type { FrameInEntry, Place } from "./format.ts"
import type { ReplayEvent, Verdict } from "./ReplayEvent.ts"

/** The fields of frames that are not compared; `null` means that nothing is compared. */
export type Expectation = ReadonlySet<string> | null

export type FrameOutEvent = Extract<ReplayEvent, { readonly kind: "frame"; readonly dir: "out" }>

/** A frame that the recorded sidecar sent. */
export interface Sent {
  readonly t: number
  readonly msg: JsonObject
  readonly place: Place
}

export const stringOrEmpty = (value: unknown): string => Predicate.isString(value) ? value : ""

/** Parses a frame of this version as a recording is parsed, so that long numbers keep their digits. */
export const parsedFrame = (text: string): JsonObject => {
  const frame = parseExact(text)
  return isJsonObject(frame) ? frame : {}
}

/** Frames are only compared with frames of the same key. */
export const keyOf = ({ task_id, type }: JsonObject): string => `${stringOrEmpty(type)} ${stringOrEmpty(task_id)}`

/** A frame that this version sends, or that only the recorded sidecar sent. */
export const frameOut = (t: number, verdict: Verdict, msg: JsonObject): FrameOutEvent => ({
  t,
  kind: "frame",
  dir: "out",
  verdict,
  msg,
  recorded: null,
  fields: []
})

/** A frame that only the recorded sidecar sent. */
export const onlyRecorded = ({ msg, place, t }: Sent): FrameOutEvent => ({
  ...frameOut(t, "recorded", msg),
  recorded: { t, msg, place }
})

/** A recording has no token, and another version of the sidecar makes no difference in what it does. */
const never_compared = ["token", "client_version"]

/** The value as JSON text, with the keys of its objects sorted. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => a < b ? -1 : 1))
      : inner) ?? ""

const isSame = (a: unknown, b: unknown): boolean =>
  a === b || (typeof a === "object" && typeof b === "object" && canonical(a) === canonical(b))

/** Makes a function that compares a frame of this version with the recorded one. */
export const frameComparer = (expectation: Expectation) => {
  const ignored = new Set([...never_compared, ...expectation ?? []])
  const isChanged = (ours: JsonObject, recorded: JsonObject) => (name: string): boolean =>
    !ignored.has(name) && !isSame(ours[name], recorded[name])
  return (t: number, msg: JsonObject, recorded: Sent): FrameOutEvent => {
    const names = new Set([...Object.keys(recorded.msg), ...Object.keys(msg)])
    const fields = expectation === null ? [] : [...names].filter(isChanged(msg, recorded.msg))
    const { msg: theirs, place, t: at } = recorded
    return {
      ...frameOut(t, fields.length === 0 ? "same" : "changed", msg),
      recorded: { t: at, msg: theirs, place },
      fields
    }
  }
}

/** Decodes a recorded frame of the hub. */
export const incomingOf = (entry: FrameInEntry): Result.Result<Incoming, DecodeProblem> =>
  decodeFrame("msg" in entry ? JSON.stringify(entry.msg) : entry.unreadable)

/** Emits the events of a frame of the hub. `place` is null for an assumed frame. */
export const emitFrameIn = (
  entry: FrameInEntry,
  place: Place | null,
  { emit, unheard }: { readonly emit: (event: ReplayEvent) => void; readonly unheard: boolean }
): void => {
  const { t } = entry
  if ("unreadable" in entry) {
    emit({ t, kind: "note", text: `the hub sent what is no JSON object: ${entry.unreadable}`, place })
  } else emit({ t, kind: "frame", dir: "in", msg: entry.msg, unheard, place })
  const incoming = incomingOf(entry)
  if (Result.isFailure(incoming)) {
    const { reason } = incoming.failure
    emit({ t, kind: "log", log: { event: "frame_undecodable", reason, excerpt: "" } })
  } else if (incoming.success._tag === "Ignored" && !incoming.success.known) {
    const { type } = incoming.success
    emit({ t, kind: "note", text: `the hub sent ${type}, a type of frame that this version does not know`, place })
    emit({ t, kind: "log", log: { event: "frame_ignored", type } })
  } else if (incoming.success._tag === "IdentifyRefused") {
    emit({ t, kind: "log", log: { event: "identify_refused", reason: incoming.success.reason } })
  }
}

/** The message that a connection passes to the actor for a frame that cannot be sent. */
export const unsendable: HubMessage = { _tag: "HubRefused", error: "invalid_json", frame: null, unknown_type: false }

/** The message that the connection of this agent passes to the actor for a frame; null if it passes none. */
export const messageOf = (
  incoming: Incoming,
  { agent_id, isIdentified }: { readonly agent_id: string | undefined; readonly isIdentified: boolean }
): HubMessage | null => {
  switch (incoming._tag) {
    case "Identified":
      return isIdentified ? null : incoming
    case "HubRefused":
      return isIdentified ? incoming : null
    case "AgentLeft":
      return isIdentified && incoming.agent_id === agent_id ? { _tag: "HubLostUs" } : null
    case "Pong":
      return incoming.hub_time === null ? null : { _tag: "HubTimeTold", hub_time: incoming.hub_time }
    case "IdentifyRefused":
    case "Ignored":
      return null
    default:
      return incoming
  }
}
