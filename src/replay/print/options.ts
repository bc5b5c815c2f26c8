import * as Result from "effect/Result"
import type { Expectation } from "../frameOut.ts"
import { asRecorded, parseAgent } from "../frames/agentOptions.ts"
import type { ReplayOptions } from "../Replay.ts"
import { type Moment, parseMoment } from "./cut.ts"
import type { PrintOptions } from "./print.ts"

export interface DryRunOptions {
  readonly replay: Omit<ReplayOptions, "observe">
  readonly print: PrintOptions
}

/** The options as they were typed; one without a value is the empty text. */
export interface TypedOptions {
  readonly agent?: string
  readonly expect?: string
  readonly from?: string
  readonly to?: string
  readonly task?: string
  readonly json?: string
  readonly realtime?: string
}

const expectationOf = (text: string): Result.Result<Expectation, string> => {
  if (text === "strict") return Result.succeed(new Set())
  if (text === "none") return Result.succeed(null)
  const [, fields] = /^ignore=([\w-]+(?:,[\w-]+)*)$/.exec(text) ?? []
  return fields === undefined
    ? Result.fail(`--expect takes strict, none or ignore=FIELD,FIELD, not ${text}`)
    : Result.succeed(new Set(fields.split(",")))
}

const momentOf = (option: "from" | "to", text: string | undefined): Result.Result<Moment | null, string> => {
  if (text === undefined) return Result.succeed(null)
  const moment = parseMoment(text)
  return moment === null
    ? Result.fail(`--${option} takes an ISO time, HH:MM:SS or seconds from the beginning, not ${text}`)
    : Result.succeed(moment)
}

/** Reads the options of a dry run; fails with what is wrong with the first that is. */
export const parseDryRun = (
  { agent, expect = "strict", from, json, realtime, task, to }: TypedOptions
): Result.Result<DryRunOptions, string> =>
  Result.gen(function*() {
    const replay = {
      agent: agent === undefined
        ? asRecorded
        : yield* Result.mapError(parseAgent(agent), (problem) => `--agent: ${problem}`),
      expectation: yield* expectationOf(expect)
    }
    const print = {
      from: yield* momentOf("from", from),
      to: yield* momentOf("to", to),
      task: task ?? null,
      json: json !== undefined,
      realtime: realtime !== undefined
    }
    return { replay, print }
  })
