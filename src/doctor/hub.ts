import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { checkToken } from "../config/init/hubAccount.ts"
import type { Settings } from "../config/SidecarConfig.ts"
import { hubRequest } from "../hub/hubHttp.ts"
import { shownAddress } from "../hub/network.ts"
import { blamed, sentenceOf, tunnelTo } from "../hub/proxy.ts"
import { openWebSocket } from "../hub/socket.ts"
import { hubTiming } from "../hub/timing.ts"
import { ask } from "../observe/control/client.ts"
import type { Answer } from "../observe/control/protocol.ts"
import { healthy_heartbeats } from "../observe/metrics/health.ts"
import { type Check, doctor_answer_ms, failed, ok, type Outcome, skipped } from "./Check.ts"
import { tlsCheck } from "./network.ts"

const doctor_clock_skew_ms = 60_000

const inSeconds = (ms: number): string => `${Math.max(0, Math.round(ms / 1_000))} s`

const upgradeRemedy = (reason: string): string => {
  // In TLS 1.3 the hub checks our certificate only after the handshake has succeeded on our side.
  if (/alert.*certificate|alert unknown ca|certificate required/i.test(reason)) {
    return "the hub wants a certificate of this machine that it trusts: name it as tls_cert, and its key as tls_key"
  }
  const status = /\b([345]\d\d)\b/.exec(reason)?.[1]
  if (status === undefined) return "check that an AgentCom hub, or a proxy in front of it, answers there"
  if (status.startsWith("3")) return "it redirects: put the address that it redirects to into hub_url"
  return status.startsWith("4")
    ? "look at the path of hub_url, which is /ws at a hub, and at what a proxy in front of it lets through"
    : "the hub or the proxy in front of it is not ready: look at its own log"
}

/** Opens the WebSocket and closes it without a frame, as identifying would end the task of a running sidecar. */
const openAndClose = (settings: Settings): Effect.Effect<void, string> =>
  Effect.gen(function*() {
    const { hub_url } = settings
    const tunnel = yield* Effect.mapError(tunnelTo(hub_url, doctor_answer_ms), sentenceOf)
    yield* openWebSocket({
      url: hub_url,
      tls: settings,
      tunnel,
      open_timeout_ms: doctor_answer_ms,
      close_timeout_ms: hubTiming.close_timeout_ms
    }).pipe(Effect.mapError(({ reason }) => blamed(tunnel, reason)))
  }).pipe(
    Effect.scoped,
    Effect.timeoutOrElse({
      duration: doctor_answer_ms,
      orElse: () => Effect.fail(`no answer within ${doctor_answer_ms} ms`)
    })
  )

export const webSocketCheck: Check = {
  name: "websocket",
  needs: tlsCheck.name,
  run: ({ settings }) => {
    const address = shownAddress(settings.hub_url)
    return Effect.match(openAndClose(settings), {
      onSuccess: () => ok(`${address} opens`),
      onFailure: (reason) => failed(`${address} does not open: ${reason}`, upgradeRemedy(reason))
    })
  }
}

export const tokenCheck: Check = {
  name: "token",
  needs: tlsCheck.name,
  run: ({ settings }) => {
    const { agent_id, hub_api_url: api_url, token } = settings
    return Effect.match(checkToken({ api_url, agent_id, tls: settings }, token), {
      onSuccess: (accepted) =>
        accepted
          ? ok(`the hub takes the token as that of ${agent_id}, and shows its mailbox`)
          : failed(
            `the hub does not take the token as that of ${agent_id}`,
            "put agent_id and the token that belongs to it into the configuration; if the token is lost, register " +
              "another name (agentcom-sidecar init)"
          ),
      onFailure: ({ message }) => failed(message, "check hub_api_url, which by default is the host of hub_url")
    })
  }
}

/** The hub sends its time in whole seconds, at some moment between our question and its answer. */
export const clockCheck: Check = {
  name: "clock",
  needs: tlsCheck.name,
  run: Effect.fnUntraced(function*({ settings }) {
    const { hub_api_url: api_url } = settings
    const asked_at = yield* Clock.currentTimeMillis
    const { date } = yield* hubRequest({ api_url, path: "health", tls: settings, timeout_ms: doctor_answer_ms })
    if (date === null) return skipped("the hub does not tell its time")
    const now = ((yield* Clock.currentTimeMillis) + asked_at) / 2
    const ahead_ms = now - (date + 500)
    const difference = `${inSeconds(Math.abs(ahead_ms))} ${ahead_ms < 0 ? "behind" : "ahead of"} the hub's`
    const found = `this clock is ${difference}, at most ${inSeconds(doctor_clock_skew_ms)} is ok`
    return Math.abs(ahead_ms) <= doctor_clock_skew_ms
      ? ok(found)
      : failed(found, "let this machine or the hub set its clock by the network (NTP)")
  }, Effect.catchTag("HttpError", ({ reason }) => Effect.succeed(skipped(`the hub does not tell its time: ${reason}`))))
}

const silence_ms = healthy_heartbeats * hubTiming.ping_interval_ms

/** Whether a running sidecar is connected and has heard from the hub recently. */
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
  const limit = `at most ${inSeconds(silence_ms)} is ok`
  return silent_ms <= silence_ms
    ? ok(`${who} heard from the hub ${inSeconds(silent_ms)} ago, ${limit}`)
    : failed(
      `${who} has heard nothing from the hub for ${inSeconds(silent_ms)}, ${limit}`,
      "the connection is dead or the hub hangs: look at the hub and the network; the sidecar reconnects by itself"
    )
}

export const heartbeatCheck: Check = {
  name: "heartbeat",
  run: ({ folder, settings: { state_file, token } }) =>
    Effect.match(ask({ path: folder, state_file, token }, "status"), {
      onSuccess: (status) => status === null ? skipped(`no sidecar runs in ${folder}`) : heartbeatOf(status),
      onFailure: ({ message }) =>
        failed(message, "wait if it is only starting; otherwise look at what it waits for, or restart it")
    })
}
