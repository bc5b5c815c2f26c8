import { inspectOnceGone } from "../agent/evidence.ts"
import { begin, renew } from "../agent/phases.ts"
import { isSafeWorkId } from "../ids.ts"
import { hubPushesToUs } from "../messages/selfTest.ts"
import { whyNotReady } from "../Readiness.ts"
import { cancelTimers, log, noop, ofTaskAgent, patchTask, type Rule, sequence, withState } from "../rules.ts"
import type { SidecarState } from "../SidecarState.ts"
import { type Assignment, kindOf, type Task, unstarted } from "../Work.ts"
import { enqueue, flush } from "./exchange.ts"
import { finish } from "./finish.ts"
import { continued, logOwnership, ours } from "./ownership.ts"

const logReceived = ({ generation, task_id }: Assignment, again: boolean): Rule =>
  log({ event: "task_received", task_id, generation, again })

const logRefused = (task_id: string, reason: string): Rule => log({ event: "task_refused", task_id, reason })

/** Rule 13: the connection on which it came is closed by then, and the hub has the task back. */
const notReadyFor = (task_id: string): Rule =>
  withState((state) => logRefused(task_id, `not ready: ${whyNotReady(state)?.cause ?? "the connection is closed"}`))

/** A task that is just assigned. One that cannot be worked on has failed already. */
export const taskOf = ({ generation, task_id, ...payload }: Assignment, unworkable: string | null = null): Task => ({
  ...unstarted,
  kind: "task",
  id: task_id,
  generation,
  payload,
  ...unworkable === null ? {} : { status: "reporting", failure: { reason: unworkable, sent_generation: null } }
})

/** Rule 2: saved first, then accepted. An answer may be there already, also of a task that cannot be worked on. */
const accept = (assignment: Assignment, unworkable: string | null): Rule =>
  sequence(
    ofTaskAgent(begin(taskOf(assignment, unworkable))),
    ours,
    unworkable === null ? noop : ofTaskAgent(inspectOnceGone)
  )

/** Rule 5: a failure that was sent is not sent again. It was the end of that work, and the task is done again. */
const redo = (assignment: Assignment, unworkable: string | null): Rule =>
  sequence(
    finish("keep"),
    withState((state) =>
      whyNotReady(state) === null
        ? sequence(logReceived(assignment, true), accept(assignment, unworkable))
        : notReadyFor(assignment.task_id)
    )
  )

/** Rule 2: the task we hold, with our generation or a higher one; a lower one is late. What we have of it we keep. */
const assignedAgain = (task: Task, assignment: Assignment, unworkable: string | null): Rule => {
  const { generation, task_id, ...payload } = assignment
  if (generation < task.generation) {
    return logRefused(task_id, `generation ${generation} is older than ours, ${task.generation}`)
  }
  const isNewer = generation > task.generation
  if (isNewer && task.failure !== null && task.failure.sent_generation !== null) return redo(assignment, unworkable)
  return sequence(
    logReceived(assignment, true),
    patchTask(unworkable === null ? { generation, payload } : { generation }),
    isNewer ? ofTaskAgent(renew) : noop,
    withState(({ connection }) => connection.ownership === "ours" ? ours : continued)
  )
}

/** Rule 4: an unresolved task that nobody works on keeps no other task waiting. What it has stays on disk. */
const givesWay = (state: SidecarState): boolean =>
  whyNotReady(state) === null && state.connection.ownership === "unresolved" &&
  state.slots.task.agent.phase._tag === "Idle"

/** Rules 14 and 21: a task pushed on this connection shows that the hub knows it, and gives us tasks. */
const connectionIsAlive: Rule = sequence(hubPushesToUs, cancelTimers("renew"))

/** Rules 2, 3 and 13: a task is pushed to us; `unworkable` says why it cannot be worked on. */
export const taskAssigned = (assignment: Assignment, unworkable: string | null = null): Rule =>
  withState((state) => {
    const { task } = state.stored
    const { task_id } = assignment
    if (task?.id === task_id) return sequence(connectionIsAlive, assignedAgain(task, assignment, unworkable))
    if (!isSafeWorkId(task_id)) return logRefused(task_id, "the id cannot be a file name")
    if (kindOf(task_id) !== "task") return logRefused(task_id, "the id is in the form of our own batches of messages")
    if (task !== null && givesWay(state)) {
      return sequence(
        logOwnership("not_ours"),
        finish("keep", 0),
        connectionIsAlive,
        logReceived(assignment, false),
        accept(assignment, unworkable)
      )
    }
    if (task !== null) {
      return sequence(connectionIsAlive, logRefused(task_id, `busy with ${task.id}`), enqueue("reject", task_id), flush)
    }
    if (whyNotReady(state) !== null || state.readiness.link !== "open") return notReadyFor(task_id)
    return sequence(connectionIsAlive, logReceived(assignment, false), accept(assignment, unworkable))
  })

/** Rule 2: nothing of the pushed task can be taken in but its id and generation. */
export const taskUnworkable = (task_id: string, generation: number, reason: string): Rule =>
  taskAssigned({ task_id, generation, description: "", metadata: {}, assigned_at: 0, assignment: {} }, reason)
