import * as Effect from "effect/Effect"
import { reaperRemedy, unreaped } from "../process/reaper.ts"
import { type Check, failed, ok, type Outcome } from "./Check.ts"

export const reaperOutcome = (reason: string | null): Outcome =>
  reason === null ? ok("ended processes are removed by the first process") : failed(reason, reaperRemedy)

/** Whether somebody collects the processes that an agent leaves behind. */
export const reaperCheck: Check = { name: "reaper", run: () => Effect.sync(() => reaperOutcome(unreaped())) }
