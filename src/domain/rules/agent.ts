import { limits } from "../../limits.ts"
import type { Progress } from "../Evidence.ts"
import { heldTask } from "../SidecarState.ts"
import type { SidecarState } from "../SidecarState.ts"
import type { Rule } from "../step.ts"
import { activityIs, agentIs, all, emit, given, startTimer, stay, withTask } from "../step.ts"
import { confirmedBySign, stopAgent } from "./ending.ts"
import { assess } from "./evidence.ts"
import { relayProgress } from "./exchange.ts"
import { finishDraining } from "./slot.ts"

/** While the agent of this wake is believed to be coming up, its `.started` confirms it. */
const listensForStart = ({ agent: { activity } }: SidecarState, status: string): boolean =>
  activity._tag === "Spawning" || activity._tag === "Running" ||
  (activity._tag === "Inspecting" && typeof activity.because === "string" && status === "confirming")

/** Rule 6: `.started` confirms; one that comes during a retry's delay is evidence to be looked at. */
export const agentStarted = (task_id: string, wake_id: string | null): Rule =>
  given((state) =>
    withTask((task) => {
      if (task.task_id !== task_id || task.wake?.id !== wake_id) return stay
      if (listensForStart(state, task.status)) return confirmedBySign
      return state.agent.activity._tag === "AwaitingRetry" ? all(activityIs({ _tag: "Idle" }), assess) : stay
    })
  )

/** Rule 8: a new `.progress` is relayed. */
export const progressFound = (task_id: string, progress: Progress): Rule =>
  withTask((task) =>
    task.task_id === task_id && task.status !== "reporting" ? all(agentIs({ progress }), relayProgress) : stay
  )

/** Rule 6: the delay of a retry is over. */
export const retryDue = (task_id: string): Rule =>
  given(({ agent }) =>
    withTask((task) =>
      task.task_id === task_id && agent.activity._tag === "AwaitingRetry"
        ? all(activityIs({ _tag: "Idle" }), assess)
        : stay
    )
  )

/** Rule 7: the time for a late answer is over; what is left of the agent is stopped before the task fails. */
export const settleOver: Rule = given(({ agent: { activity } }) =>
  activity._tag === "Settling" ? stopAgent(activity.because) : stay
)

/** Rules 4 and 8: once a minute the hub gets a sign of life of an agent at work, and is asked about a task in doubt. */
export const leaseDue: Rule = given((state) =>
  withTask((task) =>
    all(
      startTimer("lease", limits.lease_ms),
      state.connection.standing === "in_doubt" ? emit({ _tag: "LookUpTask", task_id: task.task_id }) : stay,
      state.agent.activity._tag === "Running" && task.status !== "reporting"
        ? all(activityIs({ _tag: "Inspecting", because: "lease" }), emit({ _tag: "InspectAgent", task }))
        : stay
    )
  )
)

const removeFiles = (task_id: string): Rule =>
  given(({ leaving }) => {
    const files = leaving.find((gone) => gone.task_id === task_id)?.files
    return files === undefined || files === "keep"
      ? stay
      : emit({ _tag: "RemoveFiles", task_id, keep_answer: files === "keep_answer" })
  })

const forgetLeaving = (task_id: string): Rule => (state) => [
  { ...state, leaving: state.leaving.filter((gone) => gone.task_id !== task_id) },
  []
]

/** When the last agent whose task is over has gone, the next may be woken. */
const wakeTheNext: Rule = given(({ agent, leaving }) =>
  agent.activity._tag === "AwaitingExit" && leaving.length === 0 ? all(activityIs({ _tag: "Idle" }), assess) : stay
)

/** Rules 6, 7 and 9: an agent of ours is gone, with its whole process tree. */
export const agentStopped = (task_id: string): Rule =>
  given((state) => {
    if (state.leaving.some((gone) => gone.task_id === task_id)) {
      return all(removeFiles(task_id), forgetLeaving(task_id), wakeTheNext, finishDraining)
    }
    const task = heldTask(state)
    const { activity } = state.agent
    if (task === null || task.task_id !== task_id || activity._tag !== "Stopping") return stay
    return all(
      activityIs({ _tag: "Inspecting", because: activity.because }),
      emit({ _tag: "InspectAgent", task })
    )
  })
