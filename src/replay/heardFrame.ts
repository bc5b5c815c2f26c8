import * as Result from "effect/Result"
import { decodeFrame, type Incoming } from "../protocol/incoming.ts"
import type { Entry } from "./format.ts"
import type { Place, ReplayEvent } from "./ReplayEvent.ts"

export type FrameIn = Extract<Entry, { readonly dir: "in" }>

/** Tells of a frame of the hub, and of what is odd about it. */
export const heardFrame = (
  entry: FrameIn,
  place: Place | null,
  { tell, unheard }: { readonly tell: (event: ReplayEvent) => void; readonly unheard: boolean }
): void => {
  const { t } = entry
  if ("unreadable" in entry) {
    tell({ t, kind: "note", text: `the hub sent what is no JSON object: ${entry.unreadable}`, place })
  } else tell({ t, kind: "frame", dir: "in", msg: entry.msg, unheard, place })
  const incoming = incomingOf(entry)
  if (Result.isFailure(incoming)) {
    const { reason } = incoming.failure
    tell({ t, kind: "log", log: { event: "frame_undecodable", reason, excerpt: "" } })
  } else if (incoming.success._tag === "Ignored" && !incoming.success.known) {
    const { type } = incoming.success
    tell({ t, kind: "note", text: `the hub sent ${type}, a type of frame that this version does not know`, place })
    tell({ t, kind: "log", log: { event: "frame_ignored", type } })
  } else if (incoming.success._tag === "IdentifyRefused") {
    tell({ t, kind: "log", log: { event: "identify_refused", reason: incoming.success.reason } })
  }
}

/** What a recorded frame says. */
export const incomingOf = (entry: FrameIn): Result.Result<Incoming, { readonly reason: string }> =>
  decodeFrame("msg" in entry ? JSON.stringify(entry.msg) : entry.unreadable)
