import { domainLimits } from "../../src/domain/limits.ts"
import type { Session } from "./session.ts"

export const max_attempts = 1 + domainLimits.wake_retries_ms.length

/** What really happened to one task. Times are virtual milliseconds, -1 for never. */
export interface TaskBook {
  given: number // the newest generation we handled
  attempts: number // wakes that ran or could not, since the last failure that the hub counted
  last_look: number
  last_inspection: number
  acked_at: number
  cancelled: boolean
  completed: { readonly content: string; readonly at: number } | null // by an answer of ours
  answer_seen_at: number
  intents: Array<number> // of each wake: the last look at the folder before it was decided
  unusable: boolean
  unfit: boolean
  impossible: boolean | null
  received_at: number // when it was last taken anew
  failed_at: number
  counted_at: number // when the hub counted its last failure
  found_at: number // when its answer was found
  spawned_at: number // its last wake
  seen_off_at: number
  fresh_at: number // when it was last held without having been woken
  adopted: boolean // by a life that had lost the state, and with it what its agent had answered already
  at_rest: number | null // how many sessions there were when it was assigned anew and none was at work
  sessions: Array<Session> // since the last failure that the hub counted
}

export const emptyBook = (): TaskBook => ({
  given: -1,
  attempts: 0,
  last_look: -1,
  last_inspection: -1,
  acked_at: -1,
  cancelled: false,
  completed: null,
  answer_seen_at: -1,
  intents: [],
  unusable: false,
  unfit: false,
  impossible: null,
  received_at: 0,
  failed_at: -1,
  counted_at: -1,
  found_at: -1,
  spawned_at: -1,
  seen_off_at: -1,
  fresh_at: -1,
  adopted: false,
  at_rest: null,
  sessions: []
})
