import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { isatty } from "node:tty"
import { SidecarConfig } from "../config/SidecarConfig.ts"
import type { LifecycleEvent } from "../domain/LifecycleEvent.ts"
import { countRepeats } from "../observe/logs/countRepeats.ts"
import { standardSink } from "../observe/logs/descriptorSink.ts"
import { fileSink } from "../observe/logs/fileSink.ts"
import { jsonLine, readableLine } from "../observe/logs/line.ts"
import { Logger } from "../services/Logger.ts"
import { homeOf } from "../storage/makeFolder.ts"
import { type LineSink, makeLineWriter } from "../text/LineWriter.ts"

/** Where the log goes beside its file, and where is said that it cannot. */
export interface Outputs {
  readonly output: LineSink
  readonly errors: LineSink
  readonly isTerminal: boolean
}

const silent = { stopped: () => {}, worksAgain: () => {} }

/**
 * Logs to `log_file` as JSON lines and to `output` too, there as lines for people where it is a terminal. Nothing waits for
 * either. That one of them cannot be written is said once on `errors`; the other and the work go on.
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
      const note = yield* makeLineWriter(errors, silent)
      const noted = (name: string) => ({
        stopped: (reason: string) => note(`${name} cannot be written, the work goes on without that log: ${reason}\n`),
        worksAgain: (lost: number) => note(`${name} can be written again; ${lost} lines of the log are missing there\n`)
      })
      const file = fileSink({ path: log_file, limit_bytes: log_file_bytes, files: log_files, home: homeOf(settings) })
      const toFile = yield* makeLineWriter(file, noted(log_file))
      const toOutput = yield* makeLineWriter(output, noted("standard output"))
      const write = (event: LifecycleEvent) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const record = { ...event, ts: new Date(now).toISOString(), agent_id }
          const json = jsonLine(record, secret)
          toFile(json)
          toOutput(isTerminal ? readableLine(record, secret) : json)
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
