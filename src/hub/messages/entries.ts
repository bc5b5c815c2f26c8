import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { JsonObject } from "../../domain/Work.ts"
import { message_bytes } from "../../protocol/messages.ts"
import { HubUnread } from "../../services/Messenger.ts"
import { type Bounded, BoundedText } from "../../text/BoundedText.ts"
import { asNumber, isJsonObject, parseBounded } from "../../text/json.ts"
import { makeJsonEntries } from "../../text/jsonEntries.ts"
import { readMembers, scanJson } from "../../text/jsonScan.ts"
import { hubStream } from "../hubHttp.ts"
import { type HubAccess, requestFor } from "./access.ts"

export const stream_bytes = 512 * 1024 * 1024 // of one answer
const refusal_bytes = 64 * 1024 // of an answer that is no list

/** One entry of a list. `fields` is null if it is too large or no object. */
export interface Entry {
  readonly fields: JsonObject | null
  readonly bytes: number
  readonly values: number // that its JSON holds
}

/** What is read of the hub's list at `path`. */
export interface List {
  readonly path: string
  readonly may_lack: boolean // the hub's 404 says that it has no entries
}

/**
 * How far a list was read. `refused`: an entry was not taken. `cut`: the answer was too long or too slow, and at least one entry
 * was taken.
 */
export interface ListRead {
  readonly end: "whole" | "refused" | "cut"
  readonly count: number // entries that were taken
  readonly seq: number | null // the hub's number of the last of them that has one
  readonly members: { readonly [name in "count" | "cursor" | "last_seq"]?: unknown }
}

const unread = (reason: string) => new HubUnread({ reason })

/** A number of the hub; null for any other value. */
export const integerOf = (value: unknown): number | null => {
  const number = asNumber(value)
  return typeof number === "number" && Number.isSafeInteger(number) ? number : null
}

const entryOf = ({ bytes, text }: Bounded): Entry => {
  if (text === null) return { fields: null, bytes, values: 0 }
  const scan = scanJson(text)
  const parsed = Result.getOrNull(parseBounded(text, scan))
  return { fields: isJsonObject(parsed) ? parsed : null, bytes, values: scan.values }
}

/** Whether the hub itself refused: only it says so with an error in JSON. */
const isOfHub = (refusal: BoundedText): boolean =>
  typeof readMembers(refusal.read().text ?? "", ["error"]).members.error === "string"

/**
 * Reads the entries of a list one after the other, with at most one of them in memory. It ends early where `take` is false.
 * Fails if the hub does not answer with a list.
 */
export const readList = Effect.fnUntraced(function*(
  access: HubAccess,
  { may_lack, path }: List,
  take: (entry: Entry) => boolean
) {
  const entries = makeJsonEntries("messages", message_bytes)
  const refusal = new BoundedText(refusal_bytes)
  let bytes = 0
  let count = 0
  let seq: number | null = null
  let isRefused = false
  const read = (end: ListRead["end"]): ListRead => {
    const { members } = readMembers(entries.rest() ?? "", ["count", "cursor", "last_seq"])
    return { end, count, seq, members }
  }
  const answer = yield* hubStream(requestFor(access, path), (chunk, status) => {
    if (status !== 200) {
      refusal.add(chunk)
      return refusal.bytes <= refusal_bytes
    }
    bytes += chunk.length
    for (const part of entries.push(chunk)) {
      const entry = entryOf(part)
      isRefused = !take(entry)
      if (isRefused) return false
      count++
      seq = integerOf(entry.fields?.["seq"]) ?? seq
    }
    return bytes <= stream_bytes
  }).pipe(
    Effect.mapError(({ reason }) => unread(reason)),
    Effect.timeoutOption(access.timing.reading_ms)
  )
  const head = Option.getOrNull(answer)
  if (head?.status === 404 && may_lack && isOfHub(refusal)) return read("whole")
  if (head !== null && head.status !== 200) return yield* unread(`HTTP ${head.status}`)
  if (isRefused) return read("refused")
  if (head?.isWhole !== true) return count > 0 ? read("cut") : yield* unread("the answer has no entry in time")
  return entries.isWhole() ? read("whole") : yield* unread("HTTP 200 with a body that is no list of messages")
})

/**
 * The number behind which the list is to be read on; null at its end. An answer with `full` entries may not have all of them.
 * Fails if the hub's numbers do not go up, as the reading would never end.
 */
export const readOnAfter = (
  { count, end, members: { cursor }, seq }: ListRead,
  after: number,
  full = Infinity
): Effect.Effect<number | null, HubUnread> => {
  if (end === "whole" && count < full) return Effect.succeed(null)
  const last = (end === "whole" ? integerOf(cursor) : null) ?? seq
  return last !== null && last > after
    ? Effect.succeed(last)
    : Effect.fail(unread("the numbers of the entries do not go up"))
}

/** Reads a list that takes several requests, until `take` is false. `listAfter` is the part of it behind a number. */
export const readWholeList = Effect.fnUntraced(function*(
  access: HubAccess,
  listAfter: (after: number) => List,
  take: (entry: JsonObject) => boolean,
  full?: number
) {
  let after: number | null = 0
  while (after !== null) {
    const read: ListRead = yield* readList(access, listAfter(after), ({ fields }) => fields === null || take(fields))
    if (read.end === "refused") return
    after = yield* readOnAfter(read, after, full)
  }
})
