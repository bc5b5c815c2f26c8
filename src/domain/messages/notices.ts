import { type HeldBack, hour_ms } from "./choose.ts"
import type { InboxMessage } from "./InboxMessage.ts"
import { hopsOf } from "./judge.ts"
import type { Outgoing } from "./Outgoing.ts"

/** Tells an agent something once an hour, by its key. */
const hourly = (
  what: string,
  agent_id: string,
  now: number,
  { hops, reply_to, text, type }: {
    readonly type: string
    readonly text: string
    readonly hops: number
    readonly reply_to: string | null
  }
): Outgoing => ({
  key: `${what}-${Math.floor(now / hour_ms)}-${agent_id}`,
  target: { _tag: "Agent", agent_id },
  type,
  reply_to,
  payload: { text, hops }
})

/** Rule 24: tells whoever sent a message to us alone that the inbox is full. An answer is not answered. */
export const refusalTo = ({ from, id, payload, reply_to, way }: InboxMessage, now: number): Outgoing | null =>
  way !== "direct" || reply_to !== null ? null : hourly("refused", from, now, {
    type: "refused",
    reply_to: id,
    text: "the inbox of this agent is full: send it again later",
    hops: hopsOf(payload) + 1
  })

/** Rule 23: tells whoever writes to us alone, and too often, that the rest waits. */
export const holdingNotices = (held_back: ReadonlyArray<HeldBack>, now: number): ReadonlyArray<Outgoing> =>
  held_back.filter(({ direct, limit }) => direct && limit === "sender").map(({ name }) =>
    hourly("held-back", name, now, {
      type: "notify",
      reply_to: null,
      text: "this agent gets only so many messages of one sender an hour: what you sent waits in its inbox",
      hops: 1
    })
  )
