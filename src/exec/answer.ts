import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { JsonObject, WorkKind } from "../domain/Work.ts"
import { limits } from "../limits.ts"
import { processLimits } from "../process/limits.ts"
import type { ProcessEnd } from "../process/spawn.ts"
import { type Mask, tailOf } from "../process/taskLog.ts"
import { excessIn, isJsonObject, parseBounded } from "../text/json.ts"
import { scanJson } from "../text/jsonScan.ts"
import { execLimits } from "./limits.ts"
import type { Kept } from "./output.ts"
import { plainReason } from "./reason.ts"

/** How the command ended. */
export interface RunEnd {
  readonly kind: WorkKind
  readonly program: string
  readonly prompt: string // which no reason repeats
  readonly beside_work: ReadonlyArray<string> // paths and commands without which the work can be done
  readonly end: ProcessEnd
  readonly duration_ms: number
}

/** How the command ended, with what it printed. */
export interface Run extends RunEnd {
  readonly output: Kept
  readonly tails: { readonly output: Kept; readonly errors: Kept }
  readonly need_output: boolean // a success without output is none
}

export type ExecAnswer = Readonly<Record<string, unknown>>

/** A failure that we report. `verdict_by` says that it is not the agent's own verdict. */
export const failed = (reason: string, more: ExecAnswer = {}): ExecAnswer => ({
  status: "failed",
  reason,
  verdict_by: "exec",
  ...more
})

const endOf = (text: string, mask: Mask): Effect.Effect<string> =>
  Effect.map(mask(text), (masked) => tailOf(masked.trimStart()))

/** How the command ended, for the answer. */
export const factsOf = ({ duration_ms, end }: Pick<Run, "duration_ms" | "end">) => ({
  exit_code: end._tag === "Exited" ? end.code : null,
  signal: end._tag === "Killed" ? end.signal : null,
  duration_ms
})

/** How the command ended, in words. */
export const howEnded = ({ end, program }: Pick<Run, "end" | "program">): string =>
  `the command ${program} ${end._tag === "Killed" ? `was ended by ${end.signal}` : `ended with exit code ${end.code}`}`

/** Whether the command itself says that all went well. */
export const isWell = ({ end }: Pick<Run, "end">): boolean => end._tag === "Exited" && end.code === 0

/** What the command printed to say why it failed. */
const complaintOf = (kept: Kept, prompt: string, mask: Mask): Effect.Effect<string> =>
  Effect.map(mask(kept.text()), (text) => plainReason(text, prompt))

const failure = Effect.fnUntraced(function*(run: Run, mask: Mask) {
  const { prompt, tails } = run
  const said = (yield* complaintOf(tails.errors, prompt, mask)) || (yield* complaintOf(tails.output, prompt, mask))
  return failed(`${howEnded(run)}${said === "" ? "" : `: ${said}`}`, factsOf(run))
})

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

/** The words with which a program says that it has not done its work. */
const failureWords: ReadonlySet<string> = new Set(
  ("aborted blocked canceled cancelled denied error errored fail failed failure incomplete interrupted refused " +
    "timed_out timeout").split(" ")
)

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

/** Claude Code says so when it has reached a limit; there is no `result` then. */
const endedEarly = ({ subtype, type }: JsonObject): boolean =>
  type === "result" && typeof subtype === "string" && subtype.startsWith("error")

/** A sign of failure in what a program printed. */
interface Sign {
  readonly by_agent: boolean // the agent says it about its work; otherwise the program says it about a run that failed
  readonly isIn: (object: JsonObject) => boolean
  readonly reason: (object: JsonObject) => string | undefined
}

/** How a program that ended with 0 says that it failed. The first sign that is there gives the reason. */
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
    // from Claude Code, when nobody was there to allow it
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

/** Why the object says that its program failed, and who says so; null if it does not. */
const failureIn = (object: JsonObject) => {
  const sign = signs.find(({ isIn }) => isIn(object))
  return sign === undefined
    ? null
    : { by_agent: sign.by_agent, reason: sign.reason(object) ?? "the command says that it failed, and not why" }
}

/** The JSON object that the command printed. Whether that is a success is our verdict, not its `status`. */
const fromJson = Effect.fnUntraced(function*({ duration_ms, output, program, tails }: Run, mask: Mask) {
  const refused = (what: string) => {
    const reason = `the command ${program} was to print a JSON object (--json), and printed ${what}`
    return failed(reason, { exit_code: 0, signal: null, duration_ms })
  }
  if (!output.isWhole()) return refused(`${output.total()} bytes, more than ${execLimits.json_bytes}`)
  const parsed = parseBounded(output.text().trim()) // trim also removes a byte order mark
  if (Result.isFailure(parsed) && parsed.failure._tag === "TooMuch") return refused(`one that ${parsed.failure.reason}`)
  if (Result.isSuccess(parsed) && isJsonObject(parsed.success)) {
    const found = failureIn(parsed.success)
    if (found === null) return { ...parsed.success, status: "success" }
    const reason = yield* mask(found.reason.slice(0, processLimits.output_read_bytes))
    return { ...parsed.success, ...found.by_agent ? { status: "failed", reason } : failed(reason) }
  }
  const said = yield* endOf(tails.output.text(), mask)
  return refused(said === "" ? "nothing" : `something else: ${said}`)
})

const fromText = (run: Run): ExecAnswer => {
  const { kind, need_output, output } = run
  const text = output.text()
  return need_output && kind === "task" && text.trim() === ""
    ? failed(`${howEnded(run)} and printed nothing: whether it has done its task nobody can tell`, factsOf(run))
    : {
      status: "success",
      output: text,
      ...(output.isWhole() ? {} : { output_cut: true, output_bytes: output.total() }),
      ...factsOf(run)
    }
}

/** Whether the agent says that no message needs a reply. */
const hasNothingToSay = ({ kind, output }: Run): boolean => kind === "messages" && output.text().trim() === ""

/** The answer that the end of the command means. Exit code 0 is a success, with what it printed on standard output. */
export const answerOf = (run: Run, json: boolean, mask: Mask): Effect.Effect<ExecAnswer> => {
  if (!isWell(run)) return failure(run, mask)
  return json && !hasNothingToSay(run) ? fromJson(run, mask) : Effect.succeed(fromText(run))
}

/** The answer as it is written. One that the sidecar would not take becomes a failure that says so. */
export const answerText = (answer: ExecAnswer): string => {
  const text = JSON.stringify(answer)
  const bytes = Buffer.byteLength(text)
  const excess = bytes > limits.answer_bytes
    ? `is ${bytes} bytes, more than ${limits.answer_bytes}`
    : excessIn(scanJson(text))
  return excess === null ? text : JSON.stringify(failed(`the answer ${excess}`))
}
