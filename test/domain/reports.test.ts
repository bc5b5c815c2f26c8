import { describe, expect } from "vitest"
import { A, B, closing, connect, failure, Run, success, table, unusable } from "./support.ts"

const endOfTask = [
  "cancel progress",
  "cancel assign_grace",
  "cancel lookup",
  "cancel task_confirmation",
  "cancel task_late_answer",
  "cancel task_timeout",
  "cancel task_check",
  "cancel task_inspection"
]

describe("rule 5: reports are owed until answered", () => {
  table([
    {
      clause: "an answer is reported",
      run: () => Run.working().found(success),
      said: ["SendReport task-a g1 Complete"],
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout", "start answer 15000"],
      logged: ["answer_found task-a success", "report_sent task-a 1 complete"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a",
      then: (run) =>
        expect(run.commands).toContainEqual({
          _tag: "SendReport",
          task: expect.objectContaining({ id: A, generation: 1 }),
          report: { _tag: "Complete", result: { status: "success", output: "done" }, tokens_used: null }
        })
    },
    {
      clause: "with the tokens it took",
      run: () => Run.working().found({ _tag: "Success", result: {}, tokens_used: 7 }),
      said: ["SendReport task-a g1 Complete"],
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout", "start answer 15000"],
      logged: ["answer_found task-a success", "report_sent task-a 1 complete"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a",
      then: (run) =>
        expect(run.commands).toContainEqual(
          expect.objectContaining({ report: { _tag: "Complete", result: {}, tokens_used: 7 } })
        )
    },
    {
      clause: "a failure is reported; it is marked as sent and its files are set aside before that",
      run: () => Run.working().found(failure),
      said: ["SetAside task-a sent", "SendReport task-a g1 Failed: it went wrong"],
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout", "start answer 15000"],
      logged: ["answer_found task-a failure", "report_sent task-a 1 failed it went wrong"],
      state: "task-a g1 reporting wakes 1 failed (it went wrong; sent g1) | ours | in flight: report task-a"
    },
    {
      clause: "a report waits for the answer to the accept",
      run: () => Run.working().assigned(1).found(success),
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout"],
      logged: ["answer_found task-a success"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: accept task-a"
    },
    {
      clause: "and goes out when that is acknowledged",
      run: () => Run.working().assigned(1).found(success).acked(),
      said: ["SendReport task-a g1 Complete"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: ["report_sent task-a 1 complete"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a"
    },
    {
      clause: "an acknowledgement of another task is not the answer",
      run: () => Run.reporting().acked("complete", B),
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a"
    },
    {
      clause: "an acknowledgement of an accept does not answer a report",
      run: () => Run.reporting().acked(),
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a"
    },
    {
      clause: "an acknowledgement of a report does not answer an accept",
      run: () => Run.idle().assigned().acked("complete"),
      state: "task-a g1 accepted | Inspecting evidence | ours | in flight: accept task-a"
    },
    {
      clause: "an acknowledgement without a frame in flight changes nothing",
      run: () => Run.working().acked("complete"),
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "acknowledged: the slot is free, the agent has its time to end, then the files go",
      run: () => Run.reporting().after(7).acked("complete"),
      said: ["StopWatching", "StopAgent task-a linger 15000"],
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
        "cancel task_inspection"
      ],
      logged: ["report_acknowledged task-a complete 7"],
      state: "terminating: task-a remove | stopping: task-a"
    },
    {
      clause: "the files go when the agent is gone",
      run: () => Run.reporting().acked("complete").stopped(),
      said: ["RemoveFiles task-a"],
      state: ""
    },
    {
      clause: "a failure acknowledged as retried frees the slot",
      run: () => Run.failing().acked("retried"),
      said: ["StopWatching", "StopAgent task-a linger 15000"],
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
        "cancel task_inspection"
      ],
      logged: ["report_acknowledged task-a retried 0"],
      state: "terminating: task-a keep_answer | stopping: task-a"
    },
    {
      clause: "a failure acknowledged as dead letter frees the slot",
      run: () => Run.failing().acked("dead_letter"),
      said: ["StopWatching", "StopAgent task-a linger 15000"],
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
        "cancel task_inspection"
      ],
      logged: ["report_acknowledged task-a dead_letter 0"],
      state: "terminating: task-a keep_answer | stopping: task-a"
    },
    {
      clause: "of a failure the files go, but an answer that came late is kept",
      run: () => Run.failing().acked("retried").stopped(),
      said: ["RemoveFiles task-a but a late answer"],
      state: ""
    },
    {
      clause: "the next task goes out with its accept when the report is acknowledged",
      run: () => Run.reporting().assigned(1, B).acked("complete"),
      said: ["StopWatching", "StopAgent task-a linger 15000", "RejectTask task-b busy"],
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
        "start answer 15000"
      ],
      logged: ["report_acknowledged task-a complete 0"],
      state: "in flight: reject task-b | terminating: task-a remove | stopping: task-a"
    },
    {
      clause: "rate limited: the frame waits as long as the hub says",
      run: () => Run.reporting().tell({ _tag: "RateLimited", retry_after_ms: 7_000 }),
      timers: ["cancel answer", "start resend 7000"],
      logged: ["rate_limited 7000"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a limited"
    },
    {
      clause: "a ping that was refused leaves the frame in flight as it is: it was not dropped, and goes out once",
      run: () => Run.reporting().tell({ _tag: "RateLimited", retry_after_ms: 7_000, of_ping: true }),
      logged: ["rate_limited 7000"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a"
    },
    {
      clause: "but no longer than a minute",
      run: () => Run.reporting().tell({ _tag: "RateLimited", retry_after_ms: 1e9 }),
      timers: ["cancel answer", "start resend 60000"],
      logged: ["rate_limited 1000000000"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a limited"
    },
    {
      clause: "and no shorter than a second",
      run: () => Run.reporting().tell({ _tag: "RateLimited", retry_after_ms: 0 }),
      timers: ["cancel answer", "start resend 1000"],
      logged: ["rate_limited 0"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a limited"
    },
    {
      clause: "and goes again then",
      run: () => Run.reporting().tell({ _tag: "RateLimited", retry_after_ms: 7_000 }).after(7_000).timer("resend"),
      said: ["SendReport task-a g1 Complete"],
      timers: ["start answer 15000"],
      logged: ["report_sent task-a 1 complete"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a"
    },
    {
      clause: "a failure goes again, and its files are not set aside again",
      run: () => Run.failing().tell({ _tag: "RateLimited", retry_after_ms: 7_000 }).timer("resend"),
      said: ["SendReport task-a g1 Failed: it went wrong"],
      timers: ["start answer 15000"],
      logged: ["report_sent task-a 1 failed it went wrong"],
      state: "task-a g1 reporting wakes 1 failed (it went wrong; sent g1) | ours | in flight: report task-a"
    },
    {
      clause: "an accept that was rate limited goes again",
      run: () => Run.idle().assigned().tell({ _tag: "RateLimited", retry_after_ms: 7_000 }).timer("resend"),
      said: ["AcceptTask task-a g1"],
      timers: ["start answer 15000"],
      state: "task-a g1 accepted | Inspecting evidence | ours | in flight: accept task-a"
    },
    {
      clause: "a question that was rate limited goes again",
      run: () => Run.working().reconnected().tell({ _tag: "RateLimited", retry_after_ms: 7_000 }).timer("resend"),
      said: ["ReportState task-a g1"],
      timers: ["start answer 15000"],
      state: "task-a g1 working wakes 1 | Running | in flight: state task-a"
    },
    {
      clause: "before what waits behind it",
      run: () =>
        Run.working().restarted().inspected({ process: "alive", started: true }).tell(...connect).tell({
          _tag: "RateLimited",
          retry_after_ms: 7_000
        }).timer("resend"),
      said: ["AskRecovery task-a g1"],
      timers: ["start answer 15000"],
      state: "recovering task-a g1 working wakes 1 | Running | in flight: recovery task-a | pending: state task-a"
    },
    {
      clause: "a rejection that was rate limited goes again",
      run: () => Run.working().assigned(1, B).tell({ _tag: "RateLimited", retry_after_ms: 7_000 }).timer("resend"),
      said: ["RejectTask task-b busy"],
      timers: ["start answer 15000"],
      state: "task-a g1 working wakes 1 | Running | ours | in flight: reject task-b"
    },
    {
      clause: "a question that was rate limited and is settled by an assignment does not go again",
      run: () =>
        Run.working().reconnected().tell({ _tag: "RateLimited", retry_after_ms: 7_000 }).assigned(3).timer("resend"),
      said: ["AcceptTask task-a g3"],
      timers: ["start answer 15000"],
      state: "task-a g3 working wakes 1 | Running | ours | in flight: accept task-a"
    },
    {
      clause: "a report that was rate limited goes after the accept of a new generation",
      run: () => Run.reporting().tell({ _tag: "RateLimited", retry_after_ms: 7_000 }).assigned(3).timer("resend"),
      said: ["AcceptTask task-a g3"],
      timers: ["start answer 15000"],
      state: "task-a g3 reporting | has Success | ours | in flight: accept task-a"
    },
    {
      clause: "and then with that generation",
      run: () =>
        Run.reporting().tell({ _tag: "RateLimited", retry_after_ms: 7_000 }).assigned(3).timer("resend").acked(),
      said: ["SendReport task-a g3 Complete"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: ["report_sent task-a 3 complete"],
      state: "task-a g3 reporting | has Success | ours | in flight: report task-a"
    },
    {
      clause: "a frame of a task that has gone does not go again",
      run: () => Run.idle().assigned().tell({ _tag: "RateLimited", retry_after_ms: 7_000 }).cancelled().timer("resend"),
      state: "terminating: task-a remove | stopping: task-a"
    },
    {
      clause: "a rate limit without a frame in flight changes nothing",
      run: () => Run.working().tell({ _tag: "RateLimited", retry_after_ms: 7_000 }),
      logged: ["rate_limited 7000"],
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "an answer to a frame that was taken for rate limited counts",
      run: () => Run.reporting().tell({ _tag: "RateLimited", retry_after_ms: 7_000 }).acked("complete"),
      said: ["StopWatching", "StopAgent task-a linger 15000"],
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
        "cancel task_inspection"
      ],
      logged: ["report_acknowledged task-a complete 0"],
      state: "terminating: task-a remove | stopping: task-a"
    },
    {
      clause: "a resend that is due too late changes nothing",
      run: () => Run.reporting().timer("resend"),
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a"
    },
    {
      clause: "a resend without a frame changes nothing",
      run: () => Run.working().timer("resend"),
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "no answer in 15 s: the connection is dead, and its socket may be half open",
      run: () => Run.reporting().after(15_000).timer("answer"),
      said: ["Reconnect the hub did not answer the report frame"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a | half open"
    },
    {
      clause: "after a clock that was set back it does",
      run: () => Run.reporting().after(-1).timer("answer"),
      said: ["Reconnect the hub did not answer the report frame"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a | half open"
    },
    {
      clause: "a frame that waits to be sent again owes no answer",
      run: () => Run.reporting().tell({ _tag: "RateLimited", retry_after_ms: 60_000 }).after(15_000).timer("answer"),
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a limited"
    },
    {
      clause: "without a frame in flight no answer is owed",
      run: () => Run.working().after(15_000).timer("answer"),
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "refused as stale_generation: slot cleared, files kept, one reconnect",
      run: () => Run.reporting().refused("task_complete_failed: stale_generation"),
      said: ["StopWatching", "StopAgent task-a linger 15000", "Reconnect a report was refused"],
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
        "cancel task_inspection"
      ],
      logged: [
        "frame_refused report task_complete_failed: stale_generation",
        "report_refused task-a task_complete_failed: stale_generation the files are kept; POST /api/tasks/task-a/retry at the hub brings the task back, and with it the answer"
      ],
      state: "terminating: task-a keep | stopping: task-a"
    },
    {
      clause: "refused as invalid_state: the same",
      run: () => Run.reporting().refused("task_complete_failed: invalid_state"),
      said: ["StopWatching", "StopAgent task-a linger 15000", "Reconnect a report was refused"],
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
        "cancel task_inspection"
      ],
      logged: [
        "frame_refused report task_complete_failed: invalid_state",
        "report_refused task-a task_complete_failed: invalid_state the files are kept; POST /api/tasks/task-a/retry at the hub brings the task back, and with it the answer"
      ],
      state: "terminating: task-a keep | stopping: task-a"
    },
    {
      clause: "refused as not_found: the same",
      run: () => Run.failing().refused("task_fail_failed: not_found"),
      said: ["StopWatching", "StopAgent task-a linger 15000", "Reconnect a report was refused"],
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
        "cancel task_inspection"
      ],
      logged: [
        "frame_refused report task_fail_failed: not_found",
        "report_refused task-a task_fail_failed: not_found the files are kept; POST /api/tasks/task-a/retry at the hub brings the task back, and with it the answer"
      ],
      state: "terminating: task-a keep | stopping: task-a"
    },
    {
      clause: "its files stay when its agent is gone",
      run: () => Run.reporting().refused("task_complete_failed: not_found").stopped(),
      state: ""
    },
    {
      clause: "refused while draining: no reconnect, that was all",
      run: () =>
        Run.reporting().tell({ _tag: "DrainRequested", exit_code: 0 }).refused("task_complete_failed: not_found"),
      said: ["StopWatching", "StopAgent task-a linger 15000", "CloseConnection"],
      timers: [
        "cancel answer",
        "cancel resend",
        ...endOfTask,
        ...closing
      ],
      logged: [
        "frame_refused report task_complete_failed: not_found",
        "report_refused task-a task_complete_failed: not_found the files are kept; POST /api/tasks/task-a/retry at the hub brings the task back, and with it the answer"
      ],
      state: "down | terminating: task-a keep | stopping: task-a | draining 0 | link resting"
    },
    {
      clause: "refused under an older generation: the report is owed under the new one, after its accept",
      run: () => Run.reporting().assigned(3).refused("task_complete_failed: stale_generation"),
      said: ["AcceptTask task-a g3"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: ["frame_refused report task_complete_failed: stale_generation"],
      state: "task-a g3 reporting | has Success | ours | in flight: accept task-a"
    },
    {
      clause: "refused by the schema: the answer is kept and a minimal failure is sent",
      run: () => Run.reporting().refused("validation_failed", "report"),
      said: [
        "SetAside task-a rejected",
        "SetAside task-a sent",
        "SendReport task-a g1 Failed: the hub did not take the answer: validation_failed"
      ],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: [
        "frame_refused report validation_failed",
        "report_sent task-a 1 failed the hub did not take the answer: validation_failed"
      ],
      state:
        "task-a g1 reporting wakes 1 failed (the hub did not take the answer: validation_failed; sent g1) | has Success | ours | in flight: report task-a"
    },
    {
      clause: "refused as invalid_json: the same",
      run: () => Run.reporting().refused("invalid_json"),
      said: [
        "SetAside task-a rejected",
        "SetAside task-a sent",
        "SendReport task-a g1 Failed: the hub did not take the answer: invalid_json"
      ],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: [
        "frame_refused report invalid_json",
        "report_sent task-a 1 failed the hub did not take the answer: invalid_json"
      ],
      state:
        "task-a g1 reporting wakes 1 failed (the hub did not take the answer: invalid_json; sent g1) | has Success | ours | in flight: report task-a"
    },
    {
      clause: "and that refused too: as refused",
      run: () => Run.reporting().refused("invalid_json").refused("validation_failed", "report"),
      said: ["StopWatching", "StopAgent task-a linger 15000", "Reconnect a report was refused"],
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
        "cancel task_inspection"
      ],
      logged: [
        "frame_refused report validation_failed",
        "report_refused task-a validation_failed the files are kept; POST /api/tasks/task-a/retry at the hub brings the task back, and with it the answer"
      ],
      state: "terminating: task-a keep | stopping: task-a"
    },
    {
      clause: "a failure refused by the schema: as refused",
      run: () => Run.failing().refused("validation_failed", "report"),
      said: ["StopWatching", "StopAgent task-a linger 15000", "Reconnect a report was refused"],
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
        "cancel task_inspection"
      ],
      logged: [
        "frame_refused report validation_failed",
        "report_refused task-a validation_failed the files are kept; POST /api/tasks/task-a/retry at the hub brings the task back, and with it the answer"
      ],
      state: "terminating: task-a keep | stopping: task-a"
    },
    {
      clause: "an error that names the type of another frame does not answer the one in flight",
      run: () => Run.reporting().refused("validation_failed", "progress"),
      logged: ["frame_refused progress validation_failed"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a"
    },
    {
      clause: "an error about a report of a task that has gone changes nothing",
      run: () => Run.reporting().cancelled().refused("task_complete_failed: invalid_state"),
      timers: ["cancel answer", "cancel resend"],
      logged: ["frame_refused report task_complete_failed: invalid_state"],
      state: "terminating: task-a remove | stopping: task-a"
    },
    {
      clause: "an acknowledgement of a report of a task that has gone changes nothing",
      run: () => Run.reporting().cancelled().acked("complete"),
      timers: ["cancel answer", "cancel resend"],
      state: "terminating: task-a remove | stopping: task-a"
    },
    {
      clause: "an acknowledgement of a report of the task before is not that of this one",
      run: () => Run.reporting().cancelled().assigned(1, B).stopped().inspected({ answer: success }).acked("complete"),
      said: ["AcceptTask task-b g1"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      state: "task-b g1 reporting | has Success | ours | in flight: accept task-b"
    },
    {
      clause: "an error about a report of the task before goes by, and what waits goes out",
      run: () => Run.reporting().cancelled().assigned(1, B).refused("task_complete_failed: invalid_state"),
      said: ["AcceptTask task-b g1"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: ["frame_refused report task_complete_failed: invalid_state"],
      state:
        "task-b g1 accepted | Inspecting evidence | ours | in flight: accept task-b | terminating: task-a remove | stopping: task-a"
    },
    {
      clause: "an acknowledgement of an earlier generation is not that of the failure we owe now",
      run: () =>
        Run.failing().assigned(3).stopped(false).inspected().tell({
          _tag: "WakeImpossible",
          work_id: A,
          wake_id: "g3a1t1000000",
          reason: "too large"
        }).acked("retried"),
      said: ["AcceptTask task-a g3"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      state: "task-a g3 reporting wakes 1 failed (too large) | ours | in flight: accept task-a"
    },
    {
      clause: "a refused accept goes by, and what waits goes out",
      run: () => Run.working().assigned(1).found(success).refused("validation_failed", "accept"),
      said: ["SendReport task-a g1 Complete"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: ["frame_refused accept validation_failed", "report_sent task-a 1 complete"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a | accept refused"
    },
    {
      clause: "after its report a new connection shows the hub that we are free, as it never saw that task accepted",
      run: () => Run.working().assigned(1).found(success).refused("validation_failed", "accept").acked("complete"),
      said: ["StopWatching", "StopAgent task-a linger 15000", "Reconnect an accept was refused"],
      timers: ["cancel answer", "cancel resend", ...endOfTask],
      logged: ["report_acknowledged task-a complete 0"],
      state: "terminating: task-a remove | stopping: task-a | accept refused"
    },
    {
      clause: "unless that was all",
      run: () =>
        Run.working().tell({ _tag: "DrainRequested", exit_code: 0 }).assigned(1).found(success)
          .refused("validation_failed", "accept").acked("complete"),
      said: ["StopWatching", "StopAgent task-a linger 15000", "CloseConnection"],
      timers: [
        "cancel answer",
        "cancel resend",
        ...endOfTask,
        ...closing
      ],
      logged: ["report_acknowledged task-a complete 0"],
      state: "down | terminating: task-a remove | stopping: task-a | draining 0 | link resting"
    },
    {
      clause: "an accept that the hub takes later makes up for it",
      run: () => Run.working().assigned(1).refused("validation_failed", "accept").assigned(3).acked(),
      timers: ["cancel answer", "cancel resend"],
      state: "task-a g3 working wakes 1 | Running | ours"
    },
    {
      clause: "a report goes before the rejections that wait, as a hub may never answer those",
      run: () => Run.working().assigned(1, B).assigned(1, "task-c").found(success).after(15_000).timer("answer"),
      said: ["SendReport task-a g1 Complete"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: ["report_sent task-a 1 complete"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a | pending: reject task-c"
    },
    {
      clause:
        "but never before the accept of its task, wherever that waits: such a hub would think us at work for good",
      run: () => Run.working().assigned(1, B).assigned(3).found(success).after(15_000).timer("answer"),
      said: ["AcceptTask task-a g3"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      state: "task-a g3 reporting wakes 1 | has Success | ours | in flight: accept task-a"
    },
    {
      clause: "also where that accept waits behind a rejection",
      run: () =>
        Run.working().assigned(1, B).assigned(1, "task-c").assigned(3).found(success).after(15_000).timer("answer"),
      said: ["AcceptTask task-a g3"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      state: "task-a g3 reporting wakes 1 | has Success | ours | in flight: accept task-a | pending: reject task-c"
    },
    {
      clause: "a refused rejection goes by, and what waits goes out",
      run: () => Run.working().assigned(1, B).found(success).refused("validation_failed", "reject", true),
      said: ["SendReport task-a g1 Complete"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: ["frame_refused reject validation_failed", "report_sent task-a 1 complete"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a | refused: reject"
    },
    {
      clause: "an error without a frame in flight is only logged",
      run: () => Run.working().refused("unspecified"),
      logged: ["frame_refused unknown unspecified"],
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "an unknown type that the hub does not name is only logged",
      run: () => Run.working().refused("validation_failed", null, true),
      logged: ["frame_refused unknown validation_failed"],
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "a frame type is remembered as refused once",
      run: () =>
        Run.working().refused("validation_failed", "wake_result", true).refused(
          "validation_failed",
          "wake_result",
          true
        ),
      logged: ["frame_refused wake_result validation_failed"],
      state: "task-a g1 working wakes 1 | Running | ours | refused: wake_result"
    },
    {
      clause: "an accept that the hub does not know is not sent again on that connection",
      run: () => Run.working().assigned(1).refused("validation_failed", "accept", true).assigned(1),
      timers: ["cancel half_open", "cancel assign_grace", "cancel lookup"],
      logged: ["task_received task-a 1 true"],
      state: "task-a g1 working wakes 1 | Running | ours | refused: accept | accept refused"
    },
    {
      clause: "a lost connection takes the frame in flight with it, and what is owed stays owed",
      run: () => Run.reporting().offline(),
      timers: ["cancel answer", "cancel resend", "cancel assign_grace", "cancel lookup", "cancel half_open"],
      state: "task-a g1 reporting wakes 1 | has Success | down"
    },
    {
      clause: "a failure that was sent under this generation is sent again under it",
      run: () => Run.failing().reconnected().answered("continue").acked(),
      said: ["SendReport task-a g1 Failed: it went wrong"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: ["report_sent task-a 1 failed it went wrong"],
      state: "task-a g1 reporting wakes 1 failed (it went wrong; sent g1) | ours | in flight: report task-a"
    },
    {
      clause: "also where it is assigned again under it",
      run: () => Run.failing().reconnected().assigned(1).answered("continue").acked(),
      said: ["SendReport task-a g1 Failed: it went wrong"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: ["report_sent task-a 1 failed it went wrong"],
      state: "task-a g1 reporting wakes 1 failed (it went wrong; sent g1) | ours | in flight: report task-a"
    },
    {
      clause:
        "a failure that was sent is never sent under a new generation: the old agent is seen off and the task done anew",
      run: () => Run.failing().after(5).reconnected().assigned(3),
      said: ["StopWatching", "StopAgent task-a linger 15000"],
      timers: [
        "cancel half_open",
        "cancel progress",
        "cancel assign_grace",
        "cancel lookup",
        "cancel task_confirmation",
        "cancel task_late_answer",
        "cancel task_timeout",
        "cancel task_check",
        "cancel task_inspection",
        "start task_check 60000",
        "cancel assign_grace",
        "cancel lookup"
      ],
      logged: ["task_received task-a 3 true"],
      state:
        "task-a g3 accepted | AwaitingExit | ours | in flight: state task-a | pending: accept task-a | terminating: task-a keep | stopping: task-a",
      then: (run) => expect(run.task.woken_at).toBe(null)
    },
    {
      clause: "what is evidence is looked at when the old agent is gone",
      run: () => Run.failing().reconnected().assigned(3).stopped(false),
      said: ["InspectAgent task-a g3"],
      state: "task-a g3 accepted | Inspecting evidence | ours | in flight: state task-a | pending: accept task-a"
    },
    {
      clause: "while draining it is not done anew",
      run: () => Run.failing().tell({ _tag: "DrainRequested", exit_code: 0 }).assigned(3),
      said: ["StopWatching", "StopAgent task-a linger 15000", "CloseConnection"],
      timers: [
        "cancel half_open",
        ...endOfTask,
        ...closing
      ],
      logged: ["task_refused task-a not ready: draining"],
      state: "down | terminating: task-a keep | stopping: task-a | draining 0 | link resting"
    },
    {
      clause: "a failure that was never sent is sent under the new generation",
      run: () => Run.working().offline().found(failure).tell(...connect).answered("abort").assigned(3).acked(),
      said: ["SetAside task-a sent", "SendReport task-a g3 Failed: it went wrong"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: ["report_sent task-a 3 failed it went wrong"],
      state: "task-a g3 reporting failed (it went wrong; sent g3) | ours | in flight: report task-a"
    },
    {
      clause: "a success that comes after a failure was sent is kept",
      run: () => Run.failing().found(success),
      logged: ["answer_ignored task-a a failure was reported before it"],
      state: "task-a g1 reporting wakes 1 failed (it went wrong; sent g1) | ours | in flight: report task-a"
    },
    {
      clause: "another failure that comes after one was sent joins it",
      run: () => Run.failing().found({ _tag: "Failure", reason: "again" }),
      said: ["SetAside task-a sent"],
      logged: ["answer_ignored task-a a failure was reported before it"],
      state: "task-a g1 reporting wakes 1 failed (it went wrong; sent g1) | ours | in flight: report task-a"
    },
    {
      clause: "a bad answer that comes after a failure was sent is moved away",
      run: () => Run.failing().found(unusable),
      said: ["SetAside task-a rejected"],
      logged: ["answer_ignored task-a a failure was reported before it"],
      state: "task-a g1 reporting wakes 1 failed (it went wrong; sent g1) | ours | in flight: report task-a"
    },
    {
      clause: "a success that comes before the failure is sent takes its place",
      run: () => Run.working().assigned(1).found(failure).found(success),
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout"],
      logged: ["answer_found task-a success"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: accept task-a"
    },
    {
      clause: "another failure does not",
      run: () => Run.working().assigned(1).found(failure).found({ _tag: "Failure", reason: "again" }),
      logged: ["answer_ignored task-a there is one already"],
      state: "task-a g1 reporting wakes 1 failed (it went wrong) | ours | in flight: accept task-a"
    },
    {
      clause: "nor does a bad answer",
      run: () => Run.working().assigned(1).found(failure).found(unusable),
      logged: ["answer_ignored task-a there is one already"],
      state: "task-a g1 reporting wakes 1 failed (it went wrong) | ours | in flight: accept task-a"
    },
    {
      clause: "a second answer is ignored",
      run: () => Run.reporting().found(success),
      logged: ["answer_ignored task-a there is one already"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a"
    },
    {
      clause: "an answer of another task is ignored",
      run: () => Run.working().tell({ _tag: "ResultFound", work_id: B, answer: success }),
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "an answer without a task is ignored",
      run: () => Run.idle().tell({ _tag: "ResultFound", work_id: A, answer: success }),
      state: ""
    }
  ])
})
