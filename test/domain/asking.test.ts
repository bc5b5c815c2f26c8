import { describe } from "vitest"
import { emptyStore } from "../../src/domain/SidecarState.ts"
import { A, B, connect, failure, Run, success, table } from "./support.ts"

describe("rule 4: ask first", () => {
  table([
    {
      clause: "without a task there is nothing to ask, and we are idle",
      run: () => new Run().tell({ _tag: "Restarted", stored: emptyStore, survivors: [] }, ...connect),
      said: ["CheckReadiness", "Identify idle"],
      timers: ["start readiness 30000"],
      state: "link closed"
    },
    {
      clause: "with a task we identify as working",
      run: () => Run.working().offline().tell({ _tag: "Connected" }),
      said: ["Identify at work since 1970-01-01T00:16:40.000Z"],
      state: "task-a g1 working wakes 1 | Running | connected"
    },
    {
      clause: "after every identified with a task held, state_report is sent",
      run: () => Run.working().offline().tell({ _tag: "Connected" }).tell({ _tag: "Identified" }),
      said: ["ReportState task-a g1"],
      timers: ["start answer 15000"],
      state: "task-a g1 working wakes 1 | Running | in flight: state task-a"
    },
    {
      clause: "after a restart task_recovering goes first",
      run: () => Run.working().restarted().inspected({ process: "alive", started: true }).tell(...connect),
      said: ["Identify at work since 1970-01-01T00:16:40.000Z", "AskRecovery task-a g1"],
      timers: ["start answer 15000"],
      state: "recovering task-a g1 working wakes 1 | Running | in flight: recovery task-a | pending: state task-a"
    },
    {
      clause: "and then state_report",
      run: () => Run.working().restarted().inspected({ process: "alive", started: true }).tell(...connect).reassigned(),
      said: ["ReportState task-a g1"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      state: "recovering task-a g1 working wakes 1 | Running | recovery denied | in flight: state task-a"
    },
    {
      clause: "before any report",
      run: () => Run.working().offline().found(success).tell(...connect),
      said: ["Identify at work since 1970-01-01T00:16:40.000Z", "ReportState task-a g1"],
      timers: ["start answer 15000"],
      state: "task-a g1 reporting wakes 1 | has Success | in flight: state task-a"
    },
    {
      clause: "continue: it is ours, accepted again, and the waiting report follows",
      run: () => Run.working().offline().found(success).tell(...connect).answered("continue"),
      said: ["AcceptTask task-a g1"],
      timers: ["cancel answer", "cancel resend", "cancel assign_grace", "cancel lookup", "start answer 15000"],
      logged: ["recovery_settled task-a ours"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: accept task-a"
    },
    {
      clause: "the report goes when the accept is acknowledged",
      run: () => Run.working().offline().found(success).tell(...connect).answered("continue").acked(),
      said: ["SendReport task-a g1 Complete"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: ["report_sent task-a 1 complete"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a"
    },
    {
      clause: "continue: rule 1 for a task that nobody is at work on",
      run: () => Run.accepted().offline().restarted().tell(...connect).inspected().reassigned().answered("continue"),
      said: ["InspectAgent task-a g1", "AcceptTask task-a g1"],
      timers: ["cancel answer", "cancel resend", "cancel assign_grace", "cancel lookup", "start answer 15000"],
      logged: ["recovery_settled task-a ours"],
      state: "task-a g1 accepted | Inspecting evidence | ours | recovery denied | in flight: accept task-a"
    },
    {
      clause: "continue: an agent at work is not looked at anew",
      run: () => Run.working().reconnected().answered("continue"),
      said: ["AcceptTask task-a g1"],
      timers: ["cancel answer", "cancel resend", "cancel assign_grace", "cancel lookup", "start answer 15000"],
      logged: ["recovery_settled task-a ours"],
      state: "task-a g1 working wakes 1 | Running | ours | in flight: accept task-a"
    },
    {
      clause: "the answer of state_report counts, whatever task_recovering said",
      run: () =>
        Run.working().restarted().inspected({ process: "alive", started: true }).tell(...connect).reassigned().answered(
          "continue"
        ),
      said: ["AcceptTask task-a g1"],
      timers: ["cancel answer", "cancel resend", "cancel assign_grace", "cancel lookup", "start answer 15000"],
      logged: ["recovery_settled task-a ours"],
      state: "task-a g1 working wakes 1 | Running | ours | recovery denied | in flight: accept task-a"
    },
    {
      clause: "the answer of state_report counts, though task_continue said otherwise",
      run: () =>
        Run.working().restarted().inspected({ process: "alive", started: true }).tell(...connect).tell({
          _tag: "TaskContinued",
          task_id: A,
          generation: 1
        }).answered("abort"),
      timers: ["cancel answer", "cancel resend", "start assign_grace 5000"],
      state: "recovering task-a g1 working wakes 1 | Running | denied | recovery continue"
    },
    {
      clause: "where the hub does not know state_report, task_continue counts with the generation we hold",
      run: () =>
        Run.working().restarted().inspected({ process: "alive", started: true }).tell(...connect).tell({
          _tag: "TaskContinued",
          task_id: A,
          generation: 1
        }).refused("validation_failed", "state", true),
      said: ["AcceptTask task-a g1"],
      timers: ["cancel answer", "cancel resend", "cancel assign_grace", "cancel lookup", "start answer 15000"],
      logged: ["frame_refused state validation_failed", "recovery_settled task-a ours"],
      state:
        "task-a g1 working wakes 1 | Running | ours | recovery continue | in flight: accept task-a | refused: state"
    },
    {
      clause: "but not with another",
      run: () =>
        Run.working().restarted().inspected({ process: "alive", started: true }).tell(...connect).tell({
          _tag: "TaskContinued",
          task_id: A,
          generation: 3
        }).refused("validation_failed", "state", true),
      timers: ["cancel answer", "cancel resend", "start assign_grace 5000"],
      logged: ["frame_refused state validation_failed"],
      state: "recovering task-a g1 working wakes 1 | Running | denied | recovery denied | refused: state"
    },
    {
      clause: "unless the task is assigned with it within 5 s",
      run: () =>
        Run.working().restarted().inspected({ process: "alive", started: true }).tell(...connect).tell({
          _tag: "TaskContinued",
          task_id: A,
          generation: 3
        }).refused("validation_failed", "state", true).assigned(3),
      said: ["AcceptTask task-a g3"],
      timers: ["cancel half_open", "cancel assign_grace", "cancel lookup", "start answer 15000"],
      logged: ["task_received task-a 3 true", "recovery_settled task-a ours"],
      state: "task-a g3 working wakes 1 | Running | ours | recovery denied | in flight: accept task-a | refused: state"
    },
    {
      clause: "where the hub does not know state_report, task_reassign counts",
      run: () =>
        Run.working().restarted().inspected({ process: "alive", started: true }).tell(...connect).reassigned().refused(
          "validation_failed",
          "state",
          true
        ),
      timers: ["cancel answer", "cancel resend", "start assign_grace 5000"],
      logged: ["frame_refused state validation_failed"],
      state: "recovering task-a g1 working wakes 1 | Running | denied | recovery denied | refused: state"
    },
    {
      clause: "where the hub refuses both questions it is not ours as far as we know",
      run: () =>
        Run.working().restarted().inspected({ process: "alive", started: true }).tell(...connect).refused(
          "validation_failed",
          "recovery",
          true
        ).refused("validation_failed", "state", true),
      timers: ["cancel answer", "cancel resend", "start assign_grace 5000"],
      logged: ["frame_refused state validation_failed"],
      state: "recovering task-a g1 working wakes 1 | Running | denied | refused: recovery, state"
    },
    {
      clause: "a refused task_recovering leaves the word to state_report",
      run: () =>
        Run.working().restarted().inspected({ process: "alive", started: true }).tell(...connect).refused(
          "validation_failed",
          "recovery",
          true
        ),
      said: ["ReportState task-a g1"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: ["frame_refused recovery validation_failed"],
      state: "recovering task-a g1 working wakes 1 | Running | in flight: state task-a | refused: recovery"
    },
    {
      clause: "an older hub that refuses state_report is asked task_recovering, also without a restart",
      run: () => Run.working().reconnected().refused("validation_failed", "state", true),
      said: ["AskRecovery task-a g1"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: ["frame_refused state validation_failed"],
      state: "task-a g1 working wakes 1 | Running | in flight: recovery task-a | refused: state"
    },
    {
      clause: "and its answer counts",
      run: () =>
        Run.working().reconnected().refused("validation_failed", "state", true).tell({
          _tag: "TaskContinued",
          task_id: A,
          generation: 1
        }),
      said: ["AcceptTask task-a g1"],
      timers: ["cancel answer", "cancel resend", "cancel assign_grace", "cancel lookup", "start answer 15000"],
      logged: ["recovery_settled task-a ours"],
      state: "task-a g1 working wakes 1 | Running | ours | in flight: accept task-a | refused: state"
    },
    {
      clause: "and its denial counts",
      run: () => Run.working().reconnected().refused("validation_failed", "state", true).reassigned(),
      timers: ["cancel answer", "cancel resend", "start assign_grace 5000"],
      state: "task-a g1 working wakes 1 | Running | denied | refused: state"
    },
    {
      clause: "and if it refuses that too, it is not ours as far as we know",
      run: () =>
        Run.working().reconnected().refused("validation_failed", "state", true).refused(
          "validation_failed",
          "recovery",
          true
        ),
      timers: ["cancel answer", "cancel resend", "start assign_grace 5000"],
      logged: ["frame_refused recovery validation_failed"],
      state: "task-a g1 working wakes 1 | Running | denied | refused: state, recovery"
    },
    {
      clause: "a state_report refused for another reason: not ours as far as we know",
      run: () => Run.working().reconnected().refused("validation_failed", "state"),
      timers: ["cancel answer", "cancel resend", "start assign_grace 5000"],
      logged: ["frame_refused state validation_failed"],
      state: "task-a g1 working wakes 1 | Running | denied"
    },
    {
      clause: "abort: not ours, unless it is assigned to us within 5 s",
      run: () => Run.working().denied(),
      timers: ["cancel answer", "cancel resend", "start assign_grace 5000"],
      state: "task-a g1 working wakes 1 | Running | denied"
    },
    {
      clause: "abort: what waited for its answer goes out",
      run: () => Run.working().reconnected().assigned(1, B).answered("abort"),
      said: ["RejectTask task-b busy"],
      timers: ["cancel answer", "cancel resend", "start assign_grace 5000", "start answer 15000"],
      state: "task-a g1 working wakes 1 | Running | denied | in flight: reject task-b"
    },
    {
      clause: "assigned to us before the abort, after we asked: ours, and the abort is late",
      run: () => Run.working().reconnected().assigned(3).answered("abort"),
      said: ["AcceptTask task-a g3"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      state: "task-a g3 working wakes 1 | Running | ours | in flight: accept task-a"
    },
    {
      clause: "assigned to us before the continue: ours already",
      run: () => Run.working().reconnected().assigned(3).answered("continue"),
      said: ["AcceptTask task-a g3"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      state: "task-a g3 working wakes 1 | Running | ours | in flight: accept task-a"
    },
    {
      clause: "assigned to us within 5 s after the abort: ours",
      run: () => Run.working().denied().assigned(3),
      said: ["AcceptTask task-a g3"],
      timers: ["cancel half_open", "cancel assign_grace", "cancel lookup", "start answer 15000"],
      logged: ["task_received task-a 3 true", "recovery_settled task-a ours"],
      state: "task-a g3 working wakes 1 | Running | ours | in flight: accept task-a"
    },
    {
      clause: "the questions that an assignment has settled are not asked any more",
      run: () =>
        Run.working().restarted().inspected({ process: "alive", started: true }).tell(...connect).assigned(3)
          .reassigned(),
      said: ["AcceptTask task-a g3"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      state: "task-a g3 working wakes 1 | Running | ours | in flight: accept task-a"
    },
    {
      clause: "a question refused after an assignment changes nothing",
      run: () => Run.working().reconnected().assigned(3).refused("validation_failed", "state", true),
      said: ["AcceptTask task-a g3"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: ["frame_refused state validation_failed"],
      state: "task-a g3 working wakes 1 | Running | ours | in flight: accept task-a | refused: state"
    },
    {
      clause: "a question refused after the task has gone changes nothing",
      run: () => Run.working().reconnected().cancelled().refused("validation_failed", "state", true),
      timers: ["cancel answer", "cancel resend"],
      logged: ["frame_refused state validation_failed"],
      state: "terminating: task-a remove | stopping: task-a | refused: state"
    },
    {
      clause: "an answer about a task that has gone changes nothing",
      run: () => Run.working().reconnected().cancelled().answered("abort"),
      timers: ["cancel answer", "cancel resend"],
      state: "terminating: task-a remove | stopping: task-a"
    },
    {
      clause: "an answer about another task is not the answer",
      run: () => Run.working().reconnected().tell({ _tag: "StateReportAnswered", task_id: B, action: "abort" }),
      state: "task-a g1 working wakes 1 | Running | in flight: state task-a"
    },
    {
      clause: "an answer to another question is not the answer",
      run: () => Run.working().reconnected().reassigned(),
      state: "task-a g1 working wakes 1 | Running | in flight: state task-a"
    },
    {
      clause: "an answer that was not asked for changes nothing",
      run: () => Run.working().answered("abort"),
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "no assignment in 5 s: the task is looked up, once",
      run: () => Run.working().inDoubt(),
      said: ["LookUpTask task-a"],
      timers: ["start lookup 60000"],
      logged: ["recovery_settled task-a in_doubt"],
      state: "task-a g1 working wakes 1 | Running | unresolved"
    },
    {
      clause: "the 5 s of a task that is ours by now mean nothing",
      run: () => Run.working().denied().assigned(3).timer("assign_grace"),
      state: "task-a g3 working wakes 1 | Running | ours | in flight: accept task-a"
    },
    {
      clause: "the 5 s of a task that has gone mean nothing",
      run: () => Run.working().denied().cancelled().timer("assign_grace"),
      state: "terminating: task-a remove | stopping: task-a"
    },
    {
      clause: "with another agent, finished or gone: its agent is stopped, the slot is free, its files are kept",
      run: () => Run.working().inDoubt().lookedUp("elsewhere"),
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
      logged: ["recovery_settled task-a not_ours"],
      state: "terminating: task-a keep | stopping: task-a"
    },
    {
      clause: "queued: the agent works on in its slot",
      run: () => Run.working().inDoubt().lookedUp("queued"),
      state: "task-a g1 working wakes 1 | Running | unresolved"
    },
    {
      clause: "no look-up to be had: the agent works on in its slot",
      run: () => Run.working().inDoubt().lookedUp("unknown"),
      state: "task-a g1 working wakes 1 | Running | unresolved"
    },
    {
      clause: "with us, as the hub has it: it comes by push",
      run: () => Run.working().inDoubt().lookedUp("ours"),
      state: "task-a g1 working wakes 1 | Running | unresolved"
    },
    {
      clause: "a look-up of a task that is ours by now means nothing",
      run: () => Run.working().inDoubt().assigned(3).lookedUp("elsewhere"),
      state: "task-a g3 working wakes 1 | Running | ours | in flight: accept task-a"
    },
    {
      clause: "a look-up of another task means nothing",
      run: () => Run.working().inDoubt().tell({ _tag: "TaskLookedUp", task_id: B, location: "elsewhere" }),
      state: "task-a g1 working wakes 1 | Running | unresolved"
    },
    {
      clause: "a look-up without a task means nothing",
      run: () => Run.idle().lookedUp("elsewhere"),
      state: ""
    },
    {
      clause: "while the task is in doubt, other tasks are busy",
      run: () => Run.working().inDoubt().assigned(1, B),
      said: ["RejectTask task-b busy"],
      timers: ["cancel half_open", "start answer 15000"],
      logged: ["task_refused task-b busy with task-a"],
      state: "task-a g1 working wakes 1 | Running | unresolved | in flight: reject task-b"
    },
    {
      clause: "an answer found in doubt is kept until the task comes back",
      run: () => Run.working().inDoubt().found(success),
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout"],
      logged: ["answer_found task-a success"],
      state: "task-a g1 reporting wakes 1 | has Success | unresolved"
    },
    {
      clause: "and is delivered then",
      run: () => Run.working().inDoubt().found(success).assigned(3).acked(),
      said: ["SendReport task-a g3 Complete"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: ["report_sent task-a 3 complete"],
      state: "task-a g3 reporting | has Success | ours | in flight: report task-a"
    },
    {
      clause: "a task in doubt is looked up again once a minute",
      run: () => Run.working().inDoubt().lookedUp("queued").timer("lookup"),
      said: ["LookUpTask task-a"],
      timers: ["start lookup 60000"],
      state: "task-a g1 working wakes 1 | Running | unresolved"
    },
    {
      clause: "a denied agent works on, but no progress is sent",
      run: () =>
        Run.working().denied().tell({
          _tag: "ProgressFound",
          work_id: A,
          progress: { progress: 10, execution_event: null }
        }),
      state: "task-a g1 working wakes 1 | Running | has progress | denied"
    },
    {
      clause: "nor its lease renewed",
      run: () => Run.working().denied().timer("task_check").inspected({ process: "alive" }),
      state: "task-a g1 working wakes 1 | Running | denied"
    },
    {
      clause: "a denied task is not woken",
      run: () => Run.retrying().denied().tell({ _tag: "RetryDue", work_id: A }).inspected({ process: "gone" }),
      state: "task-a g1 waking wakes 1 ended exited 1 | denied"
    },
    {
      clause: "a task in doubt is not woken",
      run: () => Run.retrying().inDoubt().tell({ _tag: "RetryDue", work_id: A }).inspected({ process: "gone" }),
      state: "task-a g1 waking wakes 1 ended exited 1 | unresolved"
    },
    {
      clause: "a recovering task is not woken before it is ours",
      run: () => Run.accepted().restarted().tell(...connect).inspected(),
      state: "recovering task-a g1 accepted | in flight: recovery task-a | pending: state task-a"
    },
    {
      clause: "one that was ours when the connection was lost is woken",
      run: () => Run.accepted().offline().inspected(),
      said: ["ClearEvidence task-a", "WatchResults task-a g1a1t1000000", "WakeAgent task-a g1"],
      timers: ["start task_timeout 86400000"],
      logged: ["wake_attempt task-a 1 g1a1t1000000"],
      state: "task-a g1 waking wakes 1 | Spawning | down"
    },
    {
      clause: "a failure that was sent and is not ours any more is not worth a wait",
      run: () => Run.failing().reconnected().answered("abort").timer("assign_grace"),
      said: ["StopWatching", "StopAgent task-a linger 15000"],
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
      logged: ["recovery_settled task-a not_ours"],
      state: "terminating: task-a keep | stopping: task-a"
    },
    {
      clause: "a failure that was never sent is",
      run: () => Run.working().offline().found(failure).tell(...connect).answered("abort").timer("assign_grace"),
      said: ["LookUpTask task-a"],
      timers: ["start lookup 60000"],
      logged: ["recovery_settled task-a in_doubt"],
      state: "task-a g1 reporting wakes 1 failed (it went wrong) | unresolved"
    }
  ])
})
