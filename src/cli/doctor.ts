import * as Effect from "effect/Effect"
import { type Finding, findingText } from "../doctor/Check.ts"
import { examine } from "../doctor/examine.ts"
import { exitCodes } from "../exitCodes.ts"
import { quote } from "../text/terminal.ts"
import type { Options } from "./commands.ts"
import { runMain } from "./runMain.ts"

/** A supervisor must not restart the sidecar after these, because a restart fixes nothing. */
const final_exit_codes = [exitCodes.folderInUse, exitCodes.configuration, exitCodes.stoppedUnderPm2]

export const main = ({ config = "./config.json", json }: Options): void =>
  runMain((stopRequested) => {
    const findings: Array<Finding> = []
    const tell = (finding: Finding) =>
      Effect.sync(() => void (json === undefined ? process.stdout.write(findingText(finding)) : findings.push(finding)))
    const examined = Effect.map(examine({ config, final_exit_codes }, tell), (well) => {
      if (json !== undefined) process.stdout.write(`${quote({ well, findings })}\n`)
      return well ? exitCodes.stopped : exitCodes.problemFound
    })
    return Effect.raceFirst(examined, Effect.as(stopRequested, exitCodes.problemFound))
  })
