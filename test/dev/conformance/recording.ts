import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import type { JsonObject } from "../../../src/dev/json.ts"
import { type Action, fixture, type Script, scripts } from "./script.ts"
import { make, type Stage, tokenOf } from "./stage.ts"

const Line = Schema.fromJsonString(Schema.Struct({
  t: Schema.Finite,
  dir: Schema.Literals(["in", "out"]),
  msg: Schema.Record(Schema.String, Schema.Unknown)
}))
type Line = typeof Line.Type

const OWN = "own"
/** After a pause of so many recorded seconds every expected frame has come. */
const PAUSE_S = 0.05

const read = (file: string): ReadonlyArray<Line> =>
  readFileSync(fixture(`recordings/${file}`), "utf8").trim().split("\n").map((line) => Schema.decodeSync(Line)(line))

/** The session's own frames. Each identify, except the first, comes on a new socket. */
const speak = (stage: Stage, script: Script, msg: JsonObject, identifies: number) =>
  Effect.gen(function*() {
    if (msg["type"] !== "identify") {
      const client = yield* stage.socket(OWN)
      return yield* client.sendJson({ ...Object(stage.ids.translate(msg)) })
    }
    const who = script.tokens?.[identifies] ?? "own"
    const client = yield* stage.open(OWN)
    yield* client.sendJson({ ...msg, token: tokenOf(who === "own" ? String(msg["agent_id"]) : who) })
  })

const listen = (stage: Stage, expected: JsonObject) =>
  Effect.gen(function*() {
    const client = yield* stage.socket(OWN)
    const actual = yield* client.take
    const differences = stage.ids.differences(expected, actual)
    return differences.length === 0
      ? []
      : [`${JSON.stringify(expected)}\n  came as ${JSON.stringify(actual)}\n  ${differences.join("\n  ")}`]
  })

/** The frames of the hub that the recording does not show so far. */
const leftOver = (stage: Stage) =>
  Effect.gen(function*() {
    const left = yield* (yield* stage.socket(OWN)).drain
    return left.map((frame) => `not in the recording: ${JSON.stringify(frame)}`)
  })

/** Plays a recording against a new hub. Returns what the hub did differently. */
export const play = (file: string) =>
  Effect.gen(function*() {
    const script = scripts.recordings[file] ?? { actions: [] }
    const lines = read(file)
    const start = lines[0]?.t ?? 0
    const stage = yield* make(script, [...new Set(lines.flatMap(({ msg }) => String(msg["agent_id"] ?? [])))])
    const pending: Array<Action> = [...script.actions]
    const problems: Array<string> = []
    let identifies = 0
    let last = 0
    for (const { t, dir, msg } of lines) {
      const seconds = (t - start) / 1000
      if (seconds - last >= PAUSE_S) problems.push(...yield* leftOver(stage))
      last = seconds
      for (let next = pending[0]; (next?.at ?? Infinity) <= seconds; next = pending[0]) {
        const action = pending.shift()
        yield* stage.moveTo(action?.at ?? 0)
        if (action?.close !== undefined) yield* stage.end(OWN, action.close)
        else if (action !== undefined) yield* stage.perform(action)
      }
      yield* stage.moveTo(seconds)
      if (dir === "in") problems.push(...yield* listen(stage, msg))
      else {
        yield* speak(stage, script, msg, identifies)
        if (msg["type"] === "identify") identifies += 1
      }
    }
    return [...problems, ...yield* leftOver(stage)]
  })
