import { describe } from "vitest"
import { B, closing, Run, table } from "./support.ts"

describe("rule 13: draining", () => {
  table([
    {
      clause: "nothing held: the connection is closed and that was it",
      run: () => Run.idle().tell({ _tag: "DrainRequested", exit_code: 0 }),
      said: ["CloseConnection", "Exit 0"],
      logged: ["draining 0"],
      timers: [...closing],
      state: "down | draining 0 | link resting"
    },
    {
      clause: "the task at hand is finished first",
      run: () => Run.working().tell({ _tag: "DrainRequested", exit_code: 0 }),
      logged: ["draining 0"],
      state: "task-a g1 working wakes 1 | Running | ours | draining 0"
    },
    {
      clause: "a recovering task too",
      run: () => Run.working().restarted().tell({ _tag: "DrainRequested", exit_code: 75 }),
      logged: ["draining 75"],
      state: "recovering task-a g1 working wakes 1 | Inspecting evidence | down | draining 75"
    },
    {
      clause: "the connection is closed on the final acknowledgement",
      run: () => Run.reporting().tell({ _tag: "DrainRequested", exit_code: 75 }).acked("complete"),
      said: ["StopWatching", "StopAgent task-a linger 15000", "CloseConnection"],
      timers: [
        "cancel answer",
        "cancel resend",
        "cancel progress",
        "cancel assign_grace",
        "cancel lookup",
        "cancel task_confirmation",
        "cancel task_late_answer",
        "cancel task_timeout",
        "cancel task_check",
        "cancel task_inspection",
        ...closing
      ],
      logged: ["report_acknowledged task-a complete 0"],
      state: "down | terminating: task-a remove | stopping: task-a | draining 75 | link resting"
    },
    {
      clause: "and that is it when no agent of ours lives",
      run: () => Run.reporting().tell({ _tag: "DrainRequested", exit_code: 75 }).acked("complete").stopped(),
      said: ["RemoveFiles task-a", "Exit 75"],
      state: "down | draining 75 | link resting"
    },
    {
      clause: "asked for while an agent is on its way out: the same",
      run: () => Run.reporting().acked("complete").tell({ _tag: "DrainRequested", exit_code: 75 }),
      said: ["CloseConnection"],
      logged: ["draining 75"],
      timers: [...closing],
      state: "down | terminating: task-a remove | stopping: task-a | draining 75 | link resting"
    },
    {
      clause: "a new task is not accepted: the connection is closed",
      run: () => Run.reporting().tell({ _tag: "DrainRequested", exit_code: 75 }).acked("complete").assigned(1, B),
      logged: ["task_refused task-b not ready: draining"],
      state: "down | terminating: task-a remove | stopping: task-a | draining 75 | link resting"
    },
    {
      clause: "the task at hand under a new generation is accepted",
      run: () => Run.working().tell({ _tag: "DrainRequested", exit_code: 75 }).assigned(3),
      said: ["AcceptTask task-a g3"],
      timers: ["cancel half_open", "cancel assign_grace", "cancel lookup", "start answer 15000"],
      logged: ["task_received task-a 3 true"],
      state: "task-a g3 working wakes 1 | Running | ours | in flight: accept task-a | draining 75"
    },
    {
      clause: "a task in doubt has until the next look-up to come back; then all that there is of it stays on disk",
      run: () => Run.working().inDoubt().tell({ _tag: "DrainRequested", exit_code: 75 }).timer("lookup"),
      said: ["CloseConnection", "Exit 75"],
      timers: ["start lookup 60000"],
      state: "task-a g1 working wakes 1 | Running | unresolved | draining 75"
    },
    {
      clause: "its answer too",
      run: () => Run.reporting().inDoubt().tell({ _tag: "DrainRequested", exit_code: 0 }).timer("lookup"),
      said: ["CloseConnection", "Exit 0"],
      timers: ["start lookup 60000"],
      state: "task-a g1 reporting wakes 1 | has Success | unresolved | draining 0"
    },
    {
      clause: "it is waited for as long as the disk does not take it",
      run: () =>
        Run.reporting().inDoubt()
          .tell({ _tag: "SaveFailed", reason: "no space" })
          .tell({ _tag: "DrainRequested", exit_code: 0 }).timer("lookup"),
      said: ["LookUpTask task-a"],
      timers: ["start lookup 60000"],
      state: "task-a g1 reporting wakes 1 | has Success | unresolved | disk failing | draining 0"
    },
    {
      clause: "an agent that is on its way out is waited for first",
      run: () =>
        Run.reporting().acked("complete").assigned(1, B).acked("accepted", B).reconnected()
          .tell({ _tag: "StateReportAnswered", task_id: B, action: "abort" }).timer("assign_grace")
          .tell({ _tag: "DrainRequested", exit_code: 0 }).timer("lookup"),
      said: ["LookUpTask task-b"],
      timers: ["start lookup 60000"],
      state:
        "task-b g1 accepted | Inspecting evidence | unresolved | terminating: task-a remove | stopping: task-a | draining 0"
    },
    {
      clause: "restart_sidecar: it is announced, and the task at hand finished first",
      run: () => Run.working().tell({ _tag: "RestartRequested", reason: "update" }),
      said: ["AnnounceRestart update"],
      logged: ["draining 75"],
      state: "task-a g1 working wakes 1 | Running | ours | draining 75"
    },
    {
      clause: "restart_sidecar with nothing held: a restart is wanted at once",
      run: () => Run.idle().tell({ _tag: "RestartRequested", reason: "update" }),
      said: ["AnnounceRestart update", "CloseConnection", "Exit 75"],
      logged: ["draining 75"],
      timers: [...closing],
      state: "down | draining 75 | link resting"
    }
  ])
})
