import { limits } from "../../limits.ts"
import { mayHaveLaunched } from "../Evidence.ts"
import { whyNotReady } from "../Readiness.ts"
import { type Activity, heldTask, noAgent, type Policy, type SidecarState } from "../SidecarState.ts"
import type { Rule } from "../step.ts"
import { activityIs, all, cancelTimers, connectionIs, given, log, startTimer, stay, taskIs, withTask } from "../step.ts"
import type { Assignment, Task } from "../Task.ts"
import { isSafeTaskId } from "../taskId.ts"
import { continued, ours, settled } from "./asking.ts"
import { look } from "./evidence.ts"
import { enqueue, flush } from "./exchange.ts"
import { clearSlot } from "./slot.ts"

const received = ({ generation, task_id }: Assignment, again: boolean): Rule =>
  log({ event: "task_received", task_id, generation, again })

const refused = (task_id: string, reason: string): Rule => log({ event: "task_refused", task_id, reason })

/** Rule 13: the connection on which it came is closed by then, and the hub has the task back. */
const notReadyFor = (task_id: string): Rule =>
  given((state) => refused(task_id, `not ready: ${whyNotReady(state)?.cause ?? "the connection is closed"}`))

/** Rule 2: saved first, then accepted; one that cannot be worked on has failed by then, unless there is an answer. */
const accept = (assignment: Assignment, unworkable: string | null): Rule =>
  all(
    (state) => {
      const active: Task = {
        ...assignment,
        status: unworkable === null ? "accepted" : "reporting",
        wake_attempts: 0,
        woken_at: null,
        wake: null,
        failure: unworkable === null ? null : { reason: unworkable, sent_generation: null }
      }
      return [{ ...state, stored: { ...state.stored, active }, agent: noAgent }, []]
    },
    startTimer("lease", limits.lease_ms),
    ours,
    unworkable === null ? stay : look
  )

/** Rule 5: a failure that was sent is not sent again: it was the end of that work, and the task is done anew. */
const redo = (assignment: Assignment, unworkable: string | null): Rule =>
  all(
    clearSlot("keep"),
    given((state) =>
      whyNotReady(state) === null
        ? all(received(assignment, true), accept(assignment, unworkable))
        : notReadyFor(assignment.task_id)
    )
  )

/** Rule 10: under a new generation attempts count anew; one that is under way is its first. */
const attemptsUnderWay = ({ status, wake }: Task): number =>
  status === "confirming" || status === "working" || (status === "waking" && wake?.end === null) ? 1 : 0

/** A wake whose agent may still confirm is not thrown away. */
const mayConfirm = ({ status, wake }: Task, policy: Policy): boolean =>
  wake !== null && (status === "waking" || status === "confirming") && mayHaveLaunched(wake.end, policy)

/** Nothing is at work, or nobody could look yet. */
const mayBeAtRest = (activity: Activity): boolean =>
  activity._tag === "Idle" || activity._tag === "Settling" ||
  (activity._tag === "Inspecting" && activity.because === "assess")

/** While nothing is known to be at work, a new generation begins anew, and the evidence says how. */
const reopen: Rule = given(({ agent: { activity }, policy }) =>
  withTask((task) =>
    task.status === "reporting" || !mayBeAtRest(activity) ? stay : all(
      mayConfirm(task, policy) ? stay : taskIs({ status: "accepted", wake_attempts: 0 }),
      activity._tag === "Inspecting" ? stay : all(cancelTimers("settle"), activityIs({ _tag: "Idle" }))
    )
  )
)

/** Rule 2: the task we hold, with our generation or a higher one; a lower one is late. What we have of it we keep. */
const assignedAgain = (task: Task, assignment: Assignment, unworkable: string | null): Rule => {
  if (assignment.generation < task.generation) {
    return refused(task.task_id, `generation ${assignment.generation} is older than ours, ${task.generation}`)
  }
  const newer = assignment.generation > task.generation
  if (newer && task.failure !== null && task.failure.sent_generation !== null) return redo(assignment, unworkable)
  const known = unworkable === null ? assignment : { generation: assignment.generation }
  return all(
    received(assignment, true),
    newer ? all(taskIs({ ...known, wake_attempts: attemptsUnderWay(task) }), reopen) : taskIs(known),
    given(({ connection }) => connection.standing === "ours" ? ours : continued)
  )
}

/** Rule 4: what is in doubt and has nobody at work on it keeps no other task waiting: what it has is kept on disk. */
const givesWay = (state: SidecarState): boolean =>
  whyNotReady(state) === null && state.connection.standing === "in_doubt" && state.agent.activity._tag === "Idle"

/** Rules 2, 3 and 13: a task is pushed to us; `unworkable` says why it cannot be worked on. */
export const taskAssigned = (assignment: Assignment, unworkable: string | null = null): Rule =>
  given((state) => {
    const task = heldTask(state)
    const { task_id } = assignment
    if (task !== null && task.task_id === task_id) return all(gaveUsATask, assignedAgain(task, assignment, unworkable))
    if (!isSafeTaskId(task_id)) return refused(task_id, "the id cannot be a file name")
    if (task !== null && givesWay(state)) {
      return all(
        settled("not_ours"),
        clearSlot("keep", 0),
        gaveUsATask,
        received(assignment, false),
        accept(assignment, unworkable)
      )
    }
    if (task !== null) {
      return all(gaveUsATask, refused(task_id, `busy with ${task.task_id}`), enqueue("reject", task_id), flush)
    }
    if (whyNotReady(state) !== null || state.readiness.link !== "open") return notReadyFor(task_id)
    return all(gaveUsATask, received(assignment, false), accept(assignment, unworkable))
  })

/** Rule 2: of the task that is pushed to us nothing can be taken in but its id and generation. */
export const taskUnworkable = (task_id: string, generation: number, reason: string): Rule =>
  taskAssigned({ task_id, generation, description: "", metadata: {}, assigned_at: 0, assignment: {} }, reason)

/** Rule 14: a task pushed on this connection shows that the hub knows it. */
const gaveUsATask: Rule = all(connectionIs({ half_open: false }), cancelTimers("half_open"))
