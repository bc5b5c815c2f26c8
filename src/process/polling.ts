import * as Schedule from "effect/Schedule"
import { limits } from "../limits.ts"
import { wakerLimits } from "./limits.ts"

/** For waits whose end is mostly near: close looks first, then one every `process_poll_ms`. */
export const polling = Schedule.min([
  Schedule.exponential(wakerLimits.first_poll_ms),
  Schedule.spaced(limits.process_poll_ms)
])
