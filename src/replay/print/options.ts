import * as Result from "effect/Result"
import type { Expectation } from "../frameEvents.ts"
import { asRecorded, parseAgent } from "../frames/SimulatedAgent.ts"
import type { ReplayOptions } from "../Replay.ts"
import { type ReplayEvent, workOf } from "../ReplayEvent.ts"

const second_ms = 1_000
const day_ms = 86_400_000

/** A time that the user gave. It becomes epoch milliseconds from the time at which the recording begins. */
export type Moment = (first_t: number) => number

const timeOfDay = /^(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d{1,3})?))?$/

/** A date and time without a zone. Date.parse would take it as local, but the timeline is in UTC. */
const withoutZone = /^[\d-]+[T ][\d:.]+$/i

/**
 * Parses an ISO time, HH:MM:SS in UTC, or seconds from the beginning; null if it is none of these. The day of an HH:MM:SS is
 * the one that brings it nearest to the beginning.
 */
export const parseMoment = (text: string): Moment | null => {
  if (/^\d{1,12}(?:\.\d{1,3})?$/.test(text)) return (first_t) => first_t + Number(text) * second_ms
  const [, hours, minutes, seconds = "0"] = timeOfDay.exec(text) ?? []
  if (hours !== undefined) {
    const into_ms = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * second_ms
    if (into_ms >= day_ms || Number(minutes) > 59 || Number(seconds) >= 60) return null
    return (first_t) => {
      const t = first_t - first_t % day_ms + into_ms
      if (t < first_t - day_ms / 2) return t + day_ms
      return t > first_t + day_ms / 2 ? t - day_ms : t
    }
  }
  const t = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(withoutZone.test(text) ? `${text}Z` : text) : Number.NaN
  return Number.isNaN(t) ? null : () => t
}

/** Which events of a replay are shown. */
export interface Cut {
  readonly from: Moment | null
  readonly to: Moment | null
  readonly task: string | null
}

const always: ReadonlySet<ReplayEvent["kind"]> = new Set(["file", "end"])

/** Makes a function that says whether an event is shown. The first event that it gets is the beginning of the recording. */
export const makeCut = ({ from, task, to }: Cut): (event: ReplayEvent) => boolean => {
  let first_t: number | null = null
  return (event) => {
    first_t ??= event.t
    if (always.has(event.kind)) return true
    if (from !== null && event.t < from(first_t)) return false
    if (to !== null && event.t > to(first_t)) return false
    return task === null || workOf(event) === task
  }
}

export interface PrintOptions extends Cut {
  readonly json: boolean
  /** Whether to print at the pace of the recording. */
  readonly realtime: boolean
}

export interface DryRunOptions {
  readonly replay: Omit<ReplayOptions, "observe">
  readonly print: PrintOptions
}

/** The options of the command line. An option without a value is the empty string. */
export type TypedOptions = {
  readonly [Name in "agent" | "expect" | "from" | "to" | "task" | "json" | "realtime"]?: string
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

/** Parses the options of a dry run. The error says what is wrong with the first invalid one. */
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
