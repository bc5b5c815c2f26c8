import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Message } from "../domain/Message.ts"
import { KnownState } from "../domain/SidecarState.ts"
import { JsonObject } from "../domain/Work.ts"
import { fromExactJson } from "../text/json.ts"
import { fieldsNow, stateNow } from "./read/older.ts"

/** The version of the format that this sidecar writes; a newer one may hold what it does not understand. */
export const format_version = 3

/** How a recording begins, and each file it goes on in (`continues`), with the `state` there. `config` is without secrets. */
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
  /** The clock of the machine was set: `t` leaps by so much and no time passed. */
  Schema.TaggedStruct("ClockJumped", { by_ms: Schema.Finite }),
  /** The recording could not be written for a while: so many lines are missing here. */
  Schema.TaggedStruct("LinesLost", { count: Schema.Int })
])

/**
 * A step of the actor: the message, the commands in the words of `briefOf`, the state after it in those of `briefOfState`
 * where that has changed, and whether it was saved. `told` is null where a recording does not tell what the step led to.
 */
export interface StepEntry {
  readonly t: number
  readonly dir: "step"
  readonly msg: Message
  readonly told: { readonly commands: ReadonlyArray<string>; readonly state: string | null } | null
  readonly saved: boolean
}

/** One line of a recording. `t` is in epoch milliseconds by the clock of the machine. */
export type Entry =
  | StepEntry
  | { readonly t: number; readonly dir: "header"; readonly msg: Header }
  | { readonly t: number; readonly dir: "in"; readonly msg: JsonObject }
  | { readonly t: number; readonly dir: "in"; readonly unreadable: string } // a frame that is no JSON object, cut
  | { readonly t: number; readonly dir: "out"; readonly msg: JsonObject }
  | { readonly t: number; readonly dir: "local"; readonly msg: typeof LocalNote.Type }
  | { readonly t: number; readonly dir: "local"; readonly unknown: string } // a step or fact that this version does not know

/** A fact of format 1, of which `read/format1.ts` makes steps. */
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

const Line = Schema.Union([
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

/** The name of a message on a line and on the terminal: `TimerFired` → `timer_fired`. */
export const nameOf = (message: { readonly _tag: string }): string => snake(message._tag)

const decodeLine = Schema.decodeUnknownResult(fromExactJson(Line))
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

/** The message whose name and fields a line tells; null where the name is none of this version's. */
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

const stepFrom = (line: Extract<typeof Line.Type, { readonly dir: "step" }>): Parsed => {
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

/** Reads one line; fails with what is wrong with it. */
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

const written = (entry: Entry): object => {
  if (entry.dir === "step") {
    const { dir, msg, saved, t, told } = entry
    const { commands = [], state = null } = told ?? {}
    return { t, dir, msg: named(msg), commands, ...state === null ? {} : { state }, ...saved ? {} : { saved } }
  }
  return entry.dir === "local" && "msg" in entry ? { ...entry, msg: named(entry.msg) } : entry
}

/** The entry as its line, with the end of the line. */
export const lineOf = (entry: Entry): string => `${JSON.stringify(written(entry))}\n`
