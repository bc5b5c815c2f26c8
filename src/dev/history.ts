import { type Hub, type Job, type Message, type Numbered, portion, runAt } from "./hub.ts"
import { limits } from "./limits.ts"

const append = (hub: Hub, message: Message): void => {
  hub.history.push({ ...message, seq: (hub.history.at(-1)?.seq ?? 0) + 1 })
  if (hub.history.length > limits.historyMessages) hub.history.shift()
}

/**
 * Puts a message into the history. The messages of all agents are stored one after the other. `stored` runs when it is
 * done. Of one that has to wait too long, `gaveUp` runs, and it is stored nevertheless.
 */
export const store = (hub: Hub, message: Message, now: number, stored: Job["run"], gaveUp: Job["run"]): void => {
  const done = Math.max(now, hub.historyFreeAt) + hub.messageCostMs
  const isLate = done - now > limits.storeMs
  hub.historyFreeAt = done
  if (isLate) runAt(hub, now + limits.storeMs, now, gaveUp)
  runAt(hub, done, now, (at) => {
    append(hub, message)
    if (!isLate) stored(at)
  })
}

/** What is asked of the history. Undefined texts match everything, times are in virtual epoch ms. */
export interface Query {
  readonly from: string | undefined
  readonly to: string | undefined
  readonly channel: string | undefined
  readonly start_time: number
  readonly end_time: number
  /** Only messages after this sequence number. */
  readonly cursor: number
  /** At most so many, the oldest; a negative number asks for the newest. */
  readonly limit: number
}

const isAsked = (query: Query) => ({ from, payload, seq, timestamp, to }: Numbered): boolean =>
  from === (query.from ?? from) &&
  to === (query.to ?? to) &&
  (query.channel === undefined || payload["channel"] === query.channel) &&
  timestamp >= query.start_time &&
  timestamp <= query.end_time &&
  seq > query.cursor

/** The messages of the history that are asked for, oldest first. */
export const find = (hub: Hub, query: Query) => {
  const messages = portion(hub.history.filter(isAsked(query)), Math.min(query.limit, limits.queriedMessages))
  return { messages, cursor: messages.at(-1)?.seq ?? 0, count: messages.length }
}
