import type { Way } from "./InboxMessage.ts"
import type { HourlyLimits, MessagePolicy } from "./MessagePolicy.ts"

/** What the choice of a batch has to know of a message that waits. Times are in epoch milliseconds. */
export interface Waiting {
  readonly id: string
  readonly way: Way
  readonly from: string
  readonly channel: string | null
  readonly thread: string
  readonly bytes: number // that it takes in a batch
  readonly sent_at: number
  readonly batch_limit: number // how many messages may share its batch, after deliveries that failed
}

/** How many messages were delivered in the last hour, and when the oldest of those was. */
export interface Delivered {
  readonly count: number
  readonly first_at: number
}

/** What was delivered in the last hour, by what the limits count. */
export type DeliveredBy = (limit: LimitName, name: string) => Delivered

export type LimitName = keyof Pick<HourlyLimits, "sender" | "thread" | "channel" | "room">

/** The messages of the next batch, in order. `retry_at`: when a limit lets more of what waits through; null if none holds any back. */
export interface Choice {
  readonly ids: ReadonlyArray<string>
  readonly held_back: ReadonlyArray<{ readonly limit: LimitName; readonly name: string; readonly messages: number }>
  readonly retry_at: number | null
}

export const batch_bytes = 256 * 1024
const hour_ms = 60 * 60_000

/** The limits that count a message. What was said in the room has no sender that we could trust. */
const limitsOf = ({ channel, from, thread, way }: Waiting): ReadonlyArray<readonly [LimitName, string]> => {
  if (way === "room") return [["room", ""]]
  const always = [["sender", from], ["thread", thread]] as const
  return channel === null ? always : [...always, ["channel", channel]]
}

/** Rule 18: a thread stays together where its first message stands. The order is the hub's time. */
const byThread = (waiting: ReadonlyArray<Waiting>): ReadonlyArray<Waiting> => {
  const inOrder = waiting.toSorted((a, b) => a.sent_at - b.sent_at || (a.id < b.id ? -1 : 1))
  const threads = Map.groupBy(inOrder, ({ thread }) => thread)
  return [...threads.values()].flat()
}

/** Rules 18 and 23: the next batch of what waits. A message whose deliveries failed shares its batch with fewer, in the end with none. */
export const chooseBatch = (
  waiting: ReadonlyArray<Waiting>,
  { batch_max, per_hour }: Pick<MessagePolicy, "batch_max" | "per_hour">,
  delivered: DeliveredBy
): Choice => {
  const counts = new Map<string, number>()
  const heldBack = new Map<string, { limit: LimitName; name: string; messages: number }>()
  let retry_at: number | null = null
  let bytes = 0
  let most = batch_max
  const ids: Array<string> = []

  /** The first limit that has no room for one more. */
  const fullLimit = (message: Waiting) =>
    limitsOf(message).find(([limit, name]) =>
      delivered(limit, name).count + (counts.get(`${limit} ${name}`) ?? 0) >= per_hour[limit]
    )

  for (const message of byThread(waiting)) {
    const full = fullLimit(message)
    if (full !== undefined) {
      const [limit, name] = full
      const key = `${limit} ${name}`
      heldBack.set(key, { limit, name, messages: (heldBack.get(key)?.messages ?? 0) + 1 })
      const freeAt = delivered(limit, name).first_at + hour_ms
      if (delivered(limit, name).count > 0) retry_at = Math.min(retry_at ?? freeAt, freeAt)
      continue
    }
    const limitNow = Math.min(most, message.batch_limit)
    const isFull = ids.length >= limitNow || (ids.length > 0 && bytes + message.bytes > batch_bytes)
    if (isFull) continue
    ids.push(message.id)
    bytes += message.bytes
    most = limitNow
    for (const [limit, name] of limitsOf(message)) {
      counts.set(`${limit} ${name}`, (counts.get(`${limit} ${name}`) ?? 0) + 1)
    }
  }
  return { ids, held_back: [...heldBack.values()], retry_at }
}
