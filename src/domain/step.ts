import * as Struct from "effect/Struct"
import type { Command } from "./Command.ts"
import type { LifecycleEvent } from "./LifecycleEvent.ts"
import type { Readiness } from "./Readiness.ts"
import type { Activity, Agent, Connection, SidecarState, TimerName } from "./SidecarState.ts"
import { heldTask } from "./SidecarState.ts"
import type { Task } from "./Task.ts"

/** The state after a message, and what is to be done. */
export type Step = readonly [SidecarState, ReadonlyArray<Command>]

/** A part of a rule: pure, and composed with others by `all`. `now` is in epoch milliseconds. */
export type Rule = (state: SidecarState, now: number) => Step

export const stay: Rule = (state) => [state, []]

export const emit = (...commands: ReadonlyArray<Command>): Rule => (state) => [state, commands]

export const log = (event: LifecycleEvent): Rule => emit({ _tag: "Log", event })

/** Starts the timer anew where it runs. */
export const startTimer = (timer: TimerName, after_ms: number): Rule => (state, now) => {
  const due = now + after_ms
  return [{ ...state, timers: { ...state.timers, [timer]: due } }, [{ _tag: "StartTimer", timer, after_ms, due }]]
}

export const cancelTimers = (...timers: ReadonlyArray<TimerName>): Rule => (state) => [
  { ...state, timers: Struct.omit(state.timers, timers) },
  timers.map((timer) => ({ _tag: "CancelTimer", timer }))
]

/** One after the other: each sees the state the last one left; the commands add up in order. */
export const all = (...rules: ReadonlyArray<Rule>): Rule => (state, now) =>
  rules.reduce<Step>(([current, commands], rule) => {
    const [next, more] = rule(current, now)
    return [next, [...commands, ...more]]
  }, [state, []])

/** A rule about the task we hold; without one it does nothing. */
export const withTask = (rule: (task: Task) => Rule): Rule => (state, now) => {
  const task = heldTask(state)
  return task === null ? [state, []] : rule(task)(state, now)
}

/** A rule that first looks at the state. */
export const given = (rule: (state: SidecarState, now: number) => Rule): Rule => (state, now) =>
  rule(state, now)(state, now)

export const connectionIs = (patch: Partial<Connection>): Rule => (state) => [
  { ...state, connection: { ...state.connection, ...patch } },
  []
]

export const readinessIs = (patch: Partial<Readiness>): Rule => (state) => [
  { ...state, readiness: { ...state.readiness, ...patch } },
  []
]

export const agentIs = (patch: Partial<Agent>): Rule => (state) => [
  { ...state, agent: { ...state.agent, ...patch } },
  []
]

export const activityIs = (activity: Activity): Rule => agentIs({ activity })

/** Changes the task we hold, in whichever slot it is. */
export const taskIs = (patch: Partial<Task>): Rule =>
  withTask((task) => (state) => {
    const slot = state.stored.active === null ? "recovering" : "active"
    return [{ ...state, stored: { ...state.stored, [slot]: { ...task, ...patch } } }, []]
  })
