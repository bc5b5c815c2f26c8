import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { JsonObject } from "../domain/Task.ts"
import { fromExactJson } from "../json/schema.ts"
import { KnownState } from "./KnownState.ts"
import { LocalFact } from "./LocalFact.ts"

/** The version of the format that this sidecar writes; a newer one may hold what it does not understand. */
export const format_version = 1

/** How a recording begins, and each file it goes on in (`continues`). `config` is without secrets. */
export const Header = Schema.Struct({
  format: Schema.Int,
  version: Schema.String, // of the sidecar
  agent_id: Schema.String,
  platform: Schema.String,
  continues: Schema.Boolean,
  tells_state: Schema.optionalKey(Schema.Boolean), // of a life that continues, by `continued` as soon as it can
  config: JsonObject
})
export type Header = typeof Header.Type

/** The clock of the machine was set: `t` leaps by so much and no time passed. */
export const ClockJumped = Schema.TaggedStruct("ClockJumped", { by_ms: Schema.Finite })

/** A frame of ours did not go out, as it could not be written or is too large; `command` is the name of its command. */
export const FrameUnsendable = Schema.TaggedStruct("FrameUnsendable", { command: Schema.String })

/** The recording could not be written for a while: so many lines are missing here. */
export const LinesLost = Schema.TaggedStruct("LinesLost", { count: Schema.Int })

/** A connection is there, and what is sent goes to it. The rules hear of it later, by `Connected`. */
export const ConnectionOpened = Schema.TaggedStruct("ConnectionOpened", {})

/** The connection is no more: what is sent now goes nowhere. The rules hear of it later, by `Disconnected`. */
export const ConnectionClosed = Schema.TaggedStruct("ConnectionClosed", {})

/**
 * What the rules decided at a step, each command as `briefOf` tells it, and the state after it as `briefOfState` does: on
 * the fact before it, or `on` what a frame of the hub has told. That frame came a while before where the step had to wait
 * for others. Without a state where the step has changed nothing.
 */
export const Decided = Schema.TaggedStruct("Decided", {
  on: Schema.optionalKey(Schema.String),
  commands: Schema.Array(Schema.String),
  state: Schema.optionalKey(Schema.String)
})

/**
 * What the life of a file that `continues` stands at here, so that its replay can begin although nothing of the beginning
 * is left. Who has followed that life knows it.
 */
export const Continued = Schema.TaggedStruct("Continued", { state: KnownState })

/** One line of a recording. `t` is in epoch milliseconds by the clock of the machine. */
export type Entry =
  & { readonly t: number }
  & (
    | { readonly dir: "header"; readonly msg: Header }
    | { readonly dir: "header"; readonly newer: number } // a format that this version does not read
    | { readonly dir: "in"; readonly msg: JsonObject }
    | { readonly dir: "out"; readonly msg: JsonObject }
    | { readonly dir: "in"; readonly unreadable: string } // a frame that is no JSON object, cut
    | { readonly dir: "local"; readonly msg: typeof Local.Type }
    | { readonly dir: "local"; readonly unknown: string } // a fact of a newer version
  )

const Line = Schema.Union([
  Schema.Struct({ t: Schema.Finite, dir: Schema.Literals(["header", "in", "out", "local"]), msg: JsonObject }),
  Schema.Struct({ t: Schema.Finite, dir: Schema.Literal("in"), unreadable: Schema.String })
])

/** `TimerFired` → `timer_fired`. */
export const snake = (tag: string): string => tag.replaceAll(/(?<=.)[A-Z]/g, "_$&").toLowerCase()

const decodeLine = Schema.decodeUnknownResult(fromExactJson(Line))
const decodeHeader = Schema.decodeUnknownResult(Header)
const Local = Schema.Union([
  ...LocalFact.members,
  ClockJumped,
  FrameUnsendable,
  LinesLost,
  ConnectionOpened,
  ConnectionClosed,
  Decided,
  Continued
])
const decodeFact = Schema.decodeUnknownResult(Local)
const tagOf: ReadonlyMap<string, string> = new Map(
  Local.members.map(({ fields: { _tag } }) => [snake(_tag.schema.literal), _tag.schema.literal])
)

/** Facts have their name as `type`, as frames do. */
const factFrom = (msg: JsonObject, t: number): Result.Result<Entry, string> => {
  const { type, ...fields } = msg
  if (!Predicate.isString(type)) return Result.fail("a local fact without its type")
  const tag = tagOf.get(type)
  if (tag === undefined) return Result.succeed({ t, dir: "local", unknown: type })
  return decodeFact({ ...fields, _tag: tag }).pipe(
    Result.map((fact): Entry => ({ t, dir: "local", msg: fact })),
    Result.mapError(() => `the local fact ${type} is not as it should be`)
  )
}

const headerFrom = (msg: JsonObject, t: number): Result.Result<Entry, string> => {
  const { format } = msg
  if (Number.isInteger(format) && Number(format) > format_version) {
    return Result.succeed({ t, dir: "header", newer: Number(format) })
  }
  return decodeHeader(msg).pipe(
    Result.map((header): Entry => ({ t, dir: "header", msg: header })),
    Result.mapError(() => "the header is not as it should be")
  )
}

/** Reads one line; fails with what is wrong with it. */
export const parseEntry = (text: string): Result.Result<Entry, string> =>
  decodeLine(text).pipe(
    Result.mapError(() => "not a line of a recording"),
    Result.flatMap((line): Result.Result<Entry, string> => {
      if ("unreadable" in line) return Result.succeed(line)
      const { dir, msg, t } = line
      switch (dir) {
        case "header":
          return headerFrom(msg, t)
        case "local":
          return factFrom(msg, t)
        case "in":
        case "out":
          return Result.succeed(dir === "in" ? { t, dir, msg } : { t, dir, msg })
      }
    })
  )

const written = (entry: Entry): object => {
  if (entry.dir !== "local" || "unknown" in entry) return entry
  const { _tag, ...fields } = entry.msg
  return { ...entry, msg: { type: snake(_tag), ...fields } }
}

/** The entry as its line, with the end of the line. */
export const lineOf = (entry: Entry): string => `${JSON.stringify(written(entry))}\n`
