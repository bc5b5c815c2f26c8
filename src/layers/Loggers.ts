import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { isatty } from "node:tty"
import { SidecarConfig } from "../config/SidecarConfig.ts"
import type { LifecycleEvent } from "../domain/LifecycleEvent.ts"
import { countRepeats } from "../observe/logs/countRepeats.ts"
import { fileSink, standardSink } from "../observe/logs/sinks.ts"
import { FolderLease } from "../services/FolderLease.ts"
import { Logger } from "../services/Logger.ts"
import { homeOf } from "../storage/folders.ts"
import { type LineSink, makeLineWriter } from "../text/LineWriter.ts"
import { quote, readable } from "../text/terminal.ts"

export const value_chars = 4_000 // of a value in the log

/** A text without the secret, cut to `value_chars`; any other value unchanged. */
const clean = (value: unknown, secret: string): unknown => {
  if (typeof value !== "string") return value
  const masked = value.replaceAll(secret, "<redacted>")
  return masked.length <= value_chars ? masked : `${masked.slice(0, value_chars)}…`
}

/** An event as the log holds it: as a line of JSON, and as a line for people. `ts` is ISO 8601 in UTC. */
const linesOf = ({ event, ...rest }: LifecycleEvent, agent_id: string, ts: string, secret: string) => {
  const fields = Object.entries({ ts, event, agent_id, ...rest }).map(([key, value]) =>
    [key, clean(value, secret)] as const
  )
  return {
    json: `${quote(Object.fromEntries(fields))}\n`,
    forPeople: () => `${readable(ts, event, fields.slice(3))}\n`
  }
}

/** Where the log goes beside its file, and where its own problems are reported. */
interface Outputs {
  readonly output: LineSink
  readonly errors: LineSink
  readonly isTerminal: boolean
}

/**
 * Logs JSON lines to `log_file` and to `output`; a terminal gets lines for people instead. Nothing waits for either. If one of
 * them cannot be written, `errors` says so once, and the other and the work go on.
 */
export const loggerJsonLinesTo = (
  { errors, isTerminal, output }: Outputs
): Layer.Layer<Logger, never, SidecarConfig> =>
  Layer.effect(
    Logger,
    Effect.gen(function*() {
      const settings = yield* SidecarConfig
      const { agent_id, log_file, log_file_bytes, log_files, token } = settings
      const secret = Redacted.value(token)
      const note = yield* makeLineWriter(errors, { stopped: () => {}, worksAgain: () => {} })
      const noted = (name: string) => ({
        stopped: (reason: string) => note(`${name} cannot be written, the work goes on without that log: ${reason}\n`),
        worksAgain: (lost: number) => note(`${name} can be written again; ${lost} lines of the log are missing there\n`)
      })
      const file = fileSink({ path: log_file, limit_bytes: log_file_bytes, files: log_files, home: homeOf(settings) })
      const toFile = yield* makeLineWriter(file, noted(log_file))
      const toOutput = yield* makeLineWriter(output, noted("standard output"))
      const write = (event: LifecycleEvent) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const { forPeople, json } = linesOf(event, agent_id, new Date(now).toISOString(), secret)
          toFile(json)
          toOutput(isTerminal ? forPeople() : json)
        })
      return { log: yield* countRepeats(write) }
    })
  )

export const LoggerJsonLines: Layer.Layer<Logger, never, SidecarConfig> = Layer.suspend(() =>
  loggerJsonLinesTo({
    output: standardSink(1, process.stdout),
    errors: standardSink(2, process.stderr),
    isTerminal: isatty(1)
  })
)

/** Stops logging once the folder is lost: the log in it may be another sidecar's by then. */
export const LoggerWhileHeld: Layer.Layer<Logger, never, Logger> = Layer.effect(
  Logger,
  Effect.gen(function*() {
    const { log } = yield* Logger
    const { isLost } = yield* FolderLease
    return { log: (event) => Effect.suspend(() => isLost() ? Effect.void : log(event)) }
  })
)

/** Appends every event to `events`. For tests. */
export const loggerMemory = (events: Array<LifecycleEvent>): Layer.Layer<Logger> =>
  Layer.succeed(Logger, { log: (event) => Effect.sync(() => void events.push(event)) })
