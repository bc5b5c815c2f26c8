import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { roomId } from "../../domain/messages/InboxMessage.ts"
import type { Outgoing, SendOutcome, Target } from "../../domain/messages/Outgoing.ts"
import { roomText } from "../../domain/messages/refusal.ts"
import { HubUnread } from "../../services/Messenger.ts"
import { hubRequest } from "../hubHttp.ts"
import { type HubAccess, requestFor } from "./access.ts"
import { mailboxOf, pathOfChannel } from "./lists.ts"

const reason_chars = 200 // of what the hub says about a refusal

interface Posted {
  readonly path: string
  readonly body: object
}

/** The hub takes the sender from the token. Our key stands in the payload, so the room cannot have it. */
const postedOf = ({ key, payload, reply_to, target, type }: Outgoing): Posted => {
  const message = {
    type,
    payload: { ...payload, agentcom_key: key },
    ...(reply_to === null ? {} : { reply_to })
  }
  switch (target._tag) {
    case "Agent":
      return { path: "api/message", body: { to: target.agent_id, ...message } }
    case "All":
      return { path: "api/message", body: message }
    case "Channel":
      return { path: `${pathOfChannel(target.channel)}/publish`, body: message }
    case "Room":
      return { path: "api/room/message", body: { text: roomText(payload), type } }
  }
}

const decoder = <S extends Schema.ConstraintDecoder<unknown>>(schema: S) => {
  const decode = Schema.decodeUnknownOption(Schema.fromJsonString(schema))
  return (body: string): S["Type"] | null => Option.getOrNull(decode(body))
}
const decodeTaken = decoder(Schema.Struct({ id: Schema.String }))
const decodeSaid = decoder(Schema.Struct({ seq: Schema.Int, timestamp: Schema.Finite }))
const decodeRefusal = decoder(Schema.Struct({
  error: Schema.String,
  errors: Schema.optionalKey(Schema.Array(Schema.Struct({ field: Schema.String, detail: Schema.String })))
}))

/** The id that the hub gave a message, if its answer tells. */
const idIn = (body: string, target: Target): string | null => {
  if (target._tag !== "Room") return decodeTaken(body)?.id ?? null
  const said = decodeSaid(body)
  return said && roomId(said.seq, said.timestamp)
}

/** Why the hub refuses a message; null if it is not the hub that does. */
const refusalIn = (status: number, body: string): string | null => {
  if (status === 413) return "the message is too large for the hub"
  const refusal = decodeRefusal(body)
  if (refusal === null) return null
  const [first] = refusal.errors ?? []
  const said = first === undefined ? refusal.error : `${first.field}: ${first.detail}`
  return `the hub refuses it: ${said.slice(0, reason_chars).toWellFormed()}`
}

const outcomeOf = (status: number, body: string, target: Target): SendOutcome => {
  if (status >= 200 && status < 300) return { _tag: "Sent", hub_id: idIn(body, target) }
  if (status === 429) return { _tag: "Limited" }
  if (status === 401) return { _tag: "Failed", reason: "the hub does not take the token (HTTP 401)" }
  const refusal = status >= 400 && status < 500 ? refusalIn(status, body) : null
  return refusal === null ? { _tag: "Failed", reason: `HTTP ${status}` } : { _tag: "Refused", reason: refusal }
}

/** Gives the hub one message, and tells how that ended. */
export const sendMessage = (access: HubAccess, outgoing: Outgoing): Effect.Effect<SendOutcome> => {
  const { body, path } = postedOf(outgoing)
  return hubRequest({ ...requestFor(access, path), body }).pipe(
    Effect.map((answer) => outcomeOf(answer.status, answer.body, outgoing.target)),
    Effect.catchTag(
      "HttpError",
      ({ reached, reason }) => Effect.succeed<SendOutcome>({ _tag: reached ? "Unknown" : "Failed", reason })
    )
  )
}

/** Removes the entries of our mailbox up to a number. */
export const acknowledgeMailbox = Effect.fnUntraced(
  function*(access: HubAccess, seq: number) {
    const { status } = yield* hubRequest({ ...requestFor(access, `${mailboxOf(access.agent_id)}/ack`), body: { seq } })
    if (status !== 200) return yield* new HubUnread({ reason: `HTTP ${status}` })
  },
  Effect.catchTag("HttpError", ({ reason }) => Effect.fail(new HubUnread({ reason })))
)
