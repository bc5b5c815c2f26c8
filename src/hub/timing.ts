import * as Context from "effect/Context"
import { limits } from "../limits.ts"

type Waits =
  | "reconnect_first_ms"
  | "reconnect_cap_ms"
  | "open_timeout_ms"
  | "identify_timeout_ms"
  | "ping_interval_ms"
  | "pong_timeout_ms"
  | "close_timeout_ms"
  | "lookup_timeout_ms"

/** The waits of the connection, in milliseconds. */
export type Timing = { readonly [Wait in Waits]: number }

/** The waits of the table of limits, unless a test brings its own. */
export const HubTiming: Context.Reference<Timing> = Context.Reference<Timing>("agentcom-sidecar/HubTiming", {
  defaultValue: () => limits
})
