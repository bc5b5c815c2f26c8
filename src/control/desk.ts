import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { timingSafeEqual } from "node:crypto"
import type { Message } from "../domain/Message.ts"
import type { Policy } from "../domain/SidecarState.ts"
import { limits } from "../limits.ts"
import type { Sight } from "../services/Witness.ts"
import { overviewAtStart, see, statusOf } from "./Overview.ts"
import { keyOf, type Request, type Status } from "./protocol.ts"

/** What a sidecar says of itself beside what it is at. */
export type About = Pick<Status, "version" | "agent_id" | "hub_url" | "pid">

const isKey = (given: string, wanted: string): boolean =>
  given.length === wanted.length && timingSafeEqual(Buffer.from(given), Buffer.from(wanted))

/** Where operators and the sidecar meet: it sees what the sidecar is at, and passes on what is asked of it. */
export const makeDesk = Effect.fnUntraced(function*(policy: Policy, token: Redacted.Redacted<string>, about: About) {
  const started_at = yield* Clock.currentTimeMillis
  const overview = yield* Ref.make(overviewAtStart(policy, started_at))
  const requests = yield* Queue.sliding<Message>(limits.operator_requests)
  const key = keyOf(token)

  /** What the sidecar says of itself; `survivors` tells which tasks have a living agent. */
  const status = Effect.fnUntraced(function*(survivors: Effect.Effect<ReadonlyArray<string>>) {
    const now = yield* Clock.currentTimeMillis
    return { ...about, started_at, now, ...statusOf(yield* Ref.get(overview), yield* survivors) } satisfies Status
  })

  return {
    witness: (sight: Sight) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => Ref.update(overview, (before) => see(before, sight, now))),
    requests: Stream.fromQueue(requests),
    status,
    /** Answers a request. */
    respond: (survivors: Effect.Effect<ReadonlyArray<string>>) => (request: Request): Effect.Effect<string> => {
      if (!isKey(request.key, key)) {
        return Effect.succeed(JSON.stringify({ refused: "its config.json does not hold the token that it runs with" }))
      }
      const asked = request.ask === "drain"
        ? Queue.offer(requests, { _tag: "DrainRequested", exit_code: 0 })
        : Effect.void
      return Effect.andThen(asked, Effect.map(status(survivors), (said) => JSON.stringify(said)))
    }
  }
})
