import * as Effect from "effect/Effect"
import { demo } from "../dev/demo/demo.ts"
import { exitCodes } from "../exitCodes.ts"
import { runMain } from "./runMain.ts"

export const main = (): void =>
  runMain((stopRequested) =>
    Effect.raceFirst(
      Effect.map(demo, (asExpected) => asExpected ? exitCodes.stopped : exitCodes.unforeseen),
      Effect.as(stopRequested, exitCodes.unforeseen)
    )
  )
