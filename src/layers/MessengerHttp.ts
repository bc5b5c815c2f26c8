import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { SidecarConfig } from "../config/SidecarConfig.ts"
import type { Outgoing, SendOutcome } from "../domain/messages/Outgoing.ts"
import { hubHas } from "../hub/messages/lookUp.ts"
import { readHub } from "../hub/messages/readings.ts"
import { acknowledgeMailbox, sendMessage } from "../hub/messages/sending.ts"
import { HubTiming } from "../hub/timing.ts"
import { makeHideInMessage } from "../secrets/outgoing.ts"
import { knownSecrets, withoutSecrets } from "../secrets/secret.ts"
import { Logger } from "../services/Logger.ts"
import { Messenger } from "../services/Messenger.ts"

/** Talk with the hub by its HTTP API. */
export const MessengerHttp: Layer.Layer<Messenger, never, SidecarConfig | Logger> = Layer.effect(
  Messenger,
  Effect.gen(function*() {
    const settings = yield* SidecarConfig
    const { log } = yield* Logger
    const timing = yield* HubTiming
    const { agent_id, hub_api_url, token } = settings
    const access = { agent_id, hub_api_url, token, tls: settings, timing }
    const secrets = knownSecrets(settings, process.env)
    const hideIn = makeHideInMessage(secrets)

    return {
      read: (reading) => readHub(access, reading),
      acknowledge: (up_to) => acknowledgeMailbox(access, up_to),
      send: Effect.fnUntraced(function*(outgoing: Outgoing): Effect.fn.Return<SendOutcome> {
        const hidden = yield* Effect.orElseSucceed(Effect.try(() => hideIn(outgoing)), () => null)
        if (hidden === null) return { _tag: "Refused", reason: "the payload is nested too deeply" }
        const { names, safe } = hidden
        if (names.length > 0) yield* log({ event: "secret_hidden", task_id: null, field: "payload", names })
        const outcome = yield* sendMessage(access, safe)
        return "reason" in outcome ? { ...outcome, reason: withoutSecrets(outcome.reason, secrets) } : outcome
      }),
      lookUp: (outgoing, since) => hubHas(access, hideIn(outgoing).safe, since)
    }
  })
)
