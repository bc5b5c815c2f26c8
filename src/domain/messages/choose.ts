import * as Schema from "effect/Schema"
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
  readonly payload_bytes: number
  readonly sent_at: number
  readonly batch_limit: number // how many messages may share its batch, after deliveries that failed
}

/** How many messages, or batches, were delivered in the last hour, and when the oldest of those was. */
export interface Delivered {
  readonly count: number
  readonly first_at: number
}

/** What was delivered in the last hour, by what the limits count. */
export type DeliveredBy = (limit: LimitName, name: string) => Delivered

const LimitName = Schema.Literals(
  ["sender", "thread", "channel", "room", "deliveries"] satisfies ReadonlyArray<keyof HourlyLimits>
)
export type LimitName = typeof LimitName.Type

/** A limit that holds messages back. `name`: of which sender, thread or channel, else empty. `direct`: some are to us alone. */
export const HeldBack = Schema.Struct({
  limit: LimitName,
  name: Schema.String,
  messages: Schema.Int,
  direct: Schema.Boolean
})
export type HeldBack = typeof HeldBack.Type

/** The messages of the next batch, in order. `retry_at`: when a limit lets more of what waits through; null if none holds any back. */
export interface Choice {
  readonly ids: ReadonlyArray<string>
  readonly held_back: ReadonlyArray<HeldBack>
  readonly retry_at: number | null
}

export const batch_bytes = 256 * 1024
export const batch_payload_bytes = 8 * 1024 * 1024 // with the files of their own: all of them are in memory at once
export const whole_payload_bytes = 16 * 1024 // a larger payload is a file of its own
export const excerpt_bytes = 1024 // of such a payload, in the batch
export const hour_ms = 60 * 60_000

/** How much of a batch a payload takes, in bytes. */
export const bytesInBatch = (payload_bytes: number): number =>
  payload_bytes > whole_payload_bytes ? excerpt_bytes : payload_bytes

/** What the limits ask of a message. */
type Counted = Pick<Waiting, "way" | "from" | "channel" | "thread">

/** The limits that count a message. What was said in the room has no sender that we could trust. */
const limitsOf = ({ channel, from, thread, way }: Counted): ReadonlyArray<readonly [LimitName, string]> => {
  if (way === "room") return [["room", ""]]
  const always = [["sender", from], ["thread", thread]] as const
  return channel === null ? always : [...always, ["channel", channel]]
}

const noneDelivered: Delivered = { count: 0, first_at: 0 }

/** Counts what was delivered in the last hour: the messages, each with when that was, and the beginnings of the batches. */
export const countDelivered = (
  messages: ReadonlyArray<Counted & { readonly delivered_at: number }>,
  batches: ReadonlyArray<number>
): DeliveredBy => {
  const counts = new Map<string, Delivered>()
  const count = (key: string, at: number) => {
    const before = counts.get(key)
    counts.set(key, { count: (before?.count ?? 0) + 1, first_at: Math.min(before?.first_at ?? at, at) })
  }
  for (const at of batches) count("deliveries ", at)
  for (const message of messages) {
    for (const [limit, name] of limitsOf(message)) count(`${limit} ${name}`, message.delivered_at)
  }
  return (limit, name) => counts.get(`${limit} ${name}`) ?? noneDelivered
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
  const batches = delivered("deliveries", "")
  if (waiting.length > 0 && batches.count >= per_hour.deliveries) {
    const direct = waiting.some(({ way }) => way === "direct")
    const held_back = [{ limit: "deliveries", name: "", messages: waiting.length, direct }] as const
    return { ids: [], held_back, retry_at: batches.first_at + hour_ms }
  }
  const counts = new Map<string, number>()
  const heldBack = new Map<string, HeldBack>()
  let retry_at: number | null = null
  let [bytes, payload_bytes] = [0, 0]
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
      const { direct = false, messages = 0 } = heldBack.get(key) ?? {}
      heldBack.set(key, { limit, name, messages: messages + 1, direct: direct || message.way === "direct" })
      const freeAt = delivered(limit, name).first_at + hour_ms
      if (delivered(limit, name).count > 0) retry_at = Math.min(retry_at ?? freeAt, freeAt)
      continue
    }
    const limitNow = Math.min(most, message.batch_limit)
    const isTooMuch = bytes + message.bytes > batch_bytes || payload_bytes + message.payload_bytes > batch_payload_bytes
    if (ids.length >= limitNow || (ids.length > 0 && isTooMuch)) continue
    ids.push(message.id)
    bytes += message.bytes
    payload_bytes += message.payload_bytes
    most = limitNow
    for (const [limit, name] of limitsOf(message)) {
      counts.set(`${limit} ${name}`, (counts.get(`${limit} ${name}`) ?? 0) + 1)
    }
  }
  return { ids, held_back: [...heldBack.values()], retry_at }
}
