import type { JsonObject } from "../../domain/Work.ts"
import { at, numberAt, objectAt, objectsAt, sumOf, textAt } from "./fields.ts"
import { begins, ends, fails, isDenied, isHeldUp, says, type Turn, wasDenied } from "./Turn.ts"

const readBlock = (turn: Turn, block: JsonObject): Turn => {
  if (block["type"] === "text") return says(turn, textAt(block, "text"))
  return block["type"] === "tool_use"
    ? begins(turn, textAt(block, "id"), textAt(block, "name"), objectAt(block, "input"))
    : turn
}

/** What Qwen Code says of a tool that it does not offer, because its approval mode does not allow it. */
const notOffered = /^Tool ".*" not found in registry/

const readResult = (turn: Turn, block: JsonObject): Turn => {
  if (block["type"] !== "tool_result") return turn
  const id = textAt(block, "tool_use_id")
  if (block["is_error"] !== true) return ends(turn, id, "done")
  return ends(turn, id, notOffered.test(textAt(block, "content")) ? "denied" : "failed")
}

/** Which calls were denied is told at the end. Where all calls were told one by one, some may have been made good since. */
const readDenials = (turn: Turn, object: JsonObject): Turn => {
  const isStream = turn.doing !== null
  return objectsAt(object, "permission_denials").reduce(
    (after, denial) =>
      isStream
        ? wasDenied(after, textAt(denial, "tool_use_id"))
        : isDenied(after, textAt(denial, "tool_name"), objectAt(denial, "tool_input")),
    turn
  )
}

const reasonIn = (object: JsonObject): string => {
  const errors = at(object, "errors")
  const told = Array.isArray(errors) ? errors.filter((error) => typeof error === "string").join("; ") : ""
  return textAt(object, "result") || told || textAt(object, "error", "message") || textAt(object, "error") ||
    textAt(object, "subtype")
}

const readEnd = (turn: Turn, object: JsonObject): Turn => {
  const ended: Turn = {
    ...readDenials(turn, object),
    is_over: true,
    text: textAt(object, "result"),
    cost_usd: numberAt(object, "total_cost_usd") ?? turn.cost_usd,
    session_id: textAt(object, "session_id") || turn.session_id,
    tokens: sumOf(
      objectAt(object, "usage"),
      ...["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens"]
    ) ?? turn.tokens
  }
  return object["is_error"] === true || !["", "success"].includes(textAt(object, "subtype"))
    ? fails(ended, reasonIn(object))
    : ended
}

/** The model could not be asked, and will be asked again. */
const readSystem = (turn: Turn, object: JsonObject): Turn => {
  if (object["subtype"] !== "api_retry") return turn
  const status = numberAt(object, "error_status")
  const attempts = `attempt ${numberAt(object, "attempt")} of ${numberAt(object, "max_retries")}`
  return isHeldUp(turn, `the model does not answer: ${status ?? ""} ${textAt(object, "error")} (${attempts})`)
}

/** The parts of a message. What a subagent says is no word of the agent, but what it does is done for it. */
const blocksOf = (object: JsonObject): ReadonlyArray<JsonObject> => {
  const blocks = objectsAt(object, "message", "content")
  return textAt(object, "parent_tool_use_id") === "" ? blocks : blocks.filter(({ type }) => type === "tool_use")
}

/**
 * The form that Claude Code prints with `--output-format json` or `stream-json`, and Qwen Code too: messages of the agent, results of its
 * tools, and at the end a `result`.
 */
export const readClaudeForm = (turn: Turn, object: JsonObject): Turn => {
  switch (object["type"]) {
    case "system":
      return readSystem({ ...turn, session_id: textAt(object, "session_id") || turn.session_id }, object)
    case "assistant":
      return blocksOf(object).reduce(readBlock, turn)
    case "user":
      return objectsAt(object, "message", "content").reduce(readResult, turn)
    case "result":
      return readEnd(turn, object)
    default:
      return turn
  }
}
