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

/** How a wake ends: as what stands in for the agent does, or as the recording tells. */
const makeEnds = ({ calls, stage, standIn }: WakerParts) => {
  const standInEnd = (task_id: string) =>
    Effect.callback<WakeEnd>((resume) => Effect.sync(standIn.onEnd(task_id, (end) => resume(Effect.succeed(end)))))

  const recordedEnd = (task_id: string): Effect.Effect<WakeEnd> =>
    Effect.flatMap(
      calls.until([factKey("WakeExited", task_id)]),
      (fact) => fact._tag === "WakeExited" ? Effect.succeed(fact.end) : Effect.never
    )

  return {
    standInEnd,
    recordedEnd,
    adopted: (task_id: string) =>
      stage.scripted && !standIn.has(task_id)
        ? recordedEnd(task_id)
        : Effect.as(standInEnd(task_id), unseen)
  }
}

/** Stops what stands in for the agent; of an agent that the recording tells of, only notes it. */
const stopAgent = ({ agents, stage, standIn }: WakerParts, task_id: string): Effect.Effect<boolean> =>
  Effect.callback<boolean>((resume) => {
    const agent = agents.of(task_id)
    const was_alive = agent.process === "alive"
    const planned = stage.timeline.after(was_alive ? limits.stops_in_ms : 0, () => {
      standIn.stop(task_id)
      if (was_alive) agent.process = "gone"
      resume(Effect.succeed(was_alive))
    })
    return Effect.sync(() => cancel(planned))
  })

/** Wakes nobody: the recording tells what became of a wake, or the default agent does. */
export const makeWaker = (parts: WakerParts): Waker["Service"] => {
  const { agents, calls, stage, standIn, survivors } = parts
  const { adopted, recordedEnd, standInEnd } = makeEnds(parts)
  const begins = (action: Action, task_id: string) => (verdict: LocalVerdict) =>
    stage.tell({ kind: "action", action, task_id, verdict })
  const evidence = (task_id: string) => Effect.sync(() => evidenceOf(agents.of(task_id)))

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
        isEndedBy: (brief) => brief.startsWith(`StopAgent ${task_id} `),
        otherwise: Effect.sync(() => {
          standIn.wake(task_id, wake_id)
          return { end: standInEnd(task_id) }
        })
      }),
    adopt: ({ task_id }) =>
      Effect.suspend(() => {
        begins("adopt", task_id)("same")
        return adopted(task_id)
      }),
    inspect: ({ task_id }) =>
      calls.ask({
        keys: [factKey("AgentInspected", task_id)],
        within_ms: limits.outcome_ms,
        begins: begins("inspect", task_id),
        outcome: () => evidence(task_id),
        blocks: true,
        otherwise: evidence(task_id)
      }),
    stop: (task_id) =>
      calls.ask({
        keys: [factKey("AgentStopped", task_id)],
        within_ms: limits.stop_outcome_ms,
        begins: begins("stop", task_id),
        outcome: (fact) => Effect.succeed(fact._tag === "AgentStopped" && fact.was_alive),
        isEndedBy: (brief) => brief.startsWith(`StopAgent ${task_id} `),
        otherwise: stopAgent(parts, task_id)
      }),
    survivors: Effect.sync(survivors),
    forget: (task_id) => Effect.sync(() => agents.forget(task_id))
  }
}
