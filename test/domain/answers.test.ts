import { describe } from "vitest"
import { Run, success, table, unusable } from "./support.ts"

describe("rule 11: a bad answer", () => {
  table([
    {
      clause: "it is moved away and what lives of its agent is stopped",
      run: () => Run.working().found(unusable),
      said: ["SetAside task-a rejected", "StopAgent task-a linger 0"],
      timers: ["cancel task_confirmation", "cancel task_late_answer"],
      logged: ["answer_found task-a unusable", "agent_stopping task-a the answer is not JSON"],
      state: "task-a g1 working wakes 1 | Stopping Failed (the answer is not JSON) | ours | stopping: task-a"
    },
    {
      clause: "then the task fails and says why",
      run: () => Run.working().found(unusable).stopped().inspected({ process: "gone" }),
      said: ["SetAside task-a sent", "SendReport task-a g1 Failed: the answer is not JSON"],
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout", "start answer 15000"],
      logged: ["report_sent task-a 1 failed the answer is not JSON"],
      state:
        "task-a g1 reporting wakes 1 ended killed - failed (the answer is not JSON; sent g1) | ours | in flight: report task-a"
    },
    {
      clause: "though it could not be moved away",
      run: () => Run.working().found(unusable).stopped().inspected({ process: "gone", answer: unusable }),
      said: ["SetAside task-a sent", "SendReport task-a g1 Failed: the answer is not JSON"],
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout", "start answer 15000"],
      logged: ["report_sent task-a 1 failed the answer is not JSON"],
      state:
        "task-a g1 reporting wakes 1 ended killed - failed (the answer is not JSON; sent g1) | ours | in flight: report task-a"
    },
    {
      clause: "unless there is a good one by then",
      run: () => Run.working().found(unusable).stopped().inspected({ process: "gone", answer: success }),
      said: ["SendReport task-a g1 Complete"],
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout", "start answer 15000"],
      logged: ["answer_found task-a success", "report_sent task-a 1 complete"],
      state: "task-a g1 reporting wakes 1 ended killed - | has Success | ours | in flight: report task-a"
    },
    {
      clause: "one before the confirmation confirms",
      run: () => Run.confirming().found(unusable),
      said: ["SendWakeResult task-a success", "SetAside task-a rejected", "StopAgent task-a linger 0"],
      timers: ["cancel task_confirmation", "cancel task_confirmation", "cancel task_late_answer"],
      logged: [
        "answer_found task-a unusable",
        "agent_started task-a 0",
        "agent_stopping task-a the answer is not JSON"
      ],
      state: "task-a g1 working wakes 1 | Stopping Failed (the answer is not JSON) | ours | stopping: task-a"
    },
    {
      clause: "one of an attempt that is being stopped ends the task, and nothing is stopped twice",
      run: () => Run.confirming().unconfirmed().found(unusable),
      said: ["SendWakeResult task-a success", "SetAside task-a rejected"],
      timers: ["cancel task_confirmation", "cancel task_confirmation", "cancel task_late_answer"],
      logged: [
        "answer_found task-a unusable",
        "agent_started task-a 0",
        "agent_stopping task-a the answer is not JSON"
      ],
      state: "task-a g1 working wakes 1 | Stopping Failed (the answer is not JSON) | ours | stopping: task-a"
    },
    {
      clause: "one that a stopped attempt has left behind waits for the watch",
      run: () => Run.confirming().unconfirmed().stopped().inspected({ process: "gone", answer: unusable }),
      said: ["RetryWake task-a after 1"],
      state: "task-a g1 waking wakes 1 ended killed - | AwaitingRetry | ours"
    }
  ])
})
