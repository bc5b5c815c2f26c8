import type * as Redacted from "effect/Redacted"
import type { HubTls } from "../network.ts"
import type { Timing } from "../timing.ts"

/** Where the hub is asked, and as whom. */
export interface HubAccess {
  readonly agent_id: string
  readonly hub_api_url: string
  readonly token: Redacted.Redacted<string>
  readonly tls: HubTls
  readonly timing: Timing
}

/** A request to the hub's HTTP API in our name. */
export const requestFor = ({ hub_api_url: api_url, timing, tls, token }: HubAccess, path: string) => ({
  api_url,
  path,
  token,
  tls,
  timeout_ms: timing.lookup_timeout_ms
})
