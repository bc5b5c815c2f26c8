import * as Effect from "effect/Effect"
import { limits } from "../limits.ts"
import { ask } from "../observe/control/ask.ts"
import type { Answer } from "../observe/control/protocol.ts"
import { type Check, failed, ok, type Outcome, skipped } from "./Check.ts"

const silence_ms = limits.healthy_heartbeats * limits.ping_interval_ms

const inSeconds = (ms: number): string => `${Math.max(0, Math.round(ms / 1_000))} s`

/** Of a running sidecar. */
export const heartbeatOf = (
  { connection: { last_heard_at, phase, since }, now, pid, token_changed }: Answer
): Outcome => {
  const who = `the sidecar with pid ${pid}`
  if (token_changed) {
    return failed(
      `${who} runs with another token than config.json holds`,
      "restart it, so that it runs with this configuration"
    )
  }
  if (phase !== "identified") {
    return failed(
      `${who} is not connected to the hub as its agent, for ${inSeconds(now - since)} now (${phase})`,
      "see the lines above, and agentcom-sidecar logs --since 10m"
    )
  }
  const silent_ms = now - (last_heard_at ?? since)
  return silent_ms <= silence_ms
    ? ok(`${who} heard from the hub ${inSeconds(silent_ms)} ago, at most ${inSeconds(silence_ms)} is well`)
    : failed(
      `${who} has heard nothing from the hub for ${inSeconds(silent_ms)}, at most ${inSeconds(silence_ms)} is well`,
      "the line is dead or the hub hangs: look at the hub and at what is between; the sidecar connects anew by itself"
    )
}

export const heartbeatCheck: Check = {
  name: "heartbeat",
  run: ({ folder, settings: { state_file, token } }) =>
    Effect.match(ask({ path: folder, state_file, token }, "status"), {
      onSuccess: (status) => status === null ? skipped(`no sidecar runs in ${folder}`) : heartbeatOf(status),
      onFailure: ({ message }) =>
        failed(message, "wait, if it is only starting; else look at what it waits for, or restart it")
    })
}
