import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { readFileSync } from "node:fs"
import { isJsonObject, type JsonObject } from "../../../src/dev/json.ts"
import { Mishap } from "./client.ts"
import { ask } from "./http.ts"
import { CLIENT_CODES, type Line, linesOf } from "./lines.ts"
import { note } from "./notes.ts"
import { complain, decoded, type Player } from "./player.ts"
import { fixture, scripts } from "./script.ts"
import { make, tokenOf } from "./stage.ts"

/** After such a pause every expected frame has come. */
const PAUSE_S = 0.05
const LONGEST_ANSWER_S = 1
/** After a long pause nothing may happen this much sooner than in the probe. */
const EARLY_S = 0.5
/** Broadcasts about other agents: a probe that shows none of a type leaves out all of it. */
const BROADCASTS = ["agent_joined", "status_changed", "message", "room_message"]

/** Whether the probe would have left the frame out, at a line that shows another one or none. */
const isHidden = (player: Player, socket: string, frame: JsonObject, shown?: unknown): boolean => {
  const shows = (key: string): boolean => isJsonObject(shown) && shown[key] === frame[key]
  if (frame["type"] === "agent_left" && frame["agent_id"] !== player.stage.agentOf.get(socket)) {
    return !(shows("type") && shows("agent_id"))
  }
  return player.hidden.has(String(frame["type"])) && !shows("type")
}

const remember = (player: Player, socket: string, frame: JsonObject): void => {
  player.got.set(socket, [...player.got.get(socket) ?? [], frame])
}

/** All frames of the hub that the lines so far do not show. */
const settle = (player: Player, text: string) =>
  Effect.gen(function*() {
    for (const [name, client] of player.stage.sockets) {
      for (const frame of yield* client.drain) {
        remember(player, name, frame)
        if (!isHidden(player, name, frame)) {
          player.problems.push(`before "${text}" ${name} got ${JSON.stringify(frame).slice(0, 500)}`)
        }
      }
    }
  })

const identify = (player: Player, line: Line & { readonly _tag: "In" }, agentId: string) =>
  Effect.gen(function*() {
    const present = player.stage.sockets.get(line.socket)
    const client = present?.isOpen() === true ? present : yield* player.stage.open(line.socket)
    player.stage.agentOf.set(line.socket, agentId)
    yield* client.identify(agentId, tokenOf(agentId), player.script.capabilities?.[line.socket])
  })

/** The next frame of a socket that a line may show. */
const takeShown = (player: Player, socket: string, expected: unknown): Effect.Effect<JsonObject, Mishap> =>
  Effect.gen(function*() {
    const frame = yield* (yield* player.stage.socket(socket)).take
    remember(player, socket, frame)
    return isJsonObject(expected) && isHidden(player, socket, frame, expected)
      ? yield* takeShown(player, socket, expected)
      : frame
  })

const hear = (player: Player, line: Line & { readonly _tag: "In" }) =>
  Effect.gen(function*() {
    const short = /^task_assign gen (\d+)$/.exec(line.payload)
    const wanted = short === null ? decoded(line.payload) : { type: "task_assign", generation: Number(short[1]) }
    if (isJsonObject(wanted) && wanted["type"] === "identified") {
      yield* identify(player, line, String(wanted["agent_id"]))
    }
    const frame = yield* takeShown(player, line.socket, wanted)
    if (wanted === undefined) return
    // The probes show only type, id and generation of an assignment.
    const shown = frame["type"] === "task_assign" && isJsonObject(wanted)
      ? Object.fromEntries(Object.entries(frame).filter(([key]) => key in wanted))
      : frame
    const differences = player.stage.ids.differences(wanted, shown)
    if (differences.length > 0) complain(player, line, frame, ...differences)
  })

/** A line that is cut short ("…") shows a frame that one of the actions sent. */
const say = (player: Player, line: Line & { readonly _tag: "Out" }) => {
  const frame = decoded(line.payload)
  return frame === undefined
    ? Effect.void
    : Effect.flatMap(
      player.stage.socket(line.socket),
      (client) => client.send(player.stage.ids.translateText(typeof frame === "string" ? frame : JSON.stringify(frame)))
    )
}

