import type { JsonObject } from "../../domain/Work.ts"
import { type AgentProgram, withOption } from "./AgentProgram.ts"
import { objectAt, textAt } from "./fields.ts"
import { begins, ends, fails, isHeldUp, says, type Turn } from "./Turn.ts"

const endOf = (data: JsonObject): "done" | "failed" | "denied" => {
  if (data["success"] === true) return "done"
  return textAt(data, "error", "code") === "denied" ? "denied" : "failed"
}

const read = (turn: Turn, object: JsonObject): Turn => {
  const data = objectAt(object, "data")
  const id = textAt(data, "toolCallId")
  switch (object["type"]) {
    case "assistant.message":
      return says(turn, textAt(data, "content"))
    case "tool.execution_start":
      return begins(turn, id, textAt(data, "toolName"), objectAt(data, "arguments"))
    case "tool.execution_complete":
      return ends(turn, id, endOf(data))
    case "assistant.turn_retry":
      return isHeldUp(turn, textAt(data, "reason") || "the model does not answer")
    case "session.error":
      return fails(turn, textAt(data, "message"))
    case "result":
      return { ...turn, is_over: true, session_id: textAt(object, "sessionId") || null }
    default:
      return turn
  }
}

/** https://docs.github.com/copilot/how-tos/copilot-cli; recorded with 1.0.102. */
export const copilot: AgentProgram = {
  name: "copilot",
  title: "Copilot",
  readable: (given) => withOption(given, ["--output-format"], "json"),
  is_stream: true,
  read,
  noise: /^$/,
  remedy: "Allow it with --allow-tool write (edits) or --allow-all-tools (commands too) in wake_command"
}
