import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { exitCodes } from "../exitCodes.ts"
import { type DryRunOptions, parseDryRun } from "../replay/print/options.ts"
import { Output } from "../replay/print/Output.ts"
import { printed } from "../replay/print/print.ts"
import { readFiles } from "../replay/read/source.ts"
import { replayed } from "../replay/Replay.ts"
import { failed, misused } from "./CommandFailed.ts"
import type { Options } from "./commands.ts"
import { codeOfStop, runUntilStopped } from "./runMain.ts"

// A dry run loads no code that can write a file, except for --html and --minimize.

const replay = Effect.fnUntraced(function*(
  { print, replay: options }: DryRunOptions,
  files: ReadonlyArray<string>,
  html: string | undefined
) {
  const events = replayed(readFiles(files), options)
  if (html === undefined) return events
  const { drawnTo } = yield* Effect.promise(() => import("../replay/html/drawnTo.ts"))
  return events.pipe(drawnTo(html, print))
})

const minimize = Effect.fnUntraced(function*(
  { replay: options }: DryRunOptions,
  files: ReadonlyArray<string>,
  file: string
) {
  const { minimizedTo } = yield* Effect.promise(() => import("../replay/minimizedTo.ts"))
  return yield* minimizedTo(file === "" ? "-" : file, readFiles(files), {
    options,
    output: new Output(process.stdout),
    say: (sentence) => process.stderr.write(`agentcom-sidecar: ${sentence}\n`)
  })
})

/** Prints what the options ask for. Succeeds with true if the replay differs from the recordings. */
const differs = Effect.fnUntraced(function*(
  read: DryRunOptions,
  files: ReadonlyArray<string>,
  { html, minimize: file }: Options
) {
  if (file !== undefined) return yield* minimize(read, files, file)
  const summary = yield* printed(yield* replay(read, files, html), read.print, new Output(process.stdout))
  return summary?.differs === true
})

const notWithMinimize = ["html", "json", "realtime", "from", "to", "task"] as const

const parsed = (options: Options, files: ReadonlyArray<string>): Result.Result<DryRunOptions, string> => {
  const isMinimal = options.minimize !== undefined
  const stray = isMinimal ? notWithMinimize.find((name) => options[name] !== undefined) : undefined
  if (stray !== undefined) return Result.fail(`--${stray} does not go with --minimize, which prints a step`)
  if (options.html === "-") return Result.fail("--html takes a file: on standard output is the timeline")
  if (files.filter((file) => file === "-").length > 1) return Result.fail("- is standard input, which can be read once")
  return Result.flatMap(
    parseDryRun(options),
    (read) =>
      isMinimal && read.replay.expectation === null
        ? Result.fail("--expect none does not go with --minimize, as nothing differs then")
        : Result.succeed(read)
  )
}

/** A dry run that is stopped exits with a code of its own, because it does not know whether the recordings differ. */
export const main = (options: Options, files: ReadonlyArray<string>): void =>
  runUntilStopped(
    Effect.gen(function*() {
      const read = yield* Effect.mapError(Effect.fromResult(parsed(options, files)), misused)
      return (yield* differs(read, files, options)) ? exitCodes.different : exitCodes.stopped
    }).pipe(Effect.catchTags({
      NobodyReads: () => Effect.succeed(exitCodes.different), // only --minimize fails so, and only with a difference to print
      NotARecording: ({ message }) => Effect.fail(failed(message, exitCodes.notARecording))
    })),
    codeOfStop
  )
