import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { exitCodes } from "../exitCodes.ts"
import { type DryRunOptions, parseDryRun } from "../replay/print/options.ts"
import { Output } from "../replay/print/Output.ts"
import { printed } from "../replay/print/print.ts"
import { readFiles } from "../replay/read/source.ts"
import { replayed } from "../replay/replayed.ts"
import { CommandFailed } from "./CommandFailed.ts"
import type { Options } from "./commands.ts"
import { runMain } from "./runMain.ts"
import { codeOfStop } from "./stopRequest.ts"

const misused = (problem: string): CommandFailed =>
  new CommandFailed({
    message: `agentcom-sidecar: ${problem} (see agentcom-sidecar --help)`,
    exitCode: exitCodes.usage
  })

/** The replay, drawn as well where that is asked for; nothing that can write a file is loaded otherwise. */
const events = Effect.fnUntraced(function*(
  { print, replay }: DryRunOptions,
  files: ReadonlyArray<string>,
  html: string | undefined
) {
  const told = replayed(readFiles(files), replay)
  if (html === undefined) return told
  const { drawnTo } = yield* Effect.promise(() => import("../replay/html/drawnTo.ts"))
  return told.pipe(drawnTo(html, print))
})

/** The first step that differs; what finds and writes it is loaded only where that is asked for. */
const minimize = Effect.fnUntraced(function*(
  { replay }: DryRunOptions,
  files: ReadonlyArray<string>,
  file: string
) {
  const { minimizedTo } = yield* Effect.promise(() => import("../replay/minimizedTo.ts"))
  return yield* minimizedTo(file === "" ? "-" : file, readFiles(files), {
    options: replay,
    output: new Output(process.stdout),
    say: (sentence) => process.stderr.write(`agentcom-sidecar: ${sentence}\n`)
  })
})

/** Whether the recordings differ, after what was asked for of them is done. */
const differs = Effect.fnUntraced(function*(
  options: DryRunOptions,
  files: ReadonlyArray<string>,
  { html, minimize: shorter }: Options
) {
  if (shorter !== undefined) return yield* minimize(options, files, shorter)
  const summary = yield* printed(yield* events(options, files, html), options.print, new Output(process.stdout))
  return summary?.differs === true
})

const dryRun = (options: DryRunOptions, files: ReadonlyArray<string>, typed: Options) =>
  differs(options, files, typed).pipe(
    Effect.map((is) => is ? exitCodes.different : exitCodes.stopped),
    Effect.catchTags({
      NobodyReads: () => Effect.succeed(exitCodes.different), // of what --minimize prints: a difference
      NotARecording: ({ message }) =>
        Effect.fail(new CommandFailed({ message: `agentcom-sidecar: ${message}`, exitCode: exitCodes.notARecording }))
    })
  )

const stray = ["html", "json", "realtime", "from", "to", "task"] as const

const parsed = (options: Options, files: ReadonlyArray<string>): Result.Result<DryRunOptions, string> => {
  const name = options.minimize === undefined ? undefined : stray.find((one) => options[one] !== undefined)
  if (name !== undefined) return Result.fail(`--${name} does not go with --minimize, which prints a step`)
  if (options.html === "-") return Result.fail("--html takes a file: on standard output is the timeline")
  if (files.filter((file) => file === "-").length > 1) return Result.fail("- is standard input, which can be read once")
  return Result.flatMap(
    parseDryRun(options),
    (read) =>
      options.minimize !== undefined && read.replay.expectation === null
        ? Result.fail("--expect none does not go with --minimize, as nothing differs then")
        : Result.succeed(read)
  )
}

/** Who asks whether a recording differs must not take a replay that was stopped for one that does not. */
export const main = (options: Options, files: ReadonlyArray<string>): void =>
  runMain((stopRequested) =>
    Result.match(parsed(options, files), {
      onFailure: (problem) => Effect.fail(misused(problem)),
      onSuccess: (read) => Effect.raceFirst(dryRun(read, files, options), Effect.map(stopRequested, codeOfStop))
    }), codeOfStop)
