import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { Writable } from "node:stream"
import { Logger } from "../services/Logger.ts"
import { SidecarConfig } from "../SidecarConfig.ts"
import { fileSink } from "./logger/fileSink.ts"
import { jsonLine, readableLine } from "./logger/line.ts"
import { noted } from "./logger/noted.ts"
import { streamSink } from "./logger/streamSink.ts"

type Output = Writable & { readonly isTTY?: boolean }

/**
 * Logs to `log_file` as JSON lines and to `output` too, there as lines for people where it is a terminal. That one of
 * them cannot be written is said once on `errors`; the other and the work go on.
 */
export const loggerJsonLinesTo = (output: Output, errors: Writable): Layer.Layer<Logger, never, SidecarConfig> =>
  Layer.effect(
    Logger,
    Effect.gen(function*() {
      const { agent_id, log_file, log_file_bytes, log_files, token } = yield* SidecarConfig
      const secret = Redacted.value(token)
      const note = noted("standard error", streamSink(errors), () => {})
      const toFile = noted(log_file, fileSink(log_file, log_file_bytes, log_files), note)
      const toOutput = noted("standard output", streamSink(output), note)
      return {
        log: (event) =>
          Effect.map(Clock.currentTimeMillis, (now) => {
            const record = { ...event, ts: new Date(now).toISOString(), agent_id }
            const json = jsonLine(record, secret)
            toFile(json)
            toOutput(output.isTTY === true ? readableLine(record, secret) : json)
          })
      }
    })
  )

export const LoggerJsonLines: Layer.Layer<Logger, never, SidecarConfig> = Layer.suspend(() =>
  loggerJsonLinesTo(process.stdout, process.stderr)
)
