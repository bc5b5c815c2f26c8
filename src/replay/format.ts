import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Message } from "../domain/Message.ts"
import { KnownState } from "../domain/SidecarState.ts"
import { JsonObject } from "../domain/Work.ts"
import { fromExactJson } from "../text/json.ts"
import { fieldsNow, stateNow } from "./read/older.ts"

/** The format that this version writes. It refuses to read a newer one. */
export const format_version = 3

/**
 * The first line of a recording. Each file that continues it also begins with a header, with `continues` and the current
 * `state`. `config` contains no secrets.
 */
export const Header = Schema.Struct({
  format: Schema.Int,
  version: Schema.String, // of the sidecar
  agent_id: Schema.String,
  platform: Schema.String,
  continues: Schema.Boolean,
  state: Schema.optionalKey(KnownState),
  config: JsonObject
})
export type Header = typeof Header.Type

const LocalNote = Schema.Union([
  /** The machine's clock was set: `t` jumps by `by_ms` although no time passed. */
  Schema.TaggedStruct("ClockJumped", { by_ms: Schema.Finite }),
  /** The recording could not be written for a while: `count` lines are missing here. */
  Schema.TaggedStruct("LinesLost", { count: Schema.Int })
])

/**
 * A step of the actor: its message, its commands in the words of `briefOf`, the state after it in the words of `briefOfState`
 * if the state changed, and whether it was saved. `told` is null if the recording has neither commands nor state.
 */
export interface StepEntry {
  readonly t: number
  readonly dir: "step"
  readonly msg: Message
  readonly told: { readonly commands: ReadonlyArray<string>; readonly state: string | null } | null
  readonly saved: boolean
}

export type FrameInEntry =
  | { readonly t: number; readonly dir: "in"; readonly msg: JsonObject }
  | { readonly t: number; readonly dir: "in"; readonly unreadable: string } // the start of a frame that is no JSON object

export interface FrameOutEntry {
  readonly t: number
  readonly dir: "out"
  readonly msg: JsonObject
}

/** What one line of a recording says. `t` is in epoch milliseconds by the machine's clock. */
export type Entry =
  | StepEntry
  | FrameInEntry
  | FrameOutEntry
  | { readonly t: number; readonly dir: "header"; readonly msg: Header }
  | { readonly t: number; readonly dir: "local"; readonly msg: typeof LocalNote.Type }
  | { readonly t: number; readonly dir: "local"; readonly unknown: string } // a step or fact that this version does not know

/** A fact of format 1. `read/format1.ts` makes steps of these. */
export interface OldFact {
  readonly t: number
  readonly dir: "old"
  readonly type: string
  readonly fields: JsonObject
}

/** A format that this version does not read. */
export interface Newer {
  readonly dir: "newer"
  readonly format: number
}

/** Where a line is; the first line of a file is 1. */
export interface Place {
  readonly file: string
  readonly line: number
}

/** A line that was read; `bytes` is its length. */
export interface Recorded {
  readonly place: Place
  readonly bytes: number
  readonly entry: Entry
}

/** A line that could not be read, and why. */
export interface Unreadable {
  readonly place: Place
  readonly bytes: number
  readonly problem: string
}

export type Line = Recorded | Unreadable

const RawLine = Schema.Union([
  Schema.Struct({
    t: Schema.Finite,
    dir: Schema.Literal("step"),
    msg: JsonObject,
    commands: Schema.Array(Schema.String),
    state: Schema.optionalKey(Schema.String),
    saved: Schema.optionalKey(Schema.Boolean)
  }),
  Schema.Struct({ t: Schema.Finite, dir: Schema.Literals(["header", "in", "out", "local"]), msg: JsonObject }),
  Schema.Struct({ t: Schema.Finite, dir: Schema.Literal("in"), unreadable: Schema.String })
])

const snake = (tag: string): string => tag.replaceAll(/(?<=.)[A-Z]/g, "_$&").toLowerCase()

