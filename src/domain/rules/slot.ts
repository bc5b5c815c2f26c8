import { limits } from "../../limits.ts"
import type { FilesOfTheEnded } from "../SidecarState.ts"
import { heldTask, noAgent } from "../SidecarState.ts"
import type { Rule } from "../step.ts"
import { all, cancelTimers, connectionIs, emit, given, stay, withTask } from "../step.ts"
import { judgeAgent } from "./pause.ts"

/** Rule 4: what was recovering is ours again. */
export const claim: Rule = (state) => [
  { ...state, stored: { ...state.stored, active: heldTask(state), recovering: null } },
  []
]

/** Rule 6: what was meant and is not needed any more never begins. A stop does the same to the wakes of its task. */
export const revokeWake: Rule = given(({ agent }) =>
  withTask(({ task_id }) => agent.activity._tag === "Spawning" ? emit({ _tag: "RevokeWake", task_id }) : stay)
)

/** Stops the agent of a task, unless that is under way: two stops could not be told apart by their ends. */
export const stop = (task_id: string, linger_ms: number): Rule => (state) =>
  state.stopping.includes(task_id)
    ? [state, []]
    : [{ ...state, stopping: [...state.stopping, task_id] }, [{ _tag: "StopAgent", task_id, linger_ms }]]

const leaves = (task_id: string, files: FilesOfTheEnded): Rule => (state) => [
  { ...state, leaving: [...state.leaving.filter((leaving) => leaving.task_id !== task_id), { task_id, files }] },
  []
]

/** Sees an agent off whose task is over: no other is woken before it is gone. */
export const seeOff = (task_id: string, files: FilesOfTheEnded, linger_ms: number): Rule =>
  all(leaves(task_id, files), stop(task_id, linger_ms))

const emptySlots: Rule = (state) => [
  { ...state, stored: { ...state.stored, active: null, recovering: null }, agent: noAgent },
  []
]

/** The task is over for us: its slot is free, its agent is seen off. */
export const clearSlot = (files: FilesOfTheEnded, linger_ms: number = limits.agent_linger_ms): Rule =>
  withTask((task) =>
    all(
      judgeAgent,
      emptySlots,
      given(({ connection }) =>
        connectionIs({
          standing: "unknown",
          pending: connection.pending.filter((exchange) => exchange.task_id !== task.task_id)
        })
      ),
      cancelTimers("confirmation", "settle", "lease", "progress", "task_timeout", "assign_grace"),
      emit({ _tag: "StopWatching" }),
      seeOff(task.task_id, files, linger_ms)
    )
  )
