import { describe } from "vitest"
import { A, B, connect, Run, table } from "./support.ts"

describe("rule 9: task_cancelled", () => {
  table([
    {
      clause: "the active task: the slot is free, its tree is stopped at once",
      run: () => Run.working().cancelled(),
      said: ["StopWatching", "StopAgent task-a linger 0"],
      timers: [
        "cancel progress",
        "cancel assign_grace",
        "cancel lookup",
        "cancel task_confirmation",
        "cancel task_late_answer",
        "cancel task_timeout",
        "cancel task_check",
        "cancel task_inspection"
      ],
      logged: ["task_cancelled task-a"],
      state: "terminating: task-a remove | stopping: task-a"
    },
    {
      clause: "and then its files go",
      run: () => Run.working().cancelled().stopped(),
      said: ["RemoveFiles task-a"],
      state: ""
    },
    {
      clause: "the recovering task",
      run: () => Run.working().restarted().inspected({ process: "alive" }).tell(...connect).cancelled(),
      said: ["StopWatching", "StopAgent task-a linger 0"],
      timers: [
        "cancel progress",
        "cancel assign_grace",
        "cancel lookup",
        "cancel task_confirmation",
        "cancel task_late_answer",
        "cancel task_timeout",
        "cancel task_check",
        "cancel task_inspection"
      ],
      logged: ["task_cancelled task-a"],
      state: "in flight: recovery task-a | terminating: task-a remove | stopping: task-a"
    },
    {
      clause: "one that is left running",
      run: () => Run.idle().restarted([A]).cancelled(),
      logged: ["task_cancelled task-a"],
      state: "down | terminating: task-a remove | stopping: task-a | link closed"
    },
    {
      clause: "and then its files go too",
      run: () => Run.idle().restarted([A]).cancelled().stopped(),
      said: ["RemoveFiles task-a"],
      state: "down | link closed"
    },
    {
      clause: "one whose agent is on its way out after its report: its files go, whatever was to be kept",
      run: () => Run.failing().acked("retried").cancelled(),
      logged: ["task_cancelled task-a"],
      state: "terminating: task-a remove | stopping: task-a"
    },
    {
      clause: "one whose agent is being stopped is not stopped twice",
      run: () => Run.confirming().unconfirmed().cancelled(),
      said: ["StopWatching"],
      timers: [
        "cancel progress",
        "cancel assign_grace",
        "cancel lookup",
        "cancel task_confirmation",
        "cancel task_late_answer",
        "cancel task_timeout",
        "cancel task_check",
        "cancel task_inspection"
      ],
      logged: ["task_cancelled task-a"],
      state: "terminating: task-a remove | stopping: task-a"
    },
    {
      clause: "another is not touched",
      run: () => Run.working().cancelled(B),
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "one that we know nothing of is ignored",
      run: () => Run.idle().cancelled(),
      state: ""
    },
    {
      clause: "one that is only accepted",
      run: () => Run.accepted().cancelled(),
      said: ["StopWatching", "StopAgent task-a linger 0"],
      timers: [
        "cancel progress",
        "cancel assign_grace",
        "cancel lookup",
        "cancel task_confirmation",
        "cancel task_late_answer",
        "cancel task_timeout",
        "cancel task_check",
        "cancel task_inspection"
      ],
      logged: ["task_cancelled task-a"],
      state: "terminating: task-a remove | stopping: task-a"
    },
    {
      clause: "one that waits for its retry",
      run: () => Run.retrying().cancelled(),
      said: ["StopWatching", "StopAgent task-a linger 0"],
      timers: [
        "cancel progress",
        "cancel assign_grace",
        "cancel lookup",
        "cancel task_confirmation",
        "cancel task_late_answer",
        "cancel task_timeout",
        "cancel task_check",
        "cancel task_inspection"
      ],
      logged: ["task_cancelled task-a"],
      state: "terminating: task-a remove | stopping: task-a"
    },
    {
      clause: "its frames that wait are not sent",
      run: () => Run.idle().assigned().assigned(3).cancelled().acked(),
      timers: ["cancel answer", "cancel resend"],
      state: "terminating: task-a remove | stopping: task-a"
    },
    {
      clause: "the frames of others are",
      run: () => Run.idle().assigned().assigned(1, B).cancelled().acked(),
      said: ["RejectTask task-b busy"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      state: "in flight: reject task-b | terminating: task-a remove | stopping: task-a"
    },
    {
      clause: "assigned anew while its old agent is not gone: accepted, but looked at when that is gone",
      run: () => Run.working().cancelled().assigned(3),
      said: ["AcceptTask task-a g3"],
      timers: [
        "cancel half_open",
        "start task_check 60000",
        "cancel assign_grace",
        "cancel lookup",
        "start answer 15000"
      ],
      logged: ["task_received task-a 3 false"],
      state:
        "task-a g3 accepted | AwaitingExit | ours | in flight: accept task-a | terminating: task-a remove | stopping: task-a"
    },
    {
      clause: "and looked at then, without its old files",
      run: () => Run.working().cancelled().assigned(3).stopped(),
      said: ["RemoveFiles task-a", "InspectAgent task-a g3"],
      state: "task-a g3 accepted | Inspecting evidence | ours | in flight: accept task-a"
    },
    {
      clause: "a task in doubt",
      run: () => Run.working().inDoubt().cancelled(),
      said: ["StopWatching", "StopAgent task-a linger 0"],
      timers: [
        "cancel progress",
        "cancel assign_grace",
        "cancel lookup",
        "cancel task_confirmation",
        "cancel task_late_answer",
        "cancel task_timeout",
        "cancel task_check",
        "cancel task_inspection"
      ],
      logged: ["task_cancelled task-a"],
      state: "terminating: task-a remove | stopping: task-a"
    },
    {
      clause: "one whose 5 s run",
      run: () => Run.working().denied().cancelled(),
      said: ["StopWatching", "StopAgent task-a linger 0"],
      timers: [
        "cancel progress",
        "cancel assign_grace",
        "cancel lookup",
        "cancel task_confirmation",
        "cancel task_late_answer",
        "cancel task_timeout",
        "cancel task_check",
        "cancel task_inspection"
      ],
      logged: ["task_cancelled task-a"],
      state: "terminating: task-a remove | stopping: task-a"
    }
  ])
})
