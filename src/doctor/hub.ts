import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { checkToken } from "../config/init/hubAccount.ts"
import { shownAddress } from "../hub/address.ts"
import { hubRequest } from "../hub/hubHttp.ts"
import { blamed, sentenceOf, tunnelTo } from "../hub/proxy.ts"
import { OpenError } from "../hub/socket.ts"
import { openWebSocket } from "../hub/webSocket.ts"
import { limits } from "../limits.ts"
import { type Check, failed, ok, skipped, type Subject } from "./Check.ts"
import { tlsCheck } from "./line.ts"

const upgradeRemedy = (reason: string): string => {
  // In TLS 1.3 the hub looks at our certificate only when we think that all is well.
  if (/alert.*certificate|alert unknown ca|certificate required/i.test(reason)) {
    return "the hub wants a certificate of this machine that it trusts: name it as tls_cert, and its key as tls_key"
  }
  const status = /\b([345]\d\d)\b/.exec(reason)?.[1]
  if (status === undefined) return "look whether an AgentCom hub, or a proxy in front of it, is what answers there"
  if (status.startsWith("3")) return "it points elsewhere: put the address where it leads into hub_url"
  return status.startsWith("4")
    ? "look at the path of hub_url, which is /ws at a hub, and at what a proxy in front of it lets through"
    : "the hub or the proxy in front of it is not ready: look at its own log"
}

/** Opens the WebSocket and closes it, without a frame: to identify would end what a running sidecar works on. */
export const webSocketCheck: Check = {
  name: "websocket",
  needs: tlsCheck.name,
  run: ({ settings }) => {
    const { hub_url } = settings
    return Effect.mapError(
      tunnelTo(hub_url, limits.doctor_answer_ms),
      (error) => new OpenError({ reason: sentenceOf(error) })
    ).pipe(
      Effect.flatMap((tunnel) =>
        Effect.mapError(
          openWebSocket({
            url: hub_url,
            tls: settings,
            tunnel,
            open_timeout_ms: limits.doctor_answer_ms,
            close_timeout_ms: limits.close_timeout_ms
          }),
          ({ reason }) => new OpenError({ reason: blamed(tunnel, reason) })
        )
      ),
      Effect.scoped,
      Effect.timeoutOrElse({
        duration: limits.doctor_answer_ms,
        orElse: () => Effect.fail(new OpenError({ reason: `no answer within ${limits.doctor_answer_ms} ms` }))
      }),
      Effect.match({
        onSuccess: () => ok(`${shownAddress(hub_url)} opens`),
        onFailure: ({ reason }) => failed(`${shownAddress(hub_url)} does not open: ${reason}`, upgradeRemedy(reason))
      })
    )
  }
}

const accountOf = ({ settings }: Subject) => ({
  api_url: settings.hub_api_url,
  agent_id: settings.agent_id,
  tls: settings
})

export const tokenCheck: Check = {
  name: "token",
  needs: tlsCheck.name,
  run: (subject) =>
    Effect.match(checkToken(accountOf(subject), subject.settings.token), {
      onSuccess: ({ accepted }) =>
        accepted
          ? ok(`the hub takes the token as that of ${subject.settings.agent_id}`)
          : failed(
            `the hub does not take the token as that of ${subject.settings.agent_id}`,
            "put agent_id and the token that belongs to it into the configuration; where that is lost, register " +
              "another name (agentcom-sidecar init)"
          ),
      onFailure: ({ message }) => failed(message, "look at hub_api_url, which by default is the host of hub_url")
    })
}

const inSeconds = (ms: number): string => `${(ms / 1_000).toFixed(0)} s`

/** The hub tells its time in whole seconds, at some moment between our question and its answer. */
export const clockCheck: Check = {
  name: "clock",
  needs: tlsCheck.name,
  run: Effect.fnUntraced(function*({ settings }) {
    const { hub_api_url: api_url } = settings
    const asked_at = yield* Clock.currentTimeMillis
    const { date } = yield* hubRequest({ api_url, path: "health", tls: settings, timeout_ms: limits.doctor_answer_ms })
    if (date === null) return skipped("the hub does not tell its time")
    const now = ((yield* Clock.currentTimeMillis) + asked_at) / 2
    const ahead_ms = now - (date + 500)
    const found = `this clock is ${inSeconds(Math.abs(ahead_ms))} ${ahead_ms < 0 ? "behind" : "ahead of"} the hub's`
    const limit = `at most ${inSeconds(limits.doctor_clock_skew_ms)}`
    return Math.abs(ahead_ms) <= limits.doctor_clock_skew_ms
      ? ok(`${found}, ${limit} is well`)
      : failed(`${found}, ${limit} is well`, "let this machine set its clock by the network (NTP), or the hub's")
  }, Effect.catchTag("HttpError", ({ reason }) => Effect.succeed(skipped(`the hub does not tell its time: ${reason}`))))
}
