import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { JsonObject } from "../domain/Task.ts"
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
  config: JsonObject
})
export type Header = typeof Header.Type

/** The clock of the machine was set: `t` leaps by so much and no time passed. */
export const ClockJumped = Schema.TaggedStruct("ClockJumped", { by_ms: Schema.Number })

/** One line of a recording. `t` is in epoch milliseconds by the clock of the machine. */
export type Entry =
  & { readonly t: number }
  & (
    | { readonly dir: "header"; readonly msg: Header }
    | { readonly dir: "in" | "out"; readonly msg: JsonObject }
    | { readonly dir: "in"; readonly unreadable: string } // a frame that is no JSON object, cut
    | { readonly dir: "local"; readonly msg: LocalFact | typeof ClockJumped.Type }
    | { readonly dir: "local"; readonly unknown: string } // a fact of a newer version
  )

const Line = Schema.Union([
  Schema.Struct({ t: Schema.Number, dir: Schema.Literals(["header", "in", "out", "local"]), msg: JsonObject }),
  Schema.Struct({ t: Schema.Number, dir: Schema.Literal("in"), unreadable: Schema.String })
])

const snake = (tag: string): string => tag.replaceAll(/(?<=.)[A-Z]/g, "_$&").toLowerCase()
const pascal = (type: string): string => type.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())

const decodeLine = Schema.decodeUnknownResult(Schema.fromJsonString(Line))
const decodeHeader = Schema.decodeUnknownResult(Header)
const decodeFact = Schema.decodeUnknownResult(Schema.Union([LocalFact, ClockJumped]))

/** Facts have their name as `type`, as frames do. */
const factFrom = (msg: JsonObject, t: number): Result.Result<Entry, string> => {
  const { type, ...fields } = msg
  if (!Predicate.isString(type)) return Result.fail("a local fact without its type")
  const tag = pascal(type)
  const isKnown = [...LocalFact.members, ClockJumped].some(({ fields: { _tag } }) => _tag.schema.literal === tag)
  if (!isKnown) return Result.succeed({ t, dir: "local", unknown: type })
  return decodeFact({ ...fields, _tag: tag }).pipe(
    Result.map((fact): Entry => ({ t, dir: "local", msg: fact })),
    Result.mapError(() => `the local fact ${type} is not as it should be`)
  )
}

const headerFrom = (msg: JsonObject, t: number): Result.Result<Entry, string> =>
  decodeHeader(msg).pipe(
    Result.mapError(() => "the header is not as it should be"),
    Result.flatMap((header): Result.Result<Entry, string> =>
      header.format > format_version
        ? Result.fail(`format ${header.format} is newer than ${format_version}, the newest this version reads`)
        : Result.succeed({ t, dir: "header", msg: header })
    )
  )

/** Reads one line; fails with what is wrong with it. */
export const parseEntry = (text: string): Result.Result<Entry, string> =>
  decodeLine(text).pipe(
    Result.mapError(() => "not a line of a recording"),
    Result.flatMap((line): Result.Result<Entry, string> => {
      if ("unreadable" in line) return Result.succeed(line)
      const { dir, msg, t } = line
      if (dir === "header") return headerFrom(msg, t)
      return dir === "local" ? factFrom(msg, t) : Result.succeed({ t, dir, msg })
    })
  )

const written = (entry: Entry): object => {
  if (entry.dir !== "local" || "unknown" in entry) return entry
  const { _tag, ...fields } = entry.msg
  return { ...entry, msg: { type: snake(_tag), ...fields } }
}

/** The entry as its line, with the end of the line. */
export const lineOf = (entry: Entry): string => `${JSON.stringify(written(entry))}\n`
