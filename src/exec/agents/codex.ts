import type { JsonObject } from "../../domain/Work.ts"
import { type AgentProgram, withFlag } from "./AgentProgram.ts"
import { messageIn, objectAt, objectsAt, sumOf, textAt } from "./fields.ts"
import { begins, ends, fails, isDenied, isHeldUp, says, type Turn } from "./Turn.ts"

/** What a command prints when the sandbox stops it. Codex itself tells only that it failed. */
const sandboxed =
  /Read-only file system|Operation not permitted|Permission denied|Could not resolve host|Network is unreachable|sandbox|requires approval/i

/** A patch that the sandbox stops is told on standard error alone. */
const rejectedPatch = /error=patch rejected: /

/** A tool of an item with its input; null for an item that is no call. */
const callIn = (item: JsonObject): readonly [tool: string, input: JsonObject] | null => {
  switch (item["type"]) {
    case "command_execution":
      return ["command", { command: item["command"] }]
    case "file_change":
      return ["edit", { path: objectsAt(item, "changes").map((change) => textAt(change, "path")).join(", ") }]
    case "mcp_tool_call":
      return [`${textAt(item, "server")} ${textAt(item, "tool")}`, objectAt(item, "arguments")]
    case "web_search":
      return ["web search", { query: item["query"] }]
    default:
      return null
  }
}

const endOf = (item: JsonObject): "done" | "failed" | "denied" => {
  if (item["status"] === "declined") return "denied"
  if (item["status"] !== "failed") return "done"
  const said = `${textAt(item, "aggregated_output")}${textAt(item, "error", "message")}`
  return item["type"] === "file_change" || sandboxed.test(said) ? "denied" : "failed"
}

const readItem = (turn: Turn, item: JsonObject, is_over: boolean): Turn => {
  const id = textAt(item, "id")
  if (item["type"] === "agent_message") return is_over ? says({ ...turn, text: "" }, textAt(item, "text")) : turn
  const call = callIn(item)
  if (call === null) return turn
  const begun = turn.open.has(id) ? turn : begins(turn, id, ...call)
  return is_over ? ends(begun, id, endOf(item)) : begun
}

const read = (turn: Turn, object: JsonObject): Turn => {
  switch (object["type"]) {
    case "thread.started":
      return { ...turn, session_id: textAt(object, "thread_id") || null }
    case "item.started":
    case "item.updated":
      return readItem(turn, objectAt(object, "item"), false)
    case "item.completed":
      return readItem(turn, objectAt(object, "item"), true)
    case "turn.completed":
      return { ...turn, is_over: true, tokens: sumOf(objectAt(object, "usage"), "input_tokens", "output_tokens") }
    case "error": // it will try again, unless the turn fails
      return isHeldUp(turn, textAt(object, "message"))
    case "turn.failed":
      return fails({ ...turn, is_over: true }, messageIn(textAt(object, "error", "message")))
    default:
      return turn
  }
}

/** https://developers.openai.com/codex/noninteractive; recorded with 0.171.0. */
export const codex: AgentProgram = {
  name: "codex",
  title: "Codex",
  readable: (given) => withFlag(given, "--json"),
  is_stream: true,
  read,
  readError: (turn, line) => rejectedPatch.test(line) ? isDenied(turn, "edit", {}) : turn,
  noise: /^Reading prompt from stdin/,
  remedy: "Allow it with --sandbox workspace-write in wake_command; it then edits files and runs commands in its folder"
}
