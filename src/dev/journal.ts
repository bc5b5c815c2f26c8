import type { JsonObject } from "./json.ts"
import { isJsonObject } from "./json.ts"
import { limits } from "./limits.ts"

/** One frame as it crossed the hub's socket; "in" is hub → agent, `t` virtual epoch ms. */
export interface HubFrame {
  readonly t: number
  readonly agent: string | undefined
  readonly socket: number
  readonly dir: "in" | "out"
  readonly msg: unknown
}

export interface Journal {
  readonly add: (frame: HubFrame) => void
  /** All frames so far, oldest first; an answer never changes afterwards. */
  readonly frames: () => ReadonlyArray<HubFrame>
}

const redacted = (msg: unknown): unknown => {
  if (!isJsonObject(msg) || !("token" in msg)) return msg
  const clean: JsonObject = { ...msg, token: "[REDACTED]" }
  return clean
}

/** A journal that forgets its oldest frames once it is full. */
export const make = (): Journal => {
  let kept: Array<HubFrame> = []
  let shown: ReadonlyArray<HubFrame> | undefined
  return {
    add: (frame) => {
      if (kept.length >= limits.journalFrames) kept = kept.slice(kept.length / 2)
      kept.push({ ...frame, msg: redacted(frame.msg) })
      shown = undefined
    },
    frames: () => shown ??= [...kept]
  }
}
