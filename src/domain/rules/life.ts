import { limits } from "../../limits.ts"
import type { Message } from "../Message.ts"
import { remaining } from "../remaining.ts"
import type { StoredState } from "../SidecarState.ts"
import { emptyStore, heldTask, noAgent, noConnection } from "../SidecarState.ts"
import type { Rule } from "../step.ts"
import { all, connectionIs, emit, given, log, startTimer, stay, taskIs, withTask } from "../step.ts"
import type { Task, WorkFound } from "../Task.ts"
import { wakeIdOf } from "../wakeId.ts"
import { askWhoseItIs } from "./asking.ts"
import { look } from "./evidence.ts"
import { openLink } from "./link.ts"
import { checkReadiness } from "./readiness.ts"
import { clearSlot, seeOff } from "./slot.ts"

/** Rule 4: identify with the true status. */
export const connected: Rule = given((state) =>
  all(
    connectionIs({ ...noConnection, phase: "connected", half_open: state.connection.half_open }),
    emit({ _tag: "Identify", status: heldTask(state) === null ? "idle" : "working" })
  )
)

/** Rules 4 and 14: ask whose the task is; after a dead link the old socket may still be the one the hub pushes to. */
export const identified: Rule = given(({ connection }) =>
  all(
    connectionIs({ phase: "identified" }),
    connection.half_open ? startTimer("half_open", limits.half_open_recheck_ms) : stay,
    askWhoseItIs
  )
)

/** Rule 14: no task came on the new socket for 90 s, so the hub may be pushing to the old one: once more. */
export const halfOpenOver: Rule = given(({ connection: { half_open } }) =>
  half_open
    ? all(connectionIs({ half_open: false }), emit({ _tag: "Reconnect", reason: "the link was dead before this one" }))
    : stay
)

/** Rule 14: the hub has lost us while the socket lives. */
export const hubLostUs: Rule = emit({ _tag: "Reconnect", reason: "the hub has lost us" })

/** Rule 9: exactly this task is stopped and its files removed, also where its agent is only on its way out. */
export const taskCancelled = (task_id: string): Rule =>
  given((state) => {
    const held = heldTask(state)?.task_id === task_id
    if (!held && !state.leaving.some((leaving) => leaving.task_id === task_id)) return stay
    return all(
      log({ event: "task_cancelled", task_id }),
      held ? clearSlot("remove", 0) : seeOff(task_id, "remove", 0)
    )
  })

/** Two tasks cannot both be recovered: the older one ends as by `abort`. */
const hold = ({ active, recovering }: StoredState): Rule =>
  all(
    (state) => [{ ...state, stored: { ...emptyStore, recovering: active ?? recovering } }, []],
    active === null || recovering === null ? stay : seeOff(recovering.task_id, "keep", 0)
  )

const recover: Rule = given((state, now) =>
  withTask((task) =>
    all(
      log({ event: "recovery_found", task_id: task.task_id, status: task.status, generation: task.generation }),
      task.status === "reporting" && task.failure === null ? taskIs({ status: "working" }) : stay,
      startTimer("lease", limits.lease_ms),
      task.woken_at === null
        ? stay
        : startTimer("task_timeout", remaining(task.woken_at, state.policy.task_timeout_ms, now)),
      emit({ _tag: "WatchResults", task_id: task.task_id, wake_id: task.wake?.id ?? null }),
      look
    )
  )
)

/** Its generation is a lower bound: the hub, which is asked before any report, has the last. */
const remade = ({ assignment, wake: { at, attempt, generation }, wake }: WorkFound): Task => ({
  ...assignment,
  generation,
  status: "confirming",
  wake_attempts: attempt,
  woken_at: at,
  wake: { id: wakeIdOf(wake), at, end: null },
  failure: null
})

/** The state is lost: what is left of it is the task at work. */
const adopt = (found: WorkFound | null): Rule => {
  if (found === null) return stay
  const recovering = remade(found)
  const { generation, task_id } = recovering
  return all(
    (state) => [{ ...state, stored: { ...state.stored, recovering } }, []],
    log({ event: "state_adopted", task_id, wake_id: wakeIdOf(found.wake), generation })
  )
}

/**
 * Rule 10: a state that was read is the truth: `active` becomes `recovering`. Only where it is lost the task at work is made
 * again. Agents that nobody holds a task for, or that it was not woken for, are seen off.
 */
export const restarted = (
  { at_work = null, stored, survivors }: Extract<Message, { readonly _tag: "Restarted" }>
): Rule =>
  all(
    (state) => [{ ...state, stored: emptyStore, agent: noAgent }, []],
    stored === null ? adopt(at_work) : hold(stored),
    given((state) => {
      const held = heldTask(state)
      return all(
        ...survivors
          .filter((task_id) => task_id !== held?.task_id || held.wake === null)
          .map((task_id) => seeOff(task_id, "keep", 0))
      )
    }),
    recover,
    startTimer("readiness", limits.readiness_ms),
    given((state) => heldTask(state) === null ? checkReadiness : openLink)
  )

/** Files that nobody came back for: not those of the task in hand, nor where an agent is on its way out. */
export const orphanFound = (task_id: string): Rule =>
  given((state) =>
    heldTask(state)?.task_id === task_id || state.leaving.some((leaving) => leaving.task_id === task_id)
      ? stay
      : emit({ _tag: "ExpireFiles", task_id })
  )

/** Rule 13: the task at hand is finished, no other is taken. */
export const drain = (exit_code: 0 | 75): Rule =>
  all(
    (state) => [{ ...state, draining: exit_code }, []],
    log({ event: "draining", exit_code })
  )

export const restartRequested = (reason: string): Rule => all(emit({ _tag: "AnnounceRestart", reason }), drain(75))
