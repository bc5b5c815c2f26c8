import { limits } from "../../limits.ts"
import type { Progress } from "../Evidence.ts"
import type { Rule } from "../step.ts"
import { activityIs, agentIs, all, emit, given, startTimer, stay, taskIs, withTask } from "../step.ts"
import { confirmedBySign, stopAgent } from "./ending.ts"
import { assess, inspect } from "./evidence.ts"
import { relayProgress } from "./exchange.ts"

/** Rule 6: `.started` of this wake confirms; one that comes too late for it is evidence when the delay of the retry is over. */
export const agentStarted = (task_id: string, wake_id: string | null): Rule =>
  given(({ agent: { activity } }) =>
    withTask((task) => {
      const comesUp = activity._tag === "Spawning" || activity._tag === "Running"
      return comesUp && task.task_id === task_id && (task.wake?.id ?? null) === wake_id ? confirmedBySign : stay
    })
  )

/** Rule 8: a new `.progress` is relayed. */
export const progressFound = (task_id: string, progress: Progress): Rule =>
  withTask((task) => task.task_id === task_id ? all(agentIs({ progress }), relayProgress) : stay)

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

/** Rules 4 and 13: what drains waits no longer for it once all that there is of it is on disk, as the next life asks again. */
const stillInDoubt = (task_id: string): Rule =>
  given(({ disk, draining, leaving }) =>
    draining !== null && leaving.length === 0 && disk === "ok"
      ? emit({ _tag: "CloseConnection" }, { _tag: "Exit", code: draining })
      : emit({ _tag: "LookUpTask", task_id })
  )

/** Rules 4 and 8: once a minute the hub gets a sign of life of an agent at work, and is asked about a task in doubt. */
export const leaseDue: Rule = given((state) =>
  withTask((task) =>
    all(
      startTimer("lease", limits.lease_ms),
      state.connection.standing === "in_doubt" ? stillInDoubt(task.task_id) : stay,
      state.agent.activity._tag === "Running" ? inspect("lease") : stay
    )
  )
)

const forgetLeaving = (task_id: string): Rule => (state) => [
  { ...state, leaving: state.leaving.filter((leaving) => leaving.task_id !== task_id) },
  []
]

/** When the last agent whose task is over has gone, the next may be woken. */
const wakeTheNext: Rule = given(({ agent, leaving }) =>
  agent.activity._tag === "AwaitingExit" && leaving.length === 0 ? all(activityIs({ _tag: "Idle" }), assess) : stay
)

/** Rule 9: an agent whose task is over is gone, and its files may go. */
const gone = (task_id: string): Rule =>
  given(({ leaving }) => {
    const last = leaving.find((one) => one.task_id === task_id)
    if (last === undefined) return stay
    return all(
      last.files === "keep"
        ? stay
        : emit({ _tag: "RemoveFiles", task_id, keep_answer: last.files === "keep_answer" }),
      forgetLeaving(task_id),
      wakeTheNext
    )
  })

/** Its signs of life mean nothing any more, whatever is told later of how the command ended. */
const killed: Rule = withTask(({ wake }) =>
  taskIs({ wake: wake && { ...wake, end: { how: "killed", code: null, output: "" } } })
)

/** Nothing lives any more of the wakes of the task we hold. */
const seenOff = (task_id: string, was_alive: boolean): Rule =>
  given(({ agent: { activity } }) =>
    withTask((task) => {
      if (task.task_id !== task_id) return stay
      const meant = activity._tag === "Stopping" || activity._tag === "AwaitingExit"
      return all(agentIs({ seen_off: task.wake?.id ?? null }), was_alive && meant ? killed : stay)
    })
  )

/** Rules 6 and 7: the agent of the task we hold has been stopped, so that the evidence can be looked at. */
const stopOver = (task_id: string): Rule =>
  given(({ agent: { activity } }) =>
    withTask((task) => task.task_id === task_id && activity._tag === "Stopping" ? inspect(activity.because) : stay)
  )

/** Rules 6, 7 and 9: an agent of ours is gone, with its whole process tree. */
export const agentStopped = (task_id: string, was_alive: boolean): Rule =>
  all(
    (state) => [{ ...state, stopping: state.stopping.filter((one) => one !== task_id) }, []],
    seenOff(task_id, was_alive),
    gone(task_id),
    stopOver(task_id)
  )
