import * as Effect from "effect/Effect"
import { loadSettings, type Settings } from "../config/SidecarConfig.ts"
import { exitCodes } from "../exitCodes.ts"
import { type ConnectedAgent, connectedAgents } from "../hub/agents.ts"
import { hubTiming } from "../hub/timing.ts"
import { quote } from "../text/terminal.ts"
import { failed } from "./CommandFailed.ts"
import type { Options } from "./commands.ts"
import { configOf } from "./place.ts"
import { print } from "./print.ts"
import { runUntilStopped } from "./runMain.ts"

/** The agents that are connected, as the hub says within that time. The error is a sentence without its end. */
export const agentsOf = (settings: Settings, within_ms: number): Effect.Effect<ReadonlyArray<ConnectedAgent>, string> =>
  connectedAgents({ ...settings, tls: settings, timing: { ...hubTiming, lookup_timeout_ms: within_ms } }).pipe(
    Effect.mapError(({ reason }) => `the hub at ${settings.hub_api_url} does not say who is connected: ${reason}`)
  )

const lineOf = ({ agent_id, capabilities, fsm_state, status }: ConnectedAgent): string => {
  const can = (capabilities ?? []).map((one) => typeof one === "string" ? one : JSON.stringify(one))
  return `${quote(agent_id)}: task ${quote(fsm_state ?? "unknown")}, says ${quote(status ?? "")}, can ${
    quote(can.join(", "))
  }`
}

const agents = Effect.fnUntraced(function*(options: Options) {
  const settings = yield* loadSettings(configOf(options))
  const found = yield* agentsOf(settings, hubTiming.lookup_timeout_ms).pipe(
    Effect.mapError((problem) => failed(problem, exitCodes.hubUnusable))
  )
  const others = found.filter(({ agent_id }) => agent_id !== settings.agent_id)
  yield* print(others.length === 0 ? ["No other agent is connected."] : others.map(lineOf))
  return exitCodes.stopped
})

/** `agentcom-sidecar agents` */
export const main = (options: Options): void => runUntilStopped(agents(options))