const closed = (player: Player, line: Line & { readonly _tag: "Closed" }) =>
  Effect.gen(function*() {
    if (CLIENT_CODES.has(line.code)) {
      // A restart of the hub has ended it already.
      return player.stage.sockets.has(line.socket) ? yield* player.stage.end(line.socket, line.code) : undefined
    }
    const { code } = yield* (yield* player.stage.socket(line.socket)).closed
    if (code !== line.code) complain(player, line, code)
  })

const checkTask = (player: Player, line: Line & { readonly _tag: "Task" }) =>
  Effect.gen(function*() {
    const { status, body } = yield* player.stage.call("GET", `/api/tasks/${player.stage.ids.translateText(line.id)}`)
    const summary = {
      status: body["status"],
      gen: body["generation"],
      to: body["assigned_to"],
      retry: body["retry_count"],
      err: body["last_error"]
    }
    const differences = player.stage.ids.differences(decoded(line.summary), summary)
    if (status !== line.status || differences.length > 0) complain(player, line, summary, ...differences)
  })

/** After a long pause checks, shortly before the next line, that nothing new has come. */
const checkEarly = (player: Player, line: Line, last: number) =>
  Effect.gen(function*() {
    const early = line.at - EARLY_S
    if (line.at - last < LONGEST_ANSWER_S || (player.pending[0]?.at ?? Infinity) <= early) return
    yield* player.stage.moveTo(early)
    yield* settle(player, line.text)
  })

/** Does everything that was done before a line and is not shown. */
const actBefore = (player: Player, line: Line) =>
  Effect.gen(function*() {
    for (let next = player.pending[0]; (next?.at ?? Infinity) <= line.at; next = player.pending[0]) {
      player.pending.shift()
      yield* player.stage.moveTo(next?.at ?? 0)
      if (next !== undefined) yield* player.stage.perform(next)
    }
    yield* player.stage.moveTo(line.at)
  })

const step = (player: Player, line: Line): Effect.Effect<unknown, unknown, Scope.Scope> => {
  const action = player.script.actions.find((one) => one.line !== undefined && line.text.startsWith(one.line))
  if (action?.skip !== undefined) return Effect.void
  switch (line._tag) {
    case "In":
      return hear(player, line)
    case "Out":
      return say(player, line)
    case "Closed":
      return closed(player, line)
    case "Task":
      return checkTask(player, line)
    case "Http":
      return ask(player, line)
    case "Note":
      return note(player, line, action)
    case "Created":
      if (player.stage.ids.translateText(line.id) === line.id) complain(player, line, "nobody made this task")
      return Effect.void
  }
}

const showsType = (lines: ReadonlyArray<Line>, type: string): boolean =>
  lines.some((line) => line._tag === "In" && line.payload.includes(`"type":"${type}"`))

/** Plays a probe against a new hub. Returns what the hub did differently. */
export const play = (file: string) =>
  Effect.gen(function*() {
    const script = scripts.probes[file] ?? { actions: [] }
    const text = readFileSync(fixture(`probes/${file}`), "utf8")
    const lines = linesOf(text)
    const agents = [...text.matchAll(/"agent_id":"([^"]+)","type":"identified"/g)].map(([, agentId = ""]) => agentId)
    const player: Player = {
      stage: yield* make(script, [...new Set(agents)]),
      script,
      pending: script.actions.filter(({ line }) => line === undefined),
      problems: [],
      got: new Map(),
      hidden: new Set([...BROADCASTS.filter((type) => !showsType(lines, type)), ...script.hides ?? []])
    }
    let last = 0
    for (const line of lines) {
      if (line.at - last >= (line._tag === "In" ? LONGEST_ANSWER_S : PAUSE_S)) yield* settle(player, line.text)
      yield* checkEarly(player, line, last)
      last = line.at
      yield* actBefore(player, line)
      yield* Effect.mapError(step(player, line), (cause) => new Mishap({ message: `at "${line.text}"`, cause }))
    }
    yield* settle(player, "the end")
    return player.problems
  })
