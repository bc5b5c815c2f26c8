import * as Schema from "effect/Schema"
import type { DatabaseSync } from "node:sqlite"
import { hour_ms } from "../../domain/messages/choose.ts"
import type { Fate } from "../../domain/messages/Fate.ts"
import type { Recorded } from "../../domain/messages/Fate.ts"
import type { OutgoingText, StoreLimits } from "./operations.ts"
import type { Outbox } from "./outbox.ts"
import { query } from "./schema.ts"

const urgent_an_hour = 20 // of all senders

const UrgentRow = Schema.Struct({ of_sender: Schema.Int, of_all: Schema.Int })

/** What has become of a message. */
export interface Place {
  readonly state: Exclude<Recorded["outcome"], "left_out" | "awaited">
  readonly reason: string | null
  readonly urgent: boolean
}

export const placed = (state: Place["state"], reason: string | null = null): Place => ({
  state,
  reason,
  urgent: false
})

/** Does what a fate says, as far as the hourly limits allow. */
export const makeFates = (database: DatabaseSync, { per_hour }: StoreLimits, outbox: Outbox) => {
  const urgentIn = query(
    database,
    UrgentRow,
    `SELECT count(*) AS of_all, count(*) FILTER (WHERE sender = :from) AS of_sender
    FROM inbox WHERE urgent = 1 AND heard_at > :since AND heard_at <= :now`
  )

  /** Rule 18: urgency is a word that the sender chose, so it counts only so often. */
  const countsAsUrgent = (now: number, from: string): boolean => {
    const [counts] = urgentIn({ from, since: now - hour_ms, now })
    return (counts?.of_sender ?? 0) < per_hour.urgent_of_sender && (counts?.of_all ?? 0) < urgent_an_hour
  }

  /** Rule 23: our answers come to rest as well. */
  const answered = (now: number, id: string, answer: OutgoingText | null): Place =>
    answer === null || outbox.answer(now, answer, id)
      ? placed("answered")
      : placed("kept", `${per_hour.answers} answers were queued in the last hour`)

  return (
    now: number,
    { from, id }: { readonly id: string; readonly from: string },
    { answer, fate }: { readonly fate: Fate; readonly answer: OutgoingText | null }
  ): Place => {
    switch (fate._tag) {
      case "Drop":
        return placed("dropped", fate.reason)
      case "Keep":
        return placed("kept", fate.reason)
      case "Answer":
        return answered(now, id, answer)
      case "Deliver":
        return { state: "waiting", reason: null, urgent: fate.urgent && countsAsUrgent(now, from) }
    }
  }
}
