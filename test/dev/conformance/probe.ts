import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { readFileSync } from "node:fs"
import { isJsonObject, type JsonObject, parseJson } from "../../../src/dev/json.ts"
import { Mishap } from "./client.ts"
import { type Action, fixture, type Script, scripts } from "./script.ts"
import { make, type Stage, tokenOf } from "./stage.ts"

/** One line of a probe. */
type Line =
  & { readonly at: number; readonly text: string }
  & (
    | { readonly _tag: "In"; readonly socket: string; readonly payload: string }
    | { readonly _tag: "Out"; readonly socket: string; readonly payload: string }
    | { readonly _tag: "Closed"; readonly socket: string; readonly code: number }
    | { readonly _tag: "Task"; readonly id: string; readonly status: number; readonly summary: string }
    | { readonly _tag: "Created"; readonly id: string }
    | { readonly _tag: "Note" }
  )

/** After such a pause every expected frame has come. */
const PAUSE_S = 0.05
const LONGEST_ANSWER_S = 1
/** After a long pause nothing may happen this much sooner than in the probe. */
const EARLY_S = 0.5
/** The close codes of clients. All others are the hub's. */
const CLIENT_CODES = new Set([1000, 1006])
/** The probes do not show broadcasts about other agents. */
const BROADCASTS = new Set(["agent_joined", "status_changed", "message", "room_message"])

const parse = (line: string): Line => {
  const [, time = "0", text = ""] = /^\s*(\d+\.\d+) (.*)$/.exec(line) ?? []
  const at = Number(time)
  const frame = /^(\S+) (<<|>>) (.*)$/.exec(text)
  if (frame?.[1] !== undefined && frame[3] !== undefined) {
    return { _tag: frame[2] === "<<" ? "In" : "Out", at, text, socket: frame[1], payload: frame[3] }
  }
  const closed = /^(\S+) CLOSED (\d+)/.exec(text)
  if (closed?.[1] !== undefined) return { _tag: "Closed", at, text, socket: closed[1], code: Number(closed[2]) }
  const task = /task (task-\S+) (\d+) (\{.*\})$/.exec(text)
  if (task?.[1] !== undefined && task[3] !== undefined) {
    return { _tag: "Task", at, text, id: task[1], status: Number(task[2]), summary: task[3] }
  }
  const created = /^HTTP task 201 (\S+)$/.exec(text)
  return created?.[1] === undefined ? { _tag: "Note", at, text } : { _tag: "Created", at, text, id: created[1] }
}

/** Sorts the closing by a client before the hub's frames of the same instant: the probe logged it only when it was over. */
const causesFirst = (lines: ReadonlyArray<Line>): ReadonlyArray<Line> => {
  const sorted: Array<Line> = []
  for (const line of lines) {
    let place = sorted.length
    if (line._tag === "Closed" && CLIENT_CODES.has(line.code)) {
      for (let before = sorted[place - 1]; before?._tag === "In"; before = sorted[place - 1]) {
        if (before.at !== line.at || before.socket === line.socket) break
        place -= 1
      }
    }
    sorted.splice(place, 0, line)
  }
  return sorted
}

const decoded = (payload: string): unknown => Option.getOrUndefined(parseJson(payload))

interface Player {
  readonly stage: Stage
  readonly script: Script
  readonly pending: Array<Action>
  readonly problems: Array<string>
  /** Broadcast messages by socket. The lines do not show them. */
  readonly heard: Map<string, Array<string>>
  readonly agentOf: Map<string, string>
}

const complain = (player: Player, line: Line, found: unknown, ...why: ReadonlyArray<string>): void => {
  player.problems.push(`${line.text}\n  came as ${JSON.stringify(found)}\n  ${why.join("\n  ")}`)
}

/** Whether the probe would have left the frame out. Such a frame is only counted. */
const isBroadcast = (player: Player, socket: string, frame: JsonObject): boolean => {
  if (frame["type"] === "message") player.heard.set(socket, [...player.heard.get(socket) ?? [], String(frame["id"])])
  return BROADCASTS.has(String(frame["type"])) ||
    (frame["type"] === "agent_left" && frame["agent_id"] !== player.agentOf.get(socket))
}

/** All frames of the hub that the lines so far do not show. */
const settle = (player: Player, text: string) =>
  Effect.gen(function*() {
    for (const [name, client] of player.stage.sockets) {
      for (const frame of yield* client.drain) {
        if (!isBroadcast(player, name, frame)) {
          player.problems.push(`before "${text}" ${name} got ${JSON.stringify(frame).slice(0, 500)}`)
        }
      }
    }
  })

