import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { hubRequest } from "../../hub/hubHttp.ts"
import type { HubTls } from "../../hub/network.ts"
import { hubTiming } from "../../hub/timing.ts"

/** An agent at a hub. `api_url` is the hub's HTTP address. */
interface Account {
  readonly api_url: string
  readonly agent_id: string
  readonly tls: HubTls
}

/** The hub refused or did not answer. The message says why and what to do. */
export class AccountError extends Schema.TaggedError<AccountError>()("AccountError", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}

const decodeRegistered = Schema.decodeUnknownEffect(
  Schema.fromJsonString(Schema.Struct({ token: Schema.String }))
)

const ask = (
  { api_url, tls }: Account,
  path: string,
  more: { readonly token?: Redacted.Redacted<string>; readonly body?: object }
) =>
  hubRequest({ ...more, api_url, path, tls, timeout_ms: hubTiming.lookup_timeout_ms }).pipe(
    Effect.mapError(({ reason }) =>
      new AccountError({
        problem: `the hub at ${api_url} does not answer (${reason}); is the address right, and does it run?`
      })
    )
  )

/** Registers a new name at the hub and returns its token. */
export const register = Effect.fnUntraced(function*(account: Account) {
  const { agent_id, api_url } = account
  const { body, status } = yield* ask(account, "api/onboard/register", { body: { agent_id } })
  if (status === 409) {
    return yield* new AccountError({
      problem:
        `the hub knows an agent ${agent_id} already: choose another --agent-id, or give the token that agent got ` +
        "when it was registered (--token-file); the hub tells it only once"
    })
  }
  const registered = yield* decodeRegistered(body).pipe(
    Effect.mapError(() => new AccountError({ problem: `${api_url} answered HTTP ${status}: is it an AgentCom hub?` }))
  )
  return Redacted.make(registered.token)
})

/** Later than every message, so that the answer holds none. */
const after_all = Number.MAX_SAFE_INTEGER

/**
 * Whether the hub accepts the token as this agent's. Reads the mailbox instead of identifying, which would end the task of a
 * running sidecar.
 */
export const checkToken = Effect.fnUntraced(function*(account: Account, token: Redacted.Redacted<string>) {
  const path = `api/mailbox/${encodeURIComponent(account.agent_id)}?since=${after_all}`
  const { status } = yield* ask(account, path, { token })
  if (status === 200 || status === 401) return status === 200
  return yield* new AccountError({
    problem: `${account.api_url} answered HTTP ${status} to a read of the mailbox: is it an AgentCom hub?`
  })
})
