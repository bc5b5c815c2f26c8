import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import type { Message } from "../../domain/Message.ts"
import type { Policy } from "../../domain/SidecarState.ts"
import { limits } from "../../limits.ts"
import type { ActorEvent } from "../../services/Observer.ts"
import { overviewAtStart, see, statusOf } from "./Overview.ts"
import { type Command, encodeAnswer, type Status } from "./protocol.ts"
import type { Question } from "./server.ts"

/** What a sidecar says of itself beside what it is at. */
export type About = Pick<Status, "version" | "agent_id" | "hub_url" | "pid" | "host" | "pid_namespace">

/** Where operators and the sidecar meet: it sees what the sidecar is at, and passes on what is asked of it. */
export const makeDesk = Effect.fnUntraced(function*(policy: Policy, about: About) {
  const started_at = yield* Clock.currentTimeMillis
  const overview = yield* Ref.make(overviewAtStart(policy, started_at))
  const requests = yield* Queue.sliding<Message>(limits.operator_requests)
  /** What each command asks of the rules. */
  const meaning: Readonly<Record<Command, Message | null>> = {
    status: null,
    drain: { _tag: "DrainRequested", exit_code: 0 }
  }

  /** What the sidecar says of itself; `survivors` tells which tasks have a living agent. */
  const status = Effect.fnUntraced(function*(survivors: Effect.Effect<ReadonlyArray<string>, unknown>) {
    const now = yield* Clock.currentTimeMillis
    const alive = yield* Effect.orElseSucceed(survivors, () => null)
    return { ...about, started_at, now, ...statusOf(yield* Ref.get(overview), alive) } satisfies Status
  })

  return {
    observe: (event: ActorEvent) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => Ref.update(overview, (before) => see(before, event, now))),
    requests: Stream.fromQueue(requests),
    status,
    /** Answers a question. It is answered before what it asks is begun, which may be the end of the sidecar. */
    respond:
      (survivors: Effect.Effect<ReadonlyArray<string>, unknown>) =>
      ({ command, token_changed }: Question): Effect.Effect<string> =>
        Effect.gen(function*() {
          const answer = encodeAnswer({ ...yield* status(survivors), token_changed })
          const message = meaning[command]
          if (message !== null) yield* Queue.offer(requests, message)
          return answer
        })
  }
})
