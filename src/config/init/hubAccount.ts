import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { hubRequest } from "../../hub/hubHttp.ts"
import type { HubTls } from "../../hub/tls.ts"
import { limits } from "../../limits.ts"

/** The hub and the agent's name there. `api_url` is its HTTP address. */
export interface Account {
  readonly api_url: string
  readonly agent_id: string
  readonly tls: HubTls
}

/** The hub did not do what was asked of it; the message says why and what helps. */
export class AccountError extends Schema.TaggedError<AccountError>()("AccountError", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}

const Registered = Schema.fromJsonString(Schema.Struct({ token: Schema.String }))
const decodeRegistered = Schema.decodeUnknownEffect(Registered)

const unreachable = (api_url: string, reason: string): AccountError =>
  new AccountError({
    problem: `the hub at ${api_url} does not answer (${reason}); is the address right, and does it run?`
  })

const ask = (
  account: Account,
  path: string,
  more: { readonly token?: Redacted.Redacted<string>; readonly body?: object }
) =>
  hubRequest({ ...more, api_url: account.api_url, path, tls: account.tls, timeout_ms: limits.lookup_timeout_ms }).pipe(
    Effect.mapError(({ reason }) => unreachable(account.api_url, reason))
  )

/** Registers a name nobody has at the hub yet, for its token. */
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

/** Later than every message: of the mailbox nothing is wanted but whether the hub lets us read it. */
const after_all = Number.MAX_SAFE_INTEGER

export interface TokenCheck {
  readonly accepted: boolean
  /** The hub's clock in epoch milliseconds, if it told. */
  readonly hub_time: number | null
}

/** Whether the hub takes the token as this agent's. It is a read: to identify would end what a running sidecar works on. */
export const checkToken = Effect.fnUntraced(function*(account: Account, token: Redacted.Redacted<string>) {
  const path = `api/mailbox/${encodeURIComponent(account.agent_id)}?since=${after_all}`
  const { date, status } = yield* ask(account, path, { token })
  if (status === 200 || status === 401) return { accepted: status === 200, hub_time: date } satisfies TokenCheck
  return yield* new AccountError({
    problem: `${account.api_url} answered HTTP ${status} to a read of the mailbox: is it an AgentCom hub?`
  })
})
