import { describe } from "vitest"
import { A, B, disconnected, exited, Run, success, table } from "./support.ts"

describe("rule 8: the lease", () => {
  table([
    {
      clause: "every 60 s it is looked at whether the agent is at work",
      run: () => Run.working().timer("lease"),
      said: ["InspectAgent task-a g1"],
      timers: ["start lease 60000"],
      state: "task-a g1 working wakes 1 | Inspecting lease | ours"
    },
    {
      clause: "one at work renews its lease",
      run: () => Run.working().timer("lease").inspected({ process: "alive" }),
      said: ["SendProgress task-a -"],
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "so does one that has not confirmed yet",
      run: () => Run.confirming().timer("lease").inspected({ process: "alive" }),
      said: ["SendProgress task-a -"],
      state: "task-a g1 confirming wakes 1 | Running | ours"
    },
    {
      clause: "so does one with a half-written answer",
      run: () => Run.working().ended(exited(0)).timer("lease").inspected({ process: "gone", answer: "half-written" }),
      said: ["SendProgress task-a -"],
      state: "task-a g1 working wakes 1 ended exited 0 | Running | ours"
    },
    {
      clause: "an answer that is found so is reported",
      run: () => Run.working().timer("lease").inspected({ process: "gone", answer: success }),
      said: ["SendReport task-a g1 Complete"],
      timers: ["cancel confirmation", "cancel settle", "cancel task_timeout", "start answer 15000"],
      logged: ["answer_found task-a success", "report_sent task-a 1 complete"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a"
    },
    {
      clause: "none is sent while another frame is in flight: it is due again when that is over",
      run: () => Run.working().assigned(1).timer("lease").inspected({ process: "alive" }),
      timers: ["start lease 15000"],
      state: "task-a g1 working wakes 1 | Running | ours | in flight: accept task-a"
    },
    {
      clause: "nor without a connection",
      run: () => Run.working().offline().timer("lease").inspected({ process: "alive" }),
      state: "task-a g1 working wakes 1 | Running | down"
    },
    {
      clause: "nor before we are identified",
      run: () => Run.working().tell(disconnected, { _tag: "Connected" }).timer("lease").inspected({ process: "alive" }),
      state: "task-a g1 working wakes 1 | Running | connected"
    },
    {
      clause: "nor on a connection that is gone by now, though the task came on it",
      run: () => Run.working().offline().assigned(3).timer("lease").inspected({ process: "alive" }),
      state: "task-a g3 working wakes 1 | Running | down | ours | pending: accept task-a"
    },
    {
      clause: "nor to a hub that does not know the frame",
      run: () =>
        Run.working().refused("validation_failed", "task_progress", true).timer("lease").inspected({
          process: "alive"
        }),
      state: "task-a g1 working wakes 1 | Running | ours | refused: task_progress"
    },
    {
      clause: "one that waits to be woken has none",
      run: () => Run.retrying().timer("lease"),
      timers: ["start lease 60000"],
      state: "task-a g1 waking wakes 1 ended exited 1 | AwaitingRetry | ours"
    },
    {
      clause: "one that is being reported has none",
      run: () => Run.reporting().timer("lease"),
      timers: ["start lease 60000"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a"
    },
    {
      clause: "without a task there is none",
      run: () => Run.idle().timer("lease"),
      state: ""
    },
    {
      clause: "a new .progress is relayed",
      run: () =>
        Run.working().tell({
          _tag: "ProgressFound",
          task_id: A,
          progress: { progress: 10, execution_event: { type: "text" } }
        }),
      said: ["SendProgress task-a 10 {\"type\":\"text\"}"],
      logged: ["task_progress task-a 10"],
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "at most one in 5 s",
      run: () =>
        Run.working().tell({
          _tag: "ProgressFound",
          task_id: A,
          progress: { progress: 10, execution_event: { type: "text" } }
        }).after(1_000).tell({
          _tag: "ProgressFound",
          task_id: A,
          progress: { progress: 10, execution_event: { type: "text" } }
        }),
      timers: ["start progress 4000"],
      state: "task-a g1 working wakes 1 | Running | has progress | ours"
    },
    {
      clause: "the newest one when the 5 s are over",
      run: () =>
        Run.working().tell({
          _tag: "ProgressFound",
          task_id: A,
          progress: { progress: 10, execution_event: { type: "text" } }
        }).tell({ _tag: "ProgressFound", task_id: A, progress: { progress: 10, execution_event: { type: "text" } } })
          .tell({ _tag: "ProgressFound", task_id: A, progress: { progress: 30, execution_event: null } }).after(5_000)
          .timer("progress"),
      said: ["SendProgress task-a 30"],
      logged: ["task_progress task-a 30"],
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "also after a clock that was set back, no later than that",
      run: () =>
        Run.working().tell({
          _tag: "ProgressFound",
          task_id: A,
          progress: { progress: 10, execution_event: { type: "text" } }
        }).after(-60_000).tell({
          _tag: "ProgressFound",
          task_id: A,
          progress: { progress: 10, execution_event: { type: "text" } }
        }),
      timers: ["start progress 5000"],
      state: "task-a g1 working wakes 1 | Running | has progress | ours"
    },
    {
      clause: "that time does not begin anew with every answer of the hub",
      run: () =>
        Run.working().tell({
          _tag: "ProgressFound",
          task_id: A,
          progress: { progress: 10, execution_event: null }
        }).after(-60_000).tell({ _tag: "ProgressFound", task_id: A, progress: { progress: 20, execution_event: null } })
          .after(4_000).tell({ _tag: "ProgressFound", task_id: A, progress: { progress: 30, execution_event: null } }),
      timers: ["start progress 1000"],
      state: "task-a g1 working wakes 1 | Running | has progress | ours"
    },
    {
      clause: "and when its time is over, whatever the clock says then",
      run: () =>
        Run.working().tell({
          _tag: "ProgressFound",
          task_id: A,
          progress: { progress: 10, execution_event: null }
        }).tell({ _tag: "ProgressFound", task_id: A, progress: { progress: 20, execution_event: null } })
          .after(-86_400_000).timer("progress"),
      said: ["SendProgress task-a 20"],
      logged: ["task_progress task-a 20"],
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "none while another frame is in flight",
      run: () =>
        Run.working().assigned(1).tell({
          _tag: "ProgressFound",
          task_id: A,
          progress: { progress: 10, execution_event: { type: "text" } }
        }),
      state: "task-a g1 working wakes 1 | Running | has progress | ours | in flight: accept task-a"
    },
    {
      clause: "but when that is answered",
      run: () =>
        Run.working().assigned(1).tell({
          _tag: "ProgressFound",
          task_id: A,
          progress: { progress: 10, execution_event: { type: "text" } }
        }).acked(),
      said: ["SendProgress task-a 10 {\"type\":\"text\"}"],
      timers: ["cancel answer", "cancel resend"],
      logged: ["task_progress task-a 10"],
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "none of another task",
      run: () =>
        Run.working().tell({ _tag: "ProgressFound", task_id: B, progress: { progress: 10, execution_event: null } }),
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "none when the answer is there",
      run: () =>
        Run.reporting().tell({
          _tag: "ProgressFound",
          task_id: A,
          progress: { progress: 10, execution_event: { type: "text" } }
        }),
      state: "task-a g1 reporting wakes 1 | has Success | has progress | ours | in flight: report task-a"
    },
    {
      clause: "one that was not relayed before the answer never is",
      run: () =>
        Run.working().assigned(1).tell({
          _tag: "ProgressFound",
          task_id: A,
          progress: { progress: 10, execution_event: { type: "text" } }
        }).found(success).acked(),
      said: ["SendReport task-a g1 Complete"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: ["report_sent task-a 1 complete"],
      state: "task-a g1 reporting wakes 1 | has Success | has progress | ours | in flight: report task-a"
    },
    {
      clause: "none without a task",
      run: () =>
        Run.idle().tell({
          _tag: "ProgressFound",
          task_id: A,
          progress: { progress: 10, execution_event: { type: "text" } }
        }),
      state: ""
    },
    {
      clause: "none to a hub that does not know the frame",
      run: () =>
        Run.working().refused("validation_failed", "task_progress", true).tell({
          _tag: "ProgressFound",
          task_id: A,
          progress: { progress: 10, execution_event: { type: "text" } }
        }),
      state: "task-a g1 working wakes 1 | Running | has progress | ours | refused: task_progress"
    }
  ])
})