/** The name of a message in a recording and on the terminal: `TimerFired` → `timer_fired`. */
export const nameOf = (message: { readonly _tag: string }): string => snake(message._tag)

const decodeLine = Schema.decodeUnknownResult(fromExactJson(RawLine))
const decodeHeader = Schema.decodeUnknownResult(Header)
const decodeMessage = Schema.decodeUnknownResult(Message)
const decodeNote = Schema.decodeUnknownResult(LocalNote)

const tagOf: ReadonlyMap<string, string> = new Map(
  [...Message.members, ...LocalNote.members].map(({ fields: { _tag } }) => [
    snake(_tag.schema.literal),
    _tag.schema.literal
  ])
)

const misshapen = (type: string) => (): string => `${type} is not as it should be`

/** Decodes a message from its name and fields. Null means that this version knows no message of that name. */
export const messageFrom = (type: string, fields: JsonObject): Result.Result<Message, string> | null => {
  const tag = tagOf.get(type)
  return tag === undefined
    ? null
    : Result.mapError(decodeMessage({ ...fieldsNow(tag, fields), _tag: tag }), misshapen(type))
}

type Parsed = Result.Result<Entry | OldFact | Newer, string>

const headerFrom = (msg: JsonObject, t: number): Parsed => {
  const { format } = msg
  if (Predicate.isNumber(format) && Number.isInteger(format) && format > format_version) {
    return Result.succeed({ dir: "newer", format })
  }
  return Result.mapBoth(decodeHeader("state" in msg ? { ...msg, state: stateNow(msg["state"]) } : msg), {
    onFailure: misshapen("the header"),
    onSuccess: (header) => ({ t, dir: "header", msg: header })
  })
}

const stepFrom = (line: Extract<typeof RawLine.Type, { readonly dir: "step" }>): Parsed => {
  const { commands, msg: { type, ...fields }, saved = true, state = null, t } = line
  if (!Predicate.isString(type)) return Result.fail("a step without the type of its message")
  const message = messageFrom(type, fields)
  if (message === null) return Result.succeed({ t, dir: "local", unknown: type })
  return Result.map(message, (msg) => ({ t, dir: "step", msg, told: { commands, state }, saved }))
}

const localFrom = ({ type, ...fields }: JsonObject, t: number): Parsed => {
  if (!Predicate.isString(type)) return Result.fail("a local fact without its type")
  const note = decodeNote({ ...fields, _tag: tagOf.get(type) })
  return Result.succeed(
    Result.isSuccess(note) ? { t, dir: "local", msg: note.success } : { t, dir: "old", type, fields }
  )
}

/** Reads one line. The error says what is wrong with it. */
export const parseEntry = (text: string): Parsed =>
  Result.flatMap(
    Result.mapError(decodeLine(text), () => "not a line of a recording"),
    (line): Parsed => {
      if ("unreadable" in line) return Result.succeed(line)
      if (line.dir === "step") return stepFrom(line)
      const { dir, msg, t } = line
      if (dir === "header") return headerFrom(msg, t)
      return dir === "local" ? localFrom(msg, t) : Result.succeed(dir === "in" ? { t, dir, msg } : { t, dir, msg })
    }
  )

const named = ({ _tag, ...fields }: { readonly _tag: string }) => ({ type: snake(_tag), ...fields })

const encoded = (entry: Entry): object => {
  if (entry.dir === "step") {
    const { dir, msg, saved, t, told } = entry
    const { commands = [], state = null } = told ?? {}
    return { t, dir, msg: named(msg), commands, ...state === null ? {} : { state }, ...saved ? {} : { saved } }
  }
  return entry.dir === "local" && "msg" in entry ? { ...entry, msg: named(entry.msg) } : entry
}

/** The line of an entry, including its line break. */
export const lineOf = (entry: Entry): string => `${JSON.stringify(encoded(entry))}\n`
