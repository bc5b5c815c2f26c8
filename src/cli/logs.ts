import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { loadSettings } from "../config/SidecarConfig.ts"
import { exitCodes } from "../exitCodes.ts"
import { parseSince, readLog } from "../observe/logs/readLog.ts"
import { Output } from "../replay/print/Output.ts"
import { failed, misused } from "./CommandFailed.ts"
import type { Options } from "./commands.ts"
import { runUntilStopped } from "./runMain.ts"

const sinceOf = Effect.fnUntraced(function*(text: string | undefined) {
  if (text === undefined) return undefined
  const at = parseSince(text, yield* Clock.currentTimeMillis)
  return at ?? (yield* misused(`--since must be how long ago (10m, 2h), a time (14:30) or a date, not ${text}`))
})

const logs = Effect.fnUntraced(
  function*({ config = "./config.json", follow, since, task }: Options) {
    const wanted = { since: yield* sinceOf(since), task, follow: follow !== undefined }
    const { log_file } = yield* loadSettings(config)
    const output = new Output(process.stdout)
    const found = yield* readLog({ ...wanted, log_file }, {
      lines: (lines) => output.lines(lines),
      pause: output.flush
    })
    if (!found) process.stderr.write(`There is nothing in ${log_file} yet.\n`)
    return exitCodes.stopped
  },
  Effect.catchTags({
    NobodyReads: () => Effect.succeed(exitCodes.stopped),
    LogUnreadable: ({ message }) => Effect.fail(failed(message, exitCodes.unforeseen))
  })
)

export const main = (options: Options): void => runUntilStopped(logs(options))
