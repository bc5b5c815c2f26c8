import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type { DevHub, HubFrame } from "../DevHub.ts"
import { isJsonObject, type JsonObject, object, text } from "../json.ts"

export type Print = (line: string) => Effect.Effect<void>

const followEvery = "50 millis"
const quiet = new Set([
  "ping",
  "pong",
  "state_report_ack",
  "identified",
  "status",
  "status_updated",
  "status_changed",
  "agent_joined",
  "agent_left"
])

const shownFields = ["generation", "status", "action", "progress", "reason"]
const shownChars = 60

const bodyOf = ({ msg }: HubFrame): JsonObject => isJsonObject(msg) ? msg : {}

const isShown = (msg: JsonObject, unshown: string): boolean =>
  !quiet.has(text(msg, "type", "")) && msg["from"] !== unshown

const detail = (msg: JsonObject): string =>
  text(msg, "type", "") === "message"
    ? `${text(msg, "message_type", "")} from ${text(msg, "from", "")}: ${text(object(msg, "payload"), "text", "")}`
    : shownFields.filter((key) => msg[key] !== undefined)
      .map((key) => `${key} ${String(msg[key]).slice(0, shownChars)}`).join(", ")

const lineOf = (names: ReadonlyMap<string, string>, frame: HubFrame): string => {
  const msg = bodyOf(frame)
  const agent = text(msg, "agent_id", frame.agent ?? "?")
  const arrow = frame.dir === "in" ? `hub ──▶ ${agent}` : `hub ◀── ${agent}`
  const task = names.get(text(msg, "task_id", "")) ?? ""
  return `${arrow}  ${text(msg, "type", "?").padEnd(14)} ${task.padEnd(15)} ${detail(msg)}`
}

/** Makes a function that prints a line with the seconds since the start. */
export const makePrinter = Effect.map(
  Clock.currentTimeMillis,
  (start): Print => (line) =>
    Effect.flatMap(
      Clock.currentTimeMillis,
      (now) => Console.log(`${((now - start) / 1000).toFixed(2).padStart(6)} s  ${line}`.trimEnd())
    )
)

/** Prints the frames between the hub and the sidecars, but no message of `unshown`. `names` maps the id of a task to its name in the demo. */
export const follow = (hub: DevHub, names: ReadonlyMap<string, string>, unshown: string, print: Print) => {
  let shown = 0
  const showNew = Effect.suspend(() => {
    const frames = hub.frames()
    const fresh = frames.slice(shown)
    shown = frames.length
    return Effect.forEach(
      fresh.filter((frame) => isShown(bodyOf(frame), unshown)),
      (frame) => print(lineOf(names, frame)),
      { discard: true }
    )
  })
  return { showNew, forEver: Effect.forever(Effect.andThen(showNew, Effect.sleep(followEvery))) }
}
