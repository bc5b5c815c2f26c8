import type { JsonObject } from "../domain/Work.ts"
import { isJsonObject } from "../text/exact.ts"

const isSaid = (value: unknown): boolean => value !== undefined && value !== null && value !== "" && value !== false

const textOf = (value: unknown): string => {
  if (typeof value === "string") return value
  if (isJsonObject(value) && typeof value["message"] === "string") return value["message"]
  return JSON.stringify(value)
}

/** The first of the fields that says something, as text. */
const firstSaid = (object: JsonObject, ...fields: ReadonlyArray<string>): string | undefined => {
  const said = fields.map((field) => object[field]).find(isSaid)
  return said === undefined ? undefined : textOf(said)
}

/** The words by which a program says of itself that it has not done its work. */
const failureWords: ReadonlySet<string> = new Set([
  "aborted",
  "blocked",
  "canceled",
  "cancelled",
  "denied",
  "error",
  "errored",
  "fail",
  "failed",
  "failure",
  "incomplete",
  "interrupted",
  "refused",
  "timed_out",
  "timeout"
])

const shown_denials = 5
const shown_input_chars = 200

const denialText = (denial: unknown): string => {
  if (!isJsonObject(denial)) return textOf(denial)
  const { tool_input, tool_name } = denial
  const input = isSaid(tool_input) ? ` ${textOf(tool_input)}` : ""
  return isSaid(tool_name) ? `${textOf(tool_name)}${input.slice(0, shown_input_chars)}` : textOf(denial)
}

const denialsText = (denials: ReadonlyArray<unknown>): string => {
  const more = denials.length > shown_denials ? `, and ${denials.length - shown_denials} more` : ""
  return `permission denied: ${denials.slice(0, shown_denials).map(denialText).join(", ")}${more}`
}

/** How Claude Code tells of a limit that it has reached; there is no `result` then. */
const endedEarly = ({ subtype, type }: JsonObject): boolean =>
  type === "result" && typeof subtype === "string" && subtype.startsWith("error")

/** One sign of a failure in what a program printed; what it says is the reason. */
interface Sign {
  readonly by_agent: boolean // whether the agent says it of its work, or the program of a run that came to nothing
  readonly isIn: (object: JsonObject) => boolean
  readonly reason: (object: JsonObject) => string | undefined
}

/** By what a program that ended with 0 says that it failed. The first sign that is there gives the reason. */
const signs: ReadonlyArray<Sign> = [
  {
    by_agent: false,
    isIn: (object) => object["is_error"] === true || endedEarly(object),
    reason: (object) =>
      firstSaid(object, "result", "errors", "error", "reason", "message") ??
        (endedEarly(object) ? firstSaid(object, "subtype") : undefined)
  },
  {
    by_agent: false,
    isIn: ({ error, result }) => isSaid(error) && !isSaid(result),
    reason: (object) => firstSaid(object, "error")
  },
  {
    // of Claude Code, where nobody was there to allow it
    by_agent: false,
    isIn: ({ permission_denials: denials }) => Array.isArray(denials) && denials.length > 0,
    reason: ({ permission_denials: denials }) => Array.isArray(denials) ? denialsText(denials) : undefined
  },
  {
    by_agent: true,
    isIn: ({ ok, success }) => ok === false || success === false,
    reason: (object) => firstSaid(object, "reason", "error", "message", "result")
  },
  {
    by_agent: true,
    isIn: ({ status }) => typeof status === "string" && failureWords.has(status.toLowerCase()),
    reason: (object) => firstSaid(object, "reason", "error", "message", "result", "status")
  }
]

/** Why the object says that its program failed, and who says so; null where it does not. A `status` of its own makes no success. */
export const failureIn = (object: JsonObject) => {
  const sign = signs.find(({ isIn }) => isIn(object))
  return sign === undefined
    ? null
    : { by_agent: sign.by_agent, reason: sign.reason(object) ?? "the command says that it failed, and not why" }
}
