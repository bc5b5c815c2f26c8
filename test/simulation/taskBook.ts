import { limits } from "../../src/limits.ts"
import type { Session } from "./session.ts"

export const max_attempts = 1 + limits.wake_retries_ms.length

/** What really happened to one task. Times are virtual milliseconds, -1 for never. */
export interface TaskBook {
  given: number // the newest generation we handled
  attempts: number // wakes that ran or could not, since the last failure that the hub counted
  last_look: number
  acked_at: number
  cancelled: boolean
  completed: { readonly content: string } | null // by an answer of ours
  unusable: boolean
  unfit: boolean
  impossible: boolean | null
  received_at: number // when it was last taken anew
  failed_at: number
  sessions: Array<Session> // since the last failure that the hub counted
}

export const emptyBook = (): TaskBook => ({
  given: -1,
  attempts: 0,
  last_look: -1,
  acked_at: -1,
  cancelled: false,
  completed: null,
  unusable: false,
  unfit: false,
  impossible: null,
  received_at: 0,
  failed_at: -1,
  sessions: []
})
