import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { runSidecar } from "../../src/actor/SidecarActor.ts"
import { type Entry, lineOf } from "../../src/replay/format.ts"
import { readRecording } from "../../src/replay/read/recording.ts"
import { defaultOptions, Replay, type ReplayOptions } from "../../src/replay/Replay.ts"
import { isDifference, type ReplayEvent, type Summary } from "../../src/replay/ReplayEvent.ts"

export const recordings = "test/fixtures/hub/recordings"
export const recordingNames = readdirSync(recordings).filter((name) => name.endsWith(".jsonl"))

export const textOfRecording = (name: string): string => readFileSync(join(recordings, name), "utf8")

/** The lines of a text as a dry run reads them; fails as it would. */
export const linesIn = (text: string, file = "a.jsonl") =>
  readRecording(file, Stream.succeed(new TextEncoder().encode(text))).pipe(
    Stream.runCollect,
    Effect.map((some) => some.flat())
  )

/** What a replay of the texts tells, each a file. */
export const replayedTexts = (
  texts: ReadonlyArray<string>,
  options: Partial<ReplayOptions> = {}
): ReadonlyArray<ReplayEvent> => {
  const replay = new Replay(runSidecar, { ...defaultOptions, ...options })
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

/** The frames to the hub a row each: how they compare, their type, and in which fields they differ. */
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
  msg: { format: 1, version: "1.2.3", agent_id: "", platform: "linux", continues: false, config: {} }
}

/** What a replay told, as this version would have recorded it. */
export const entriesOf = (events: ReadonlyArray<ReplayEvent>): ReadonlyArray<Entry> => {
  const first = events.find((event) => event.kind === "frame" && event.msg["type"] === "identify")
  const { agent_id, capabilities } = first?.kind === "frame" ? first.msg : {}
  const msg = { ...header.msg, agent_id: String(agent_id), config: { capabilities } }
  return events.flatMap((event): ReadonlyArray<Entry> => {
    const { t } = event
    switch (event.kind) {
      case "life":
        return event.phase === "begins" ? [{ t, dir: "header", msg }] : []
      case "fact":
        return [{ t, dir: "local", msg: event.fact }]
      case "frame":
        if (event.dir === "in") return [{ t, dir: "in", msg: event.msg }]
        return event.verdict === "recorded" ? [] : [{ t, dir: "out", msg: event.msg }]
      default:
        return []
    }
  })
}

export const recordingOf = (entries: ReadonlyArray<Entry>): string => entries.map(lineOf).join("")
