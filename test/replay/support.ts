import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { makeEntries } from "../../src/observe/record/record.ts"
import { type Entry, format_version, lineOf, parseEntry } from "../../src/replay/format.ts"
import { readRecording } from "../../src/replay/read/recording.ts"
import { Replay, type ReplayOptions } from "../../src/replay/Replay.ts"
import { isDifference, type ReplayEvent, type Summary } from "../../src/replay/ReplayEvent.ts"
import type { ActorEvent } from "../../src/services/Observer.ts"

export const recordings = "test/fixtures/hub/recordings"
export const recordingNames = readdirSync(recordings).filter((name) => name.endsWith(".jsonl"))

export const textOfRecording = (name: string): string => readFileSync(join(recordings, name), "utf8")

/** The lines of a text as a dry run reads them. Fails like a dry run. */
export const linesIn = (text: string, file = "a.jsonl") =>
  readRecording(file, Stream.succeed(new TextEncoder().encode(text))).pipe(
    Stream.runCollect,
    Effect.map((some) => some.flat())
  )

/** The events of a replay of the texts. Each text is a file. */
export const replayedTexts = (
  texts: ReadonlyArray<string>,
  options: Partial<ReplayOptions> = {}
): ReadonlyArray<ReplayEvent> => {
  const replay = new Replay(options)
  const told = texts.flatMap((text, index) =>
    Effect.runSync(linesIn(text, `${index + 1}.jsonl`)).flatMap((line) => replay.feed(line))
  )
  return [...told, ...replay.finish()]
}

export const replayedText = (text: string, options: Partial<ReplayOptions> = {}): ReadonlyArray<ReplayEvent> =>
  replayedTexts([text], options)

export const summaryOf = (events: ReadonlyArray<ReplayEvent>): Summary => {
  const last = events.at(-1)
  if (last?.kind !== "end") throw new Error("the last event is not the end")
  return last.summary
}

export const notesIn = (events: ReadonlyArray<ReplayEvent>): ReadonlyArray<string> =>
  events.flatMap((event) =>
    event.kind === "note" ? [`${event.place === null ? "" : `${event.place.line}: `}${event.text}`] : []
  )

const marks = { same: "=", changed: "!", recorded: "-", ours: "+", beyond: "~" } as const

/** A row for each frame to the hub: how it compares, its type, and the fields that differ. */
export const framesOut = (events: ReadonlyArray<ReplayEvent>): ReadonlyArray<string> =>
  events.flatMap((event) => {
    if (event.kind !== "frame" || event.dir === "in") return []
    const { fields, msg, verdict } = event
    const status = msg["type"] === "wake_result" || msg["type"] === "identify" ? ` ${String(msg["status"])}` : ""
    return [`${marks[verdict]} ${String(msg["type"])}${status} ${fields.join(",")}`.trimEnd()]
  })

export const differencesIn = (events: ReadonlyArray<ReplayEvent>): ReadonlyArray<ReplayEvent> =>
  events.filter(isDifference)

export const header: Extract<Entry, { readonly dir: "header"; readonly msg: unknown }> = {
  t: 0,
  dir: "header",
  msg: { format: format_version, version: "1.2.3", agent_id: "", platform: "linux", continues: false, config: {} }
}

const frozen = (t: number): Clock.Clock => ({
  currentTimeMillisUnsafe: () => t,
  currentTimeMillis: Effect.succeed(t),
  currentTimeNanosUnsafe: () => BigInt(t) * 1_000_000n,
  currentTimeNanos: Effect.succeed(BigInt(t) * 1_000_000n),
  monotonicTimeNanosUnsafe: () => 0n,
  monotonicTimeNanos: Effect.succeed(0n),
  sleep: () => Effect.never
})

/** What this version would have recorded in the session whose frames are in the text. */
export const recordedAs = (text: string): ReadonlyArray<Entry> => {
  const entries: Array<Entry> = []
  let t = 0
  let header_at = 0
  let about: Entry = header
  const observe = (event: ActorEvent) => {
    if (event._tag === "Stepped") t = event.step.at
    if (event._tag === "Stepped" && event.step.message._tag === "Restarted") {
      header_at = entries.length
      entries.push({ ...about, t })
    }
    const [entry] = makeEntries(frozen(t), (unchanged) => unchanged)(event)
    if (entry === undefined) return
    entries.push({ ...entry, t })
    if (entry.dir !== "out" || entry.msg["type"] !== "identify") return
    const { agent_id, capabilities } = entry.msg
    about = { t, dir: "header", msg: { ...header.msg, agent_id: String(agent_id), config: { capabilities } } }
    entries[header_at] = { ...about, t: entries[header_at]?.t ?? t }
  }
  replayedText(text, { observe })
  return entries
}

/** Parses a line of the current format. */
export const entryIn = (line: string): Entry => {
  const entry = Result.getOrThrowWith(parseEntry(line), (problem) => new Error(`${problem}: ${line}`))
  if (entry.dir === "old" || entry.dir === "newer") throw new Error(`of another format: ${line}`)
  return entry
}

export const recordingOf = (entries: ReadonlyArray<Entry>): string => entries.map(lineOf).join("")
