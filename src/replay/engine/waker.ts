import * as Effect from "effect/Effect"
import type { WakeEnd } from "../../domain/Task.ts"
import { WakeImpossible, type Waker } from "../../services/Waker.ts"
import { limits } from "../limits.ts"
import type { LocalFact } from "../LocalFact.ts"
import type { Action, LocalVerdict } from "../ReplayEvent.ts"
import { cancel } from "../virtual/Timeline.ts"
import { evidenceOf, unseen } from "./agentRecord.ts"
import type { Agents } from "./Agents.ts"
import type { Calls } from "./Calls.ts"
import type { Stage } from "./Stage.ts"
import type { StandIn } from "./StandIn.ts"
import { factKey } from "./Window.ts"

type Woken = { readonly end: Effect.Effect<WakeEnd> }

export interface WakerParts {
  readonly stage: Stage
  readonly calls: Calls
  readonly agents: Agents
  readonly standIn: StandIn
  readonly survivors: () => ReadonlyArray<string>
}

/** Wakes nobody: the recording tells what became of a wake, or the default agent does. */
export const makeWaker = (
  { agents, calls, stage, standIn, survivors }: WakerParts
): Waker["Service"] => {
  const begins = (action: Action, task_id: string) => (verdict: LocalVerdict) =>
    stage.tell({ kind: "action", action, task_id, verdict })

  const standInEnd = (task_id: string) =>
    Effect.callback<WakeEnd>((resume) => Effect.sync(standIn.onEnd(task_id, (end) => resume(Effect.succeed(end)))))

  const recordedEnd = (task_id: string): Effect.Effect<WakeEnd> =>
    Effect.flatMap(
      calls.until([factKey("WakeExited", task_id)]),
      (fact) => fact._tag === "WakeExited" ? Effect.succeed(fact.end) : Effect.never
    )

  const ended = (task_id: string) =>
    stage.scripted && !standIn.has(task_id) ? recordedEnd(task_id) : standInEnd(task_id)

  const stopStandIn = (task_id: string) =>
    Effect.callback<boolean>((resume) => {
      const planned = stage.timeline.after(limits.stops_in_ms, () => {
        standIn.stop(task_id)
        resume(Effect.succeed(true))
      })
      return Effect.sync(() => cancel(planned))
    })

  const woken = (task_id: string) => (fact: LocalFact): Effect.Effect<Woken, WakeImpossible> =>
    fact._tag === "WakeImpossible"
      ? new WakeImpossible({ remedy: fact.reason })
      : Effect.succeed({ end: recordedEnd(task_id) })

  return {
    wake: ({ task_id, wake_attempts }, wake_id) =>
      calls.ask<Woken, WakeImpossible>({
        keys: [factKey("WakeSpawned", task_id), factKey("WakeImpossible", task_id)],
        within_ms: limits.outcome_ms,
        begins: (verdict) => stage.tell({ kind: "wake", task_id, wake_id, attempt: wake_attempts, verdict }),
        outcome: woken(task_id),
        otherwise: Effect.sync(() => {
          standIn.wake(task_id, wake_id)
          return { end: standInEnd(task_id) }
        })
      }),
    adopt: ({ task_id }) =>
      Effect.suspend(() => {
        begins("adopt", task_id)("same")
        return Effect.map(ended(task_id), (end) => stage.scripted ? end : unseen)
      }),
    inspect: ({ task_id }) =>
      calls.ask({
        keys: [factKey("AgentInspected", task_id)],
        within_ms: limits.outcome_ms,
        begins: begins("inspect", task_id),
        outcome: () => Effect.sync(() => evidenceOf(agents.of(task_id))),
        otherwise: Effect.sync(() => evidenceOf(agents.of(task_id)))
      }),
    stop: (task_id) =>
      calls.ask({
        keys: [factKey("AgentStopped", task_id)],
        within_ms: limits.stop_outcome_ms,
        begins: begins("stop", task_id),
        outcome: (fact) => Effect.succeed(fact._tag === "AgentStopped" && fact.was_alive),
        otherwise: Effect.suspend(() => {
          if (standIn.has(task_id)) return stopStandIn(task_id)
          const agent = agents.of(task_id)
          const was_alive = agent.process === "alive"
          if (was_alive) agent.process = "gone"
          return Effect.succeed(was_alive)
        })
      }),
    survivors: Effect.sync(survivors),
    forget: (task_id) => Effect.sync(() => agents.forget(task_id))
  }
}
