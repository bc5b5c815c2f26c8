import * as Struct from "effect/Struct"
import type { AgentCommand } from "../Command.ts"
import type { SilencePolicy, Success } from "../Evidence.ts"
import type { LifecycleEvent } from "../LifecycleEvent.ts"
import type { Obstacle } from "../Readiness.ts"
import { type RuleOf, rulesOf } from "../RuleOf.ts"
import type { Timers } from "../SidecarState.ts"
import type { Work, WorkKind } from "../Work.ts"
import type { Agent, AgentPhase, AgentTimer, Slot } from "./AgentSlot.ts"

/** How long an agent has for what; in milliseconds. */
export interface AgentPolicy extends SilencePolicy {
  readonly confirmation_timeout_ms: number
  readonly timeout_ms: number // for the whole work
}

/** All that the agent half knows: one slot, its work, and what its owner allows. */
export interface AgentState extends Slot {
  readonly kind: WorkKind
  readonly work: Work | null
  readonly timers: Timers
  readonly policy: AgentPolicy
  readonly may_wake: boolean
  readonly may_judge: boolean // whether the end of an earlier agent counts, or the hub has to be asked first
}

/** What the agent half tells the owner of the work. */
export type AgentEvent =
  | { readonly _tag: "WakeJudged"; readonly status: "success" | "failed" | "timeout"; readonly reason: string | null }
  | { readonly _tag: "SignOfLife" }
  | { readonly _tag: "Succeeded"; readonly answer: Success }
  | { readonly _tag: "Failed" } // `failure` of the work says why
  | { readonly _tag: "Obstructed"; readonly obstacle: Obstacle } // this machine cannot wake the agent

/** An event for the owner of that kind of work. */
export interface OwnerTold {
  readonly _tag: "OwnerTold"
  readonly kind: WorkKind
  readonly event: AgentEvent
}

export type AgentRule = RuleOf<AgentState, AgentCommand | OwnerTold>

export const { emit, noop, patch, sequence, withState } = rulesOf<AgentState, AgentCommand | OwnerTold>()

export const tellOwner = (event: AgentEvent): AgentRule =>
  withState(({ kind }) => emit({ _tag: "OwnerTold", kind, event }))

export const log = (event: LifecycleEvent): AgentRule => emit({ _tag: "Log", event })

/** A rule about the work of the slot; without any it does nothing. */
export const withWork = (rule: (work: Work) => AgentRule): AgentRule =>
  withState(({ work }) => work === null ? noop : rule(work))

/** A rule about the work of that id. */
export const withWorkOf = (work_id: string, rule: (work: Work) => AgentRule): AgentRule =>
  withWork((work) => work.id === work_id ? rule(work) : noop)

type Progressing = Partial<Pick<Work, "status" | "wake_attempts" | "woken_at" | "wake" | "failure">>

export const patchWork = (fields: Progressing): AgentRule => withWork((work) => patch({ work: { ...work, ...fields } }))

export const patchAgent = (fields: Partial<Agent>): AgentRule =>
  withState(({ agent }) => patch({ agent: { ...agent, ...fields } }))

/** A rule about an agent in that phase; in another it does nothing. */
export const withPhase = <Tag extends AgentPhase["_tag"]>(
  tag: Tag,
  rule: (phase: Extract<AgentPhase, { readonly _tag: Tag }>) => AgentRule
): AgentRule => {
  const isIn = (phase: AgentPhase): phase is Extract<AgentPhase, { readonly _tag: Tag }> => phase._tag === tag
  return withState(({ agent: { phase } }) => isIn(phase) ? rule(phase) : noop)
}

export const setPhase = (phase: AgentPhase): AgentRule => patchAgent({ phase })

/** Starts the timer, or restarts it. */
export const startTimer = (name: AgentTimer, after_ms: number): AgentRule => (state, now) => {
  const timer = `${state.kind}_${name}` as const
  const due = now + after_ms
  return [{ ...state, timers: { ...state.timers, [timer]: due } }, [{ _tag: "StartTimer", timer, after_ms, due }]]
}

export const cancelTimers = (...names: ReadonlyArray<AgentTimer>): AgentRule => (state) => {
  const timers = names.map((name) => `${state.kind}_${name}` as const)
  return [
    { ...state, timers: Struct.omit(state.timers, timers) },
    timers.map((timer) => ({ _tag: "CancelTimer", timer }))
  ]
}
