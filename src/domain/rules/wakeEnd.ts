import { limits } from "../../limits.ts"
import { mayHaveLaunched } from "../Evidence.ts"
import type { Rule } from "../step.ts"
import { agentIs, all, cancelTimers, given, log, startTimer, stay, taskIs, withTask } from "../step.ts"
import type { WakeEnd } from "../Task.ts"
import { inspect, notAtWorkAnyMore } from "./evidence.ts"
import { wakeIsOver } from "./pause.ts"
import { againOrGiveBack, giveBack } from "./readiness.ts"

/** Rule 6: the time for the confirmation is over; the folder tells whether there is one. A look that is due decides by itself. */
export const confirmationTimedOut: Rule = given(({ agent: { activity } }) =>
  withTask(({ status }) =>
    status === "confirming" && activity._tag !== "Stopping" && activity._tag !== "Inspecting"
      ? inspect("confirmation")
      : stay
  )
)

/** An agent may confirm and end in one moment: the evidence tells whether this was before the confirmation. */
const judgeTheEnd: Rule = withTask((task) =>
  task.status === "working"
    ? notAtWorkAnyMore(task, true, "assess")
    : all(cancelTimers("confirmation"), inspect("assess"))
)

/** Rule 12: the wake is made again under its number. As nothing of this one ever lived, nothing is to be seen off. */
const wakeAgain = (wake_id: string): Rule =>
  all(
    agentIs({ activity: { _tag: "Idle" }, seen_off: wake_id }),
    cancelTimers("confirmation"),
    startTimer("disk", limits.disk_retry_ms)
  )

/** Rules 12 and 13: nothing ran, and this machine is to blame: that is no failed attempt. A disk is given some time. */
const wakeDidNotRun = (wake_id: string, { how, output }: WakeEnd): Rule =>
  given(({ agent }) => {
    if (agent.activity._tag !== "Running") return stay
    return how === "unspawned"
      ? giveBack({ cause: "program", reason: output })
      : againOrGiveBack(output, wakeAgain(wake_id))
  })

/** Rules 6 and 7: the wake command has ended. One that may only have started something is given its time. */
export const wakeExited = (task_id: string, wake_id: string, end: WakeEnd): Rule =>
  given(({ agent, policy }, now) =>
    withTask((task) => {
      if (task.task_id !== task_id || task.wake === null || task.wake.id !== wake_id) return stay
      if (end.how === "unwritten" || end.how === "unspawned") return wakeDidNotRun(wake_id, end)
      const looksFor = agent.activity._tag === "Running" || agent.activity._tag === "Settling"
      const over = looksFor && task.wake.end === null && !mayHaveLaunched(end, policy)
      return all(
        task.wake.end?.how === "killed" ? stay : taskIs({ wake: { ...task.wake, end } }),
        agentIs({ unwritten_since: null }),
        mayHaveLaunched(end, policy) ? stay : wakeIsOver,
        log({ event: "wake_ended", task_id, exit_code: end.code, duration_ms: now - task.wake.at }),
        over ? judgeTheEnd : stay
      )
    })
  )
