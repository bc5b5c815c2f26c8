import * as Struct from "effect/Struct"
import type { AgentRule, OwnerTold } from "./agent/rules.ts"
import type { Command } from "./Command.ts"
import type { LifecycleEvent } from "./LifecycleEvent.ts"
import type { Talk } from "./messages/Talk.ts"
import type { Readiness } from "./Readiness.ts"
import { type RuleOf, rulesOf } from "./RuleOf.ts"
import type { Connection, Outbound, SidecarState, TimerName } from "./SidecarState.ts"
import { inSlot } from "./slots.ts"
import type { Batch, Task } from "./Work.ts"

/** A part of a rule of the whole sidecar: pure, and composed with others. */
export type Rule = RuleOf<SidecarState, Command | OwnerTold>

export const { emit, noop, patch, sequence, withState } = rulesOf<SidecarState, Command | OwnerTold>()

export const log = (event: LifecycleEvent): Rule => emit({ _tag: "Log", event })

/** Starts the timer, or restarts it. */
export const startTimer = (timer: TimerName, after_ms: number): Rule => (state, now) => {
  const due = now + after_ms
  return [{ ...state, timers: { ...state.timers, [timer]: due } }, [{ _tag: "StartTimer", timer, after_ms, due }]]
}

export const cancelTimers = (...timers: ReadonlyArray<TimerName>): Rule => (state) => [
  { ...state, timers: Struct.omit(state.timers, timers) },
  timers.map((timer) => ({ _tag: "CancelTimer", timer }))
]

/** A rule about the task we hold; without one it does nothing. */
export const withTask = (rule: (task: Task) => Rule): Rule =>
  withState(({ stored: { task } }) => task === null ? noop : rule(task))

export const withBatch = (rule: (batch: Batch) => Rule): Rule =>
  withState(({ stored: { messages } }) => messages === null ? noop : rule(messages))

export const patchConnection = (fields: Partial<Connection>): Rule =>
  withState(({ connection }) => patch({ connection: { ...connection, ...fields } }))

export const patchReadiness = (fields: Partial<Readiness>): Rule =>
  withState(({ readiness }) => patch({ readiness: { ...readiness, ...fields } }))

export const patchOutbound = (fields: Partial<Outbound>): Rule =>
  withState(({ outbound }) => patch({ outbound: { ...outbound, ...fields } }))

export const patchTalk = (fields: Partial<Talk>): Rule =>
  withState(({ talk }) => patch({ talk: { ...talk, ...fields } }))

/** Changes the task we hold. */
export const patchTask = (fields: Partial<Task>): Rule =>
  withTask((task) => withState(({ stored }) => patch({ stored: { ...stored, task: { ...task, ...fields } } })))

/** A rule of the agent half, about the agent of the task. */
export const ofTaskAgent = (rule: AgentRule): Rule => inSlot("task", rule)
