import type { Entry } from "../format.ts"
import { isLocalFact } from "../LocalFact.ts"

/** Whether another life of the daemon begins here, so that nothing after it is of the life before it. */
export const beginsLife = (entry: Entry): boolean => {
  if (entry.dir === "header") return "msg" in entry && !entry.msg.continues
  return entry.dir === "local" && "msg" in entry && entry.msg._tag === "Restarted"
}

/** Whether the recorded sidecar took a step here: on a fact, or on what a frame had told. */
export const isStep = (entry: Entry): boolean =>
  entry.dir === "local" && "msg" in entry &&
  (isLocalFact(entry.msg) || (entry.msg._tag === "Decided" && entry.msg.on !== undefined))

/** Whether the recorded sidecar did something here: whatever it was at before, it was done with. Pings go by themselves. */
export const isDoing = (entry: Entry): boolean => {
  if (entry.dir === "out") return entry.msg["type"] !== "ping"
  return isStep(entry) || (entry.dir === "local" && "msg" in entry && entry.msg._tag === "FrameUnsendable")
}

/** Whether a line tells when a step was taken on what a frame had told. */
export const isHearing = (entry: Entry): boolean =>
  entry.dir === "local" && "msg" in entry && entry.msg._tag === "Decided" && entry.msg.on !== undefined
