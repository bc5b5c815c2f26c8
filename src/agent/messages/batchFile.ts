import type { BatchMessage, Way } from "../../domain/messages/InboxMessage.ts"
import { type JsonObject, nameOf } from "../../domain/Work.ts"
import { type GivenFile, largePayloadPath, messagesPath } from "../../process/wakeFiles.ts"
import { quote } from "../../text/terminal.ts"

export const payload_in_batch_bytes = 16 * 1024 // a larger one is a file of its own
export const payload_begin_bytes = 1024 // of a payload that is a file of its own
const indent = 2 // an agent may read no more than the beginning of a long line

/** The payload of a message, or where it is. */
type Content =
  | { readonly payload: JsonObject }
  | { readonly payload_file: string; readonly payload_bytes: number; readonly payload_begin: string }

/** What the agent is told of a message, in its file as in its prompt. */
export type MessageEntry = Content & {
  readonly id: string
  readonly thread: string
  readonly from: string
  readonly from_is_unproven: boolean // free text: in the room anybody can take any name
  readonly way: Way
  readonly channel: string | null
  readonly type: string
  readonly reply_to: string | null
  readonly sent_at: string | null // ISO 8601, by the hub's clock; null if that is no time
  readonly age: string | null // in words, if it is old
  readonly again: boolean
}

/** Where the messages of work are written, and from what age on a message is told to be old, in milliseconds. */
export interface MessagesPlace {
  readonly tasks_dir: string
  readonly work_id: string
  readonly stale_ms: number
}

const units = [["days", 86_400_000], ["hours", 3_600_000], ["minutes", 60_000]] as const

/** A time in the largest unit of which there are at least two: `3 days`, `36 hours`. */
const inWords = (ms: number): string => {
  const [unit, unit_ms] = units.find(([, one]) => ms >= 2 * one) ?? ["seconds", 1_000]
  return `${Math.floor(ms / unit_ms)} ${unit}`
}

/** Null for a number that is no time: the hub may send any. */
const isoOf = (ms: number): string | null => {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}

/** The first bytes of the text, without half a character at their end. */
const beginOf = (text: string): string =>
  new TextDecoder().decode(Buffer.from(text).subarray(0, payload_begin_bytes), { stream: true })

const contentOf = (payload: JsonObject, path: string): Content => {
  const text = JSON.stringify(payload)
  const payload_bytes = Buffer.byteLength(text)
  return payload_bytes <= payload_in_batch_bytes
    ? { payload }
    : { payload_file: path, payload_bytes, payload_begin: beginOf(text) }
}

const entryOf = (
  { again, message, thread }: BatchMessage,
  path: string,
  now: number,
  stale_ms: number
): MessageEntry => {
  const { channel, from, id, payload, reply_to, sent_at, type, way } = message
  return {
    id,
    thread,
    from,
    from_is_unproven: way === "room",
    way,
    channel,
    type,
    reply_to,
    sent_at: isoOf(sent_at),
    age: now - sent_at > stale_ms ? inWords(now - sent_at) : null,
    again,
    ...contentOf(payload, path)
  }
}

/**
 * The messages as the agent is told of them, thread by thread, and the files with them: first the large payloads, then
 * `MESSAGES_FILE`, which names them. `now` is in epoch milliseconds.
 */
export const messageFiles = (
  messages: ReadonlyArray<BatchMessage>,
  { stale_ms, tasks_dir, work_id }: MessagesPlace,
  now: number
): { readonly entries: ReadonlyArray<MessageEntry>; readonly files: ReadonlyArray<GivenFile> } => {
  const ordered = [...Map.groupBy(messages, ({ thread }) => thread).values()].flat()
  const told = ordered.map((each, index) => ({
    entry: entryOf(each, largePayloadPath(tasks_dir, work_id, index + 1), now, stale_ms),
    payload: each.message.payload
  }))
  const payloads = told.flatMap(({ entry, payload }) =>
    "payload_file" in entry ? [{ path: entry.payload_file, text: quote(payload, indent) }] : []
  )
  const entries = told.map(({ entry }) => entry)
  const text = quote({ ...nameOf(work_id), messages: entries }, indent)
  return { entries, files: [...payloads, { path: messagesPath(tasks_dir, work_id), text }] }
}
