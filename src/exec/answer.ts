import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { limits } from "../limits.ts"
import { excessIn, parseBounded } from "../text/bounded.ts"
import { isJsonObject } from "../text/exact.ts"
import { scanJson } from "../text/scan.ts"
import type { CommandEnd } from "./child.ts"
import { execLimits } from "./limits.ts"
import type { Kept } from "./output.ts"
import { failureIn } from "./verdict.ts"

/** How the command ended, with what it printed. */
export interface Run {
  readonly program: string
  readonly end: CommandEnd
  readonly output: Kept
  readonly tails: { readonly output: Kept; readonly errors: Kept }
  readonly duration_ms: number
}

export type ExecAnswer = Readonly<Record<string, unknown>>

/** A failure of which the agent has not spoken: we tell of the end of its command. */
export const failed = (reason: string, more: ExecAnswer = {}): ExecAnswer => ({
  status: "failed",
  reason,
  verdict_by: "exec",
  ...more
})

/** Hides what is secret in a text that is quoted. */
export type Mask = (text: string) => Effect.Effect<string>

const endOf = (text: string, mask: Mask): Effect.Effect<string> =>
  Effect.map(mask(text), (masked) => masked.trim().slice(-limits.output_tail_chars).replace(/^[\uDC00-\uDFFF]/, ""))

const failure = Effect.fnUntraced(function*({ duration_ms, end, program, tails }: Run, mask: Mask) {
  const how = end._tag === "Killed" ? `was ended by ${end.signal}` : `ended with exit code ${end.code}`
  const said = (yield* endOf(tails.errors.text(), mask)) || (yield* endOf(tails.output.text(), mask))
  return failed(`the command ${program} ${how}${said === "" ? "" : `: ${said}`}`, {
    exit_code: end._tag === "Exited" ? end.code : null,
    signal: end._tag === "Killed" ? end.signal : null,
    duration_ms
  })
})

/** The JSON object that the command printed as the answer. Whether that is a success is our verdict, never its own word. */
const fromJson = Effect.fnUntraced(function*({ duration_ms, output, program, tails }: Run, mask: Mask) {
  const refused = (what: string) => {
    const reason = `the command ${program} was to print a JSON object (--json), and printed ${what}`
    return failed(reason, { exit_code: 0, signal: null, duration_ms })
  }
  if (!output.isWhole()) return refused(`${output.total()} bytes, more than ${execLimits.json_bytes}`)
  const parsed = parseBounded(output.text().trim()) // which also takes off a byte order mark
  if (Result.isFailure(parsed) && parsed.failure._tag === "TooMuch") return refused(`what ${parsed.failure.reason}`)
  if (Result.isSuccess(parsed) && isJsonObject(parsed.success)) {
    const found = failureIn(parsed.success)
    if (found === null) return { ...parsed.success, status: "success" }
    const reason = yield* mask(found.reason.slice(0, limits.output_read_bytes))
    return { ...parsed.success, ...found.by_agent ? { status: "failed", reason } : failed(reason) }
  }
  const said = yield* endOf(tails.output.text(), mask)
  return refused(said === "" ? "nothing" : `what is none: ${said}`)
})

const fromText = ({ duration_ms, output }: Run): ExecAnswer => ({
  status: "success",
  output: output.text(),
  ...(output.isWhole() ? {} : { output_cut: true, output_bytes: output.total() }),
  exit_code: 0,
  signal: null,
  duration_ms
})

/** What the end of the command means: exit code 0 is a success, with what it printed on standard output. */
export const answerOf = (run: Run, json: boolean, mask: Mask): Effect.Effect<ExecAnswer> => {
  if (run.end._tag !== "Exited" || run.end.code !== 0) return failure(run, mask)
  return json ? fromJson(run, mask) : Effect.succeed(fromText(run))
}

/** The answer as it is written: one that the sidecar could not take becomes a failure that says so. */
export const answerText = (answer: ExecAnswer): string => {
  const text = JSON.stringify(answer)
  const bytes = Buffer.byteLength(text)
  const excess = bytes > limits.answer_bytes
    ? `is ${bytes} bytes, more than ${limits.answer_bytes}`
    : excessIn(scanJson(text))
  return excess === null ? text : JSON.stringify(failed(`the answer ${excess}`))
}
