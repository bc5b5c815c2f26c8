import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { runSidecar } from "../actor/SidecarActor.ts"
import { type DryRunOptions, parseDryRun } from "../replay/print/options.ts"
import { Output } from "../replay/print/Output.ts"
import { printed } from "../replay/print/print.ts"
import { readFiles } from "../replay/read/source.ts"
import { replayed } from "../replay/replayed.ts"
import { CommandFailed } from "./CommandFailed.ts"
import type { Options } from "./commands.ts"
import { exitCodes } from "./exitCodes.ts"
import { runMain } from "./runMain.ts"

const misused = (problem: string): CommandFailed =>
  new CommandFailed({
    message: `agentcom-sidecar: ${problem} (see agentcom-sidecar --help)`,
    exitCode: exitCodes.usage
  })

const dryRun = ({ print, replay }: DryRunOptions, files: ReadonlyArray<string>) =>
  printed(replayed(readFiles(files), runSidecar, replay), print, new Output(process.stdout)).pipe(
    Effect.map((summary) => summary?.differs === true ? exitCodes.different : exitCodes.stopped),
    Effect.catchTag("NobodyReads", () => Effect.succeed(exitCodes.stopped)),
    Effect.catchTag(
      "NotARecording",
      ({ message }) =>
        Effect.fail(new CommandFailed({ message: `agentcom-sidecar: ${message}`, exitCode: exitCodes.notARecording }))
    )
  )

export const main = (options: Options, files: ReadonlyArray<string>): void =>
  runMain((stopRequested) =>
    Result.match(parseDryRun(options), {
      onFailure: (problem) => Effect.fail(misused(problem)),
      onSuccess: (parsed) => Effect.raceFirst(dryRun(parsed, files), Effect.as(stopRequested, exitCodes.stopped))
    })
  )
