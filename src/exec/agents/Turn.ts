import type { JsonObject } from "../../domain/Work.ts"

/** A call of a tool: what it is, for a person to read, and what a later success has to be of to make a denial good. */
interface Call {
  readonly shown: string
  readonly key: string
}

/** What a program has told of its agent's turn so far. */
export interface Turn {
  /** What the agent has said since its last tool. */
  readonly text: string
  /** Why the turn failed, as the program says it; null if it says nothing of the kind. */
  readonly failure: string | null
  /** The calls that have not ended, by their ids. */
  readonly open: ReadonlyMap<string, Call>
  /** The calls that failed, and not made good since, by their ids. */
  readonly failed: ReadonlyMap<string, Call>
  /** The calls that were denied, and not made good since, by their keys. */
  readonly denied: ReadonlyMap<string, string>
  /** What last kept the agent from going on, such as a limit of its model; null if it has gone on since. */
  readonly trouble: string | null
  /** The program has told that the turn is over. */
  readonly is_over: boolean
  readonly tokens: number | null
  readonly cost_usd: number | null
  readonly session_id: string | null
  /** What the agent is doing, for a person to read. */
  readonly doing: string | null
}

export const noTurn: Turn = {
  text: "",
  failure: null,
  open: new Map(),
  failed: new Map(),
  denied: new Map(),
  trouble: null,
  is_over: false,
  tokens: null,
  cost_usd: null,
  session_id: null,
  doing: null
}

const shown_chars = 200 // of what a tool is to do, and of what the agent says
const text_chars = 256 * 1024 // of what an agent says at last
const open_calls = 1_000 // that are remembered

/** The beginning of a text, on one line. */
export const short = (text: string): string => {
  const line = text.replaceAll(/\s+/g, " ").trim()
  return line.length <= shown_chars ? line : `${line.slice(0, shown_chars - 1).toWellFormed()}…`
}

/** The fields of a tool's input that say best what it is to do, of all agents that we know. */
const commandNames = ["command", "cmd"]
const tellingNames = [
  ...[...commandNames, "file_path", "filePath", "absolute_path", "path", "pattern", "query", "url", "fileName"],
  ...["description", "prompt"]
]

const firstText = (input: JsonObject, names: ReadonlyArray<string>): string => {
  const found = names.map((name) => input[name]).find((value) => value !== undefined && value !== null && value !== "")
  return typeof found === "string" ? found : Array.isArray(found) ? found.join(" ") : ""
}

/**
 * A call of a tool, shown as `Bash: npm test`. One that runs a command is made good by the same command alone, because what may only
 * look is often allowed where nothing else is. Any other is made good by its tool.
 */
const callOf = (tool: string, input: JsonObject): Call => {
  const deed = short(firstText(input, tellingNames) || (Object.keys(input).length === 0 ? "" : JSON.stringify(input)))
  return {
    shown: deed === "" ? tool : `${tool}: ${deed}`,
    key: JSON.stringify([tool, firstText(input, commandNames)])
  }
}

/** The agent says something more. */
export const says = (turn: Turn, text: string): Turn =>
  text.trim() === ""
    ? turn
    : { ...turn, text: `${turn.text}${text}`.slice(0, text_chars), doing: short(text), trouble: null }

/** A tool is called. What the agent said before is no answer. A second telling of the same call may know more of its input. */
export const begins = (turn: Turn, id: string, tool: string, input: JsonObject): Turn => {
  const call = callOf(tool, input)
  const open = turn.open.size < open_calls || turn.open.has(id) ? new Map([...turn.open, [id, call]]) : turn.open
  return { ...turn, text: "", doing: call.shown, trouble: null, open }
}

const without = <A>(map: ReadonlyMap<string, A>, isOut: (key: string, value: A) => boolean): ReadonlyMap<string, A> =>
  new Map([...map].filter(([key, value]) => !isOut(key, value)))

/** How a call ended. A success makes what failed and was denied of the same kind good. */
export const ends = (before: Turn, id: string, end: "done" | "failed" | "denied"): Turn => {
  const call = before.open.get(id)
  if (call === undefined) return before
  const turn = { ...before, open: without(before.open, (one) => one === id) }
  switch (end) {
    case "done":
      return {
        ...turn,
        failed: without(turn.failed, (_, { key }) => key === call.key),
        denied: without(turn.denied, (key) => key === call.key)
      }
    case "failed":
      return { ...turn, failed: new Map([...turn.failed, [id, call]]) }
    case "denied":
      return { ...turn, denied: new Map([...turn.denied, [call.key, call.shown]]) }
  }
}

/** Of a call that failed it is told afterwards that it was denied. */
export const wasDenied = (turn: Turn, id: string): Turn => {
  const call = turn.failed.get(id)
  return call === undefined ? turn : { ...turn, denied: new Map([...turn.denied, [call.key, call.shown]]) }
}

/** A call was denied, of which nothing else was told. */
export const isDenied = (turn: Turn, tool: string, input: JsonObject): Turn =>
  ends(begins(turn, "", tool, input), "", "denied")

/** Something keeps the agent from going on, for now. */
export const isHeldUp = (turn: Turn, trouble: string): Turn => ({ ...turn, trouble, doing: trouble })

/** The failure of a turn whose last message is not whole. */
export const cut_answer = "the answer of the model was cut, as it has too many tokens"

/** The turn failed, as its program says. The first reason counts. */
export const fails = (turn: Turn, reason: string): Turn => ({ ...turn, failure: turn.failure ?? reason })
