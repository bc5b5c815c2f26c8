import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type { DevHub, HubFrame } from "../DevHub.ts"
import { isJsonObject, type JsonObject, text } from "../json.ts"

const followEvery = "50 millis"
const quiet = new Set(["ping", "pong", "state_report_ack", "identified"])

const shownFields = ["generation", "status", "action", "progress", "reason"]

const bodyOf = ({ msg }: HubFrame): JsonObject => isJsonObject(msg) ? msg : {}

const detail = (msg: JsonObject): string =>
  shownFields.filter((key) => msg[key] !== undefined).map((key) => `${key} ${String(msg[key]).slice(0, 60)}`).join(", ")

const lineOf = (names: ReadonlyMap<string, string>, frame: HubFrame): string => {
  const msg = bodyOf(frame)
  const arrow = frame.dir === "in" ? "hub ──▶ sidecar" : "hub ◀── sidecar"
  const task = names.get(text(msg, "task_id", "")) ?? ""
  return `${arrow}  ${text(msg, "type", "?").padEnd(16)} ${task.padEnd(15)} ${detail(msg)}`
}

/** Prints a line with the seconds since the start. */
export const makePrinter = Effect.map(
  Clock.currentTimeMillis,
  (start) => (line: string) =>
    Effect.flatMap(
      Clock.currentTimeMillis,
      (now) => Console.log(`${((now - start) / 1000).toFixed(2).padStart(6)} s  ${line}`.trimEnd())
    )
)

/** Draws the frames between hub and sidecar as they pass. `names` says what a task is called here. */
export const follow = (
  hub: DevHub,
  names: ReadonlyMap<string, string>,
  print: (text: string) => Effect.Effect<void>
) => {
  let shown = 0
  const showNew = Effect.suspend(() => {
    const frames = hub.frames()
    const fresh = frames.slice(shown)
    shown = frames.length
    return Effect.forEach(
      fresh.filter((frame) => !quiet.has(text(bodyOf(frame), "type", ""))),
      (frame) => print(lineOf(names, frame)),
      { discard: true }
    )
  })
  return { showNew, forEver: Effect.forever(Effect.andThen(showNew, Effect.sleep(followEvery))) }
}
