import type { JsonObject } from "../../domain/Work.ts"
import { type AgentProgram, withFlag } from "./AgentProgram.ts"
import { at, numberAt, objectAt, objectsAt, textAt } from "./fields.ts"
import { cut_answer, fails, isDenied, says, type Turn } from "./Turn.ts"

/** What the agent said at last. */
const finalIn = (result: JsonObject): string =>
  textAt(result, "final") || textAt(result, "meta", "finalAssistantVisibleText") ||
  objectsAt(result, "payloads").map((payload) => textAt(payload, "text")).join("\n\n")

/** Why the turn failed; empty if it did not. */
const reasonIn = (object: JsonObject, result: JsonObject): string => {
  const reason = textAt(object, "error", "message") || textAt(result, "meta", "error", "message")
  if (reason !== "") return reason
  if (textAt(result, "meta", "stopReason") === "length") return cut_answer
  const isFailure = object["ok"] === false || at(result, "meta", "aborted") === true ||
    !["", "ok"].includes(textAt(object, "status"))
  return isFailure ? textAt(object, "summary") || textAt(object, "status") || "the turn was ended" : ""
}

/** A tool that failed and did not succeed later. Whether it was denied is not told. */
const unresolved = (turn: Turn, result: JsonObject): Turn => {
  const tool = textAt(result, "meta", "toolSummary", "unresolvedError", "toolName")
  return tool === "" ? turn : isDenied(turn, tool, {})
}

/** The one object of `--json`: of the gateway (in `result`), of `--local`, or of `agent exec`. */
const read = (turn: Turn, object: JsonObject): Turn => {
  const result = at(object, "result") === undefined ? object : objectAt(object, "result")
  const agentMeta = objectAt(result, "meta", "agentMeta")
  const usage = at(agentMeta, "usage") === undefined ? objectAt(result, "usage") : objectAt(agentMeta, "usage")
  const ended: Turn = {
    ...says(unresolved(turn, result), finalIn(result)),
    is_over: true,
    session_id: textAt(agentMeta, "sessionId") || textAt(result, "sessionId") || null,
    tokens: numberAt(usage, "total"),
    cost_usd: numberAt(usage, "cost", "total")
  }
  const reason = reasonIn(object, result)
  return reason === "" ? ended : fails(ended, reason)
}

/** https://docs.openclaw.ai/cli/agent; recorded with 2026.9.6. */
export const openclaw: AgentProgram = {
  name: "openclaw",
  title: "OpenClaw",
  readable: (given) => withFlag(given, "--json"),
  is_stream: false,
  read,
  noise: /^\[[\w/-]+\] /,
  remedy: "Allow it in the tool policy of the agent in openclaw.json"
}
