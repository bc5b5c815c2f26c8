import * as Result from "effect/Result"
import { createHash } from "node:crypto"
import { refusalOf } from "../../domain/messages/refusal.ts"
import { tooLarge, type Written, writtenIn } from "../../domain/messages/written.ts"
import type { JsonObject } from "../../domain/Work.ts"
import { isJsonObject, parseBounded } from "../../text/json.ts"
import type { FileFound } from "../results/files.ts"

const envelope_bytes = 64 * 1024 // of a file, beside its text
const hash_chars = 16 // hexadecimal

/** How large a file may be whose payload may have so many bytes. */
export const fileBytes = (send_max_bytes: number): number => send_max_bytes + envelope_bytes

/** What a file says. */
export type Said = FileMessage | Unusable

export interface FileMessage {
  readonly _tag: "Message"
  readonly key: string
  readonly written: Written
}

interface Unusable {
  readonly _tag: "Unusable"
  readonly reason: string
  readonly kept: JsonObject | null // what people can read of it; null: only the file itself can be kept
  readonly for_good: boolean // if waiting for its writer would not help
  readonly wants_outcome: boolean
}

const hashOf = (...parts: ReadonlyArray<string | Uint8Array>): string => {
  const hash = createHash("sha256")
  for (const part of parts) hash.update(part).update("\0")
  return hash.digest("hex").slice(0, hash_chars)
}

/** The name of a file without its ending. One that could not be part of other names is replaced. */
export const labelOf = (file_name: string): string => {
  const name = file_name.slice(0, -".json".length)
  return /^\w[\w .-]{0,99}$/.test(name) && !name.endsWith(".reply") ? name : `message-${hashOf(name)}`
}

const utf8 = new TextDecoder("utf-8", { fatal: true })

const unusable = (reason: string, kept: JsonObject | null, for_good = true): Unusable => ({
  _tag: "Unusable",
  reason,
  kept,
  for_good,
  wants_outcome: false
})

const textIn = (bytes: Uint8Array): string | null => {
  try {
    return utf8.decode(bytes)
  } catch {
    return null
  }
}

/** What the configuration says of messages that go out. */
export interface Sender {
  readonly agent_id: string
  readonly send_max_bytes: number
}

/** Why nobody would take the message; null if the hub may. */
const refusedBy = ({ message }: Written, { agent_id, send_max_bytes }: Sender): string | null =>
  tooLarge(message.payload, send_max_bytes) ?? refusalOf({ ...message, key: "" }, agent_id)

const saidByFields = (fields: JsonObject, key: string, sender: Sender): Said => {
  const written = writtenIn(fields)
  const refusal = typeof written === "string" ? written : refusedBy(written, sender)
  return typeof written === "string" || refusal !== null
    ? { ...unusable(refusal ?? "", { message: fields }), wants_outcome: fields.outcome === true }
    : { _tag: "Message", key, written }
}

/** Understands a file. Its key is the same whenever it is read, so that it is queued once. */
export const saidIn = (
  name: string,
  { content, version }: Pick<FileFound, "version"> & { readonly content: Exclude<FileFound["content"], "later"> },
  sender: Sender
): Said => {
  if (!(content instanceof Uint8Array)) return unusable(`the file ${content.problem}`, null, content.for_good)
  const text = textIn(content)
  if (text === null) return unusable("the file is not UTF-8 text", null, false)
  if (text === "") return unusable("the file is empty", { text }, false)
  return Result.match(parseBounded(text), {
    onFailure: (problem) =>
      unusable(`the file ${problem.reason}`, { text }, problem._tag === "TooMuch" && problem.isClosed),
    onSuccess: (value) =>
      isJsonObject(value)
        ? saidByFields(value, `file-${hashOf(name, version, content)}`, sender)
        : unusable("the file is not a JSON object", { text }, false)
  })
}
