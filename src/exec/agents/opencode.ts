import type { JsonObject } from "../../domain/Work.ts"
import { type AgentProgram, withOption } from "./AgentProgram.ts"
import { numberAt, objectAt, textAt } from "./fields.ts"
import { begins, cut_answer, ends, fails, isDenied, says, type Turn } from "./Turn.ts"

/** What opencode says of a tool that its permissions do not allow. */
const refused = /permission|rejected|not allowed|denied/i

const readTool = (turn: Turn, part: JsonObject): Turn => {
  if (textAt(part, "tool") === "invalid") { // a tool that is not offered where it is not allowed
    const called = textAt(part, "state", "input", "tool")
    return /unavailable tool/.test(textAt(part, "state", "output")) ? isDenied(turn, called, {}) : turn
  }
  const id = textAt(part, "callID")
  const begun = begins(turn, id, textAt(part, "tool"), objectAt(part, "state", "input"))
  const status = textAt(part, "state", "status")
  if (status === "completed") return ends(begun, id, "done")
  if (status !== "error") return begun
  return ends(begun, id, refused.test(textAt(part, "state", "error")) ? "denied" : "failed")
}

const plus = (before: number | null, more: number | null): number | null =>
  more === null ? before : (before ?? 0) + more

const readStep = (turn: Turn, part: JsonObject): Turn => {
  const reason = textAt(part, "reason")
  const stepped = {
    ...turn,
    is_over: reason !== "tool-calls",
    tokens: plus(turn.tokens, numberAt(part, "tokens", "total")),
    cost_usd: plus(turn.cost_usd, numberAt(part, "cost"))
  }
  return reason === "length" ? fails(stepped, cut_answer) : stepped
}

const read = (before: Turn, object: JsonObject): Turn => {
  const turn = { ...before, session_id: textAt(object, "sessionID") || before.session_id }
  const part = objectAt(object, "part")
  switch (object["type"]) {
    case "text":
      return says(turn, textAt(part, "text"))
    case "tool_use":
      return readTool(turn, part)
    case "step_finish":
      return readStep(turn, part)
    case "error":
      return fails(turn, textAt(object, "error", "data", "message") || textAt(object, "error", "name"))
    default:
      return turn
  }
}

/** https://opencode.ai/docs/cli; recorded with 1.18.33. */
export const opencode: AgentProgram = {
  name: "opencode",
  title: "opencode",
  readable: (given) => withOption(given, ["--format"], "json"),
  is_stream: true,
  read,
  noise: /^> /,
  remedy: "Allow it under \"permission\" in opencode.json, or with the variable OPENCODE_PERMISSION"
}
