import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { HttpError, hubRequest } from "./hubHttp.ts"
import { type HubAccess, requestFor } from "./messages/access.ts"

/** An agent that is connected to the hub, as it says of itself. */
const ConnectedAgent = Schema.Struct({
  agent_id: Schema.String,
  status: Schema.optionalKey(Schema.NullOr(Schema.String)),
  capabilities: Schema.optionalKey(Schema.NullOr(Schema.Array(Schema.Unknown))),
  fsm_state: Schema.optionalKey(Schema.NullOr(Schema.String)) // what the hub takes it to be at: idle, working …
})
export type ConnectedAgent = typeof ConnectedAgent.Type

const decode = Schema.decodeUnknownEffect(
  Schema.fromJsonString(Schema.Struct({ agents: Schema.Array(ConnectedAgent) }))
)

/** The agents that are connected to the hub. */
export const connectedAgents = Effect.fnUntraced(function*(
  access: HubAccess
): Effect.fn.Return<ReadonlyArray<ConnectedAgent>, HttpError> {
  const { body, status } = yield* hubRequest(requestFor(access, "api/agents"))
  const odd = () =>
    new HttpError({ reason: `HTTP ${status} with a body that is no list of agents`, code: "", reached: true })
  const { agents } = yield* Effect.mapError(decode(body), odd)
  return agents
})