const identify = (player: Player, line: Line & { readonly _tag: "In" }, agentId: string) =>
  Effect.gen(function*() {
    const present = player.stage.sockets.get(line.socket)
    const client = present?.isOpen() === true ? present : yield* player.stage.open(line.socket)
    player.agentOf.set(line.socket, agentId)
    yield* client.identify(agentId, tokenOf(agentId), player.script.capabilities?.[line.socket])
  })

const hear = (player: Player, line: Line & { readonly _tag: "In" }) =>
  Effect.gen(function*() {
    const expected = decoded(line.payload)
    if (isJsonObject(expected) && expected["type"] === "identified") {
      yield* identify(player, line, String(expected["agent_id"]))
    }
    const client = yield* player.stage.socket(line.socket)
    let frame = yield* client.take
    while (isBroadcast(player, line.socket, frame)) frame = yield* client.take
    compare(player, line, expected, frame)
  })

const compare = (player: Player, line: Line & { readonly _tag: "In" }, expected: unknown, frame: JsonObject): void => {
  const short = /^task_assign gen (\d+)$/.exec(line.payload)
  const wanted: unknown = short === null ? expected : { type: "task_assign", generation: Number(short[1]) }
  // The probes show only type, id and generation of an assignment.
  const shown = frame["type"] === "task_assign" && isJsonObject(wanted)
    ? Object.fromEntries(Object.entries(frame).filter(([key]) => key in wanted))
    : frame
  const differences = player.stage.ids.differences(wanted, shown)
  if (differences.length > 0) complain(player, line, frame, ...differences)
}

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
    if (CLIENT_CODES.has(line.code)) return yield* player.stage.end(line.socket, line.code)
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

/** A line in words. The list of actions says what it means, and its end is the result. */
const note = (player: Player, line: Line) =>
  Effect.gen(function*() {
    const action = player.script.actions.find((one) => one.line !== undefined && line.text.startsWith(one.line))
    if (action === undefined) return complain(player, line, "a line that the list of actions does not know")
    const outcome = line.text.slice(action.line?.length).trim()
    if (action.copies !== undefined) return countCopies(player, line, action.copies, outcome)
    if (action.listed !== undefined) return yield* checkListed(player, line, action.listed, outcome)
    const response = yield* player.stage.perform(action)
    if (response === undefined) return
    const [, status, body] = /^(\d+) ?(.*)$/.exec(outcome) ?? []
    const differences = body === "" ? [] : player.stage.ids.differences(decoded(body ?? ""), response.body)
    if (String(response.status) !== status || differences.length > 0) complain(player, line, response, ...differences)
  })

const countCopies = (player: Player, line: Line, socket: string, outcome: string): void => {
  const heard = player.heard.get(socket) ?? []
  const most = Math.max(0, ...heard.map((id) => heard.filter((one) => one === id).length))
  if (String(most) !== outcome) complain(player, line, most)
}

const checkListed = (player: Player, line: Line, agentId: string, outcome: string) =>
  Effect.map(player.stage.call("GET", "/api/agents"), ({ body }) => {
    const agents = Array.isArray(body["agents"]) ? body["agents"] : []
    const listed = agents.some((agent) => isJsonObject(agent) && agent["agent_id"] === agentId)
    if (String(listed) !== outcome) complain(player, line, agents)
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

const step = (player: Player, line: Line) => {
  switch (line._tag) {
    case "In":
      return hear(player, line)
    case "Out":
      return say(player, line)
    case "Closed":
      return closed(player, line)
    case "Task":
      return checkTask(player, line)
    case "Note":
      return note(player, line)
    case "Created":
      if (player.stage.ids.translateText(line.id) === line.id) complain(player, line, "nobody made this task")
      return Effect.void
  }
}

/** Plays a probe against a new hub. Returns what the hub did differently. */
export const play = (file: string) =>
  Effect.gen(function*() {
    const script = scripts.probes[file] ?? { actions: [] }
    const text = readFileSync(fixture(`probes/${file}`), "utf8").trimEnd()
    const lines = causesFirst(text.split("\n").map(parse))
    const agents = [...text.matchAll(/"agent_id":"([^"]+)","type":"identified"/g)].map(([, agentId = ""]) => agentId)
    const player: Player = {
      stage: yield* make(script, [...new Set(agents)]),
      script,
      pending: script.actions.filter(({ line }) => line === undefined),
      problems: [],
      heard: new Map(),
      agentOf: new Map()
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
