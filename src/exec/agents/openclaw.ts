import type { JsonObject } from "../../domain/Work.ts"
import { type AgentProgram, withFlag } from "./AgentProgram.ts"
import { at, numberAt, objectAt, objectsAt, textAt } from "./fields.ts"
import { fails, says, type Turn } from "./Turn.ts"

/** What the agent said at last: `final`, or the last of the texts for its user. */
const finalIn = (object: JsonObject): string =>
  textAt(object, "final") || textAt(objectsAt(object, "payloads").at(-1) ?? {}, "text")

/** The one object of `--json`: of the gateway (in `result`), of `--local`, or of `agent exec`. */
const read = (turn: Turn, object: JsonObject): Turn => {
  const result = at(object, "result") === undefined ? object : objectAt(object, "result")
  const meta = objectAt(result, "meta")
  const usage = objectAt(result, "meta", "agentMeta", "usage")
  const ended: Turn = {
    ...says(turn, finalIn(result)),
    is_over: true,
    session_id: textAt(meta, "agentMeta", "sessionId") || textAt(result, "sessionId") || null,
    tokens: numberAt(usage, "total") ?? numberAt(result, "usage", "total"),
    cost_usd: numberAt(usage, "cost", "total") ?? numberAt(result, "usage", "cost", "total")
  }
  const reason = textAt(meta, "error", "message") || textAt(result, "error", "message") || textAt(object, "error")
  const isFailure = reason !== "" || object["ok"] === false || meta["aborted"] === true ||
    /^(?:error|failed|timeout|aborted)$/.test(textAt(object, "status"))
  return isFailure ? fails(ended, reason || textAt(object, "summary") || ended.text || "the turn was ended") : ended
}

/** https://docs.openclaw.ai/cli/agent; recorded with 2026.9.6. */
export const openclaw: AgentProgram = {
  name: "openclaw",
  title: "OpenClaw",
  programs: ["openclaw"],
  readable: (given) => withFlag(given, "--json"),
  is_stream: false,
  read,
  remedy: "Allow it in the tool policy of the agent in openclaw.json"
}
