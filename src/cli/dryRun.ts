import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { runSidecar } from "../actor/SidecarActor.ts"
import { exitCodes } from "../exitCodes.ts"
import { type DryRunOptions, parseDryRun } from "../replay/print/options.ts"
import { Output } from "../replay/print/Output.ts"
import { printed } from "../replay/print/print.ts"
import { readFiles } from "../replay/read/source.ts"
import { replayed } from "../replay/replayed.ts"
import { CommandFailed } from "./CommandFailed.ts"
import type { Options } from "./commands.ts"
import { runMain } from "./runMain.ts"

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
  const told = replayed(readFiles(files), runSidecar, replay)
  if (html === undefined) return told
  const { drawnTo } = yield* Effect.promise(() => import("../replay/html/drawnTo.ts"))
  return told.pipe(drawnTo(html, print))
})

const dryRun = (options: DryRunOptions, files: ReadonlyArray<string>, html: string | undefined) =>
  Effect.flatMap(
    events(options, files, html),
    (told) => printed(told, options.print, new Output(process.stdout))
  ).pipe(
    Effect.map((summary) => summary?.differs === true ? exitCodes.different : exitCodes.stopped),
    Effect.catchTags({
      NobodyReads: () => Effect.succeed(exitCodes.stopped),
      NotARecording: ({ message }) =>
        Effect.fail(new CommandFailed({ message: `agentcom-sidecar: ${message}`, exitCode: exitCodes.notARecording }))
    })
  )

export const main = (options: Options, files: ReadonlyArray<string>): void =>
  runMain((stopRequested) =>
    Result.match(parseDryRun(options), {
      onFailure: (problem) => Effect.fail(misused(problem)),
      onSuccess: (parsed) =>
        Effect.raceFirst(dryRun(parsed, files, options.html), Effect.as(stopRequested, exitCodes.stopped))
    })
  )
