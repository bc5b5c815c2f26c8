import * as Effect from "effect/Effect"
import type { Finding } from "../doctor/Check.ts"
import { examine } from "../doctor/examine.ts"
import { findingText } from "../doctor/findingText.ts"
import { exitCodes } from "../exitCodes.ts"
import { quote } from "../text/readable.ts"
import type { Options } from "./commands.ts"
import { runMain } from "./runMain.ts"

const say = (text: string) => Effect.sync(() => void process.stdout.write(text))

/** What mends nothing when a supervisor starts the sidecar again. */
const final_exit_codes = [exitCodes.folderInUse, exitCodes.configuration, exitCodes.stoppedUnderPm2]

export const main = ({ config = "./config.json", json }: Options): void =>
  runMain(Effect.fnUntraced(function*(stopRequested) {
    const findings: Array<Finding> = []
    const tell = (finding: Finding) =>
      json === undefined ? say(findingText(finding)) : Effect.sync(() => void findings.push(finding))
    const examined = Effect.gen(function*() {
      const well = yield* examine({ config, final_exit_codes }, tell)
      if (json !== undefined) yield* say(`${quote({ well, findings })}\n`)
      return well ? exitCodes.stopped : exitCodes.unwell
    })
    return yield* Effect.raceFirst(examined, Effect.as(stopRequested, exitCodes.unwell))
  }))
