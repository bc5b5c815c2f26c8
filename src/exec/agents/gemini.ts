import type { JsonObject } from "../../domain/Work.ts"
import { type AgentProgram, withOption } from "./AgentProgram.ts"
import { messageIn, numberAt, objectAt, textAt } from "./fields.ts"
import { begins, ends, fails, says, type Turn } from "./Turn.ts"

/** What Gemini CLI says of a tool that its approval mode does not offer, or that its policy denies. */
const refusals: ReadonlySet<string> = new Set(["tool_not_registered", "policy_violation"])
const refused = /Access denied|not in workspace|requires user confirmation/

const endOf = (object: JsonObject): "done" | "failed" | "denied" => {
  if (object["status"] === "success") return "done"
  const isRefused = refusals.has(textAt(object, "error", "type")) || refused.test(textAt(object, "error", "message"))
  return isRefused ? "denied" : "failed"
}

const readEnd = (turn: Turn, object: JsonObject): Turn => {
  const ended = { ...turn, is_over: true, tokens: numberAt(object, "stats", "total_tokens") }
  return object["status"] === "error" ? fails(ended, messageIn(textAt(object, "error", "message"))) : ended
}

const read = (turn: Turn, object: JsonObject): Turn => {
  const id = textAt(object, "tool_id")
  switch (object["type"]) {
    case "init":
      return { ...turn, session_id: textAt(object, "session_id") || null }
    case "message":
      return object["role"] === "assistant" ? says(turn, textAt(object, "content")) : turn
    case "tool_use":
      return begins(turn, id, textAt(object, "tool_name"), objectAt(object, "parameters"))
    case "tool_result":
      return ends(turn, id, endOf(object))
    case "error":
      return object["severity"] === "error" || textAt(object, "message").startsWith("Loop detected")
        ? fails(turn, messageIn(textAt(object, "message"))) :
        turn
    case "result":
      return readEnd(turn, object)
    default:
      return turn
  }
}

/** https://geminicli.com/docs/cli/headless; recorded with 0.61.0. */
export const gemini: AgentProgram = {
  name: "gemini",
  title: "Gemini CLI",
  readable: (given) => withOption(given, ["--output-format", "-o"], "stream-json"),
  is_stream: true,
  read,
  noise: /^Warning: |^YOLO mode is enabled|^Ripgrep is not available|^Loaded cached credentials/,
  remedy: "Allow it with --approval-mode auto_edit (edits) or yolo (commands too) in wake_command"
}
