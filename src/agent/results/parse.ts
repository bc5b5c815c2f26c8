import * as Result from "effect/Result"
import type { Answer, Progress } from "../../domain/Evidence.ts"
import type { JsonObject } from "../../domain/Work.ts"
import { isJsonObject, parseBounded } from "../../text/json.ts"
import type { Content, ContentProblem, FileFound } from "./files.ts"

export const half_written_ms = 10_000

const unfinished = (problem: string): ContentProblem => ({ problem, for_good: false })

const utf8 = new TextDecoder("utf-8", { fatal: true })

const decode = (bytes: Uint8Array): string | ContentProblem => {
  try {
    return utf8.decode(bytes)
  } catch {
    return unfinished("is not UTF-8 text")
  }
}

/** Parses JSON. Text with too many values is unusable for good, unless its writer is still at work. */
const parse = (content: Exclude<Content, "later">): { readonly value: unknown } | ContentProblem => {
  if (!(content instanceof Uint8Array)) return content
  const text = decode(content)
  if (typeof text !== "string") return text
  if (text === "") return unfinished("is empty")
  return Result.match(parseBounded(text), {
    onFailure: (problem): ContentProblem => ({
      problem: problem.reason,
      for_good: problem._tag === "TooMuch" && problem.isClosed
    }),
    onSuccess: (value) => ({ value })
  })
}

const textOf = (value: unknown): string => typeof value === "string" ? value : JSON.stringify(value)

const isSaid = (value: unknown): boolean => value !== undefined && value !== null && value !== ""

const integerOrNull = (value: unknown): number | null => Number.isSafeInteger(value) ? Number(value) : null

const answerOf = (value: JsonObject): Answer => {
  const { error, reason, status, tokens_used, verdict_by } = value
  if (status === "success") return { _tag: "Success", result: value, tokens_used: integerOrNull(tokens_used) }
  const unsaid = isSaid(status) ? `status: ${textOf(status)}` : "the answer says neither status nor reason"
  const said = [reason, error].find(isSaid)
  const failure = { _tag: "Failure", reason: said === undefined ? unsaid : textOf(said) } as const
  return verdict_by === "exec" ? { ...failure, of_command: true } : failure
}

/** The answer in the file `name` at `now` (epoch ms). A file that is no answer is half-written until it is `half_written_ms` old. */
export const parseAnswer = (
  name: string,
  { content, modified_at }: FileFound,
  now: number
): Answer | "half-written" => {
  if (content === "later") return "half-written"
  const parsed = parse(content)
  if ("value" in parsed && isJsonObject(parsed.value)) return answerOf(parsed.value)
  const { problem, for_good } = "value" in parsed ? unfinished("is not a JSON object") : parsed
  return for_good || now - modified_at >= half_written_ms
    ? { _tag: "Unusable", reason: `${name} ${problem}` }
    : "half-written"
}

/** What a `.progress` file says; null if that cannot be understood. */
export const parseProgress = ({ content }: FileFound): Progress | null => {
  if (content === "later") return null
  const parsed = parse(content)
  if (!("value" in parsed)) return null
  const progress = integerOrNull(parsed.value)
  if (progress !== null) return { progress, execution_event: null }
  return isJsonObject(parsed.value)
    ? { progress: integerOrNull(parsed.value.progress), execution_event: parsed.value }
    : null
}
