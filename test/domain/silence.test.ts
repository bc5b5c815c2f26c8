import { describe, expect } from "vitest"
import { A, connect, exited, Run, success, T0, table, unusable } from "./support.ts"

describe("rule 7: the end of a silent agent", () => {
  table([
    {
      clause: "the process ended with ≠ 0 and there is no answer: it has 10 s to show",
      run: () => Run.working().ended(exited(2, "bye")),
      timers: ["cancel task_confirmation", "start task_late_answer 10000"],
      logged: ["wake_ended task-a 2 0"],
      state:
        "task-a g1 working wakes 1 ended exited 2 | AwaitingAnswer Failed (the wake command ended with exit code 2: bye; there is no answer) | ours"
    },
    {
      clause: "it was killed: the same",
      run: () => Run.working().ended({ how: "killed", code: null, output: "" }),
      timers: ["cancel task_confirmation", "start task_late_answer 10000"],
      logged: ["wake_ended task-a  0"],
      state:
        "task-a g1 working wakes 1 ended killed - | AwaitingAnswer Failed (the wake command was killed; there is no answer) | ours"
    },
    {
      clause: "it ended with 0 where the command blocks: the same",
      run: () => Run.working({ wake_command_blocks: true }).ended(exited(0)),
      timers: ["cancel task_confirmation", "start task_late_answer 10000"],
      logged: ["wake_ended task-a 0 0"],
      state:
        "task-a g1 working wakes 1 ended exited 0 | AwaitingAnswer Failed (the wake command ended with exit code 0; there is no answer) | ours"
    },
    {
      clause: "it ended with 0 before its confirmation where the command blocks: the same",
      run: () => Run.confirming({ wake_command_blocks: true }).ended(exited(0)).inspected({ process: "gone" }),
      timers: ["cancel task_confirmation", "start task_late_answer 10000"],
      state:
        "task-a g1 confirming wakes 1 ended exited 0 | AwaitingAnswer Failed (the wake command ended with exit code 0; there is no answer) | ours"
    },
    {
      clause: "it ended with ≠ 0 before its confirmation where the command blocks: a failed attempt",
      run: () => Run.confirming({ wake_command_blocks: true }).ended(exited(1)).inspected({ process: "gone" }),
      said: [
        "SendWakeResult task-a failed: the wake command ended with exit code 1; there is no answer",
        "StopAgent task-a linger 0"
      ],
      timers: ["cancel task_confirmation", "cancel task_late_answer"],
      logged: [
        "wake_failed task-a 1 the wake command ended with exit code 1; there is no answer",
        "agent_stopping task-a the wake command ended with exit code 1; there is no answer"
      ],
      state:
        "task-a g1 confirming wakes 1 ended exited 1 | Stopping AttemptFailed (the wake command ended with exit code 1; there is no answer) | ours | stopping: task-a"
    },
    {
      clause: "it ended out of our sight where the command blocks: no failed attempt either",
      run: () =>
        Run.confirming({ wake_command_blocks: true }).ended({ how: "unseen", code: null, output: "bye" }).inspected({
          process: "gone"
        }),
      timers: ["cancel task_confirmation", "start task_late_answer 10000"],
      state:
        "task-a g1 confirming wakes 1 ended unseen - | AwaitingAnswer Failed (the wake command ended: bye; there is no answer) | ours"
    },
    {
      clause: "it ended with 0 where the command may only have started something: it works on",
      run: () => Run.working().ended(exited(0)),
      logged: ["wake_ended task-a 0 0"],
      state: "task-a g1 working wakes 1 ended exited 0 | Running | ours"
    },
    {
      clause: "it ended out of our sight where the command may only have started something: it works on",
      run: () => Run.working().ended({ how: "unseen", code: null, output: "" }),
      logged: ["wake_ended task-a  0"],
      state: "task-a g1 working wakes 1 ended unseen - | Running | ours"
    },
    {
      clause: "an answer within the 10 s is reported",
      run: () => Run.working().ended(exited(2)).found(success),
      said: ["SendReport task-a g1 Complete"],
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout", "start answer 15000"],
      logged: ["answer_found task-a success", "report_sent task-a 1 complete"],
      state: "task-a g1 reporting wakes 1 ended exited 2 | has Success | ours | in flight: report task-a"
    },
    {
      clause: ".started within the 10 s changes nothing",
      run: () => Run.working().ended(exited(2)).started(),
      state:
        "task-a g1 working wakes 1 ended exited 2 | AwaitingAnswer Failed (the wake command ended with exit code 2; there is no answer) | ours"
    },
    {
      clause: "after the 10 s what is left of its tree is stopped",
      run: () => Run.working().ended(exited(2, "bye")).timer("task_late_answer"),
      said: ["StopAgent task-a linger 0"],
      timers: ["cancel task_confirmation", "cancel task_late_answer"],
      logged: ["agent_stopping task-a the wake command ended with exit code 2: bye; there is no answer"],
      state:
        "task-a g1 working wakes 1 ended exited 2 | Stopping Failed (the wake command ended with exit code 2: bye; there is no answer) | ours | stopping: task-a"
    },
    {
      clause: "then there is a rescan",
      run: () => Run.working().ended(exited(2, "bye")).timer("task_late_answer").stopped(false),
      said: ["InspectAgent task-a g1"],
      state:
        "task-a g1 working wakes 1 ended exited 2 | Inspecting Failed (the wake command ended with exit code 2: bye; there is no answer) | ours"
    },
    {
      clause: "an answer that it finds is reported",
      run: () =>
        Run.working().ended(exited(2)).timer("task_late_answer").stopped().inspected({
          process: "gone",
          answer: success
        }),
      said: ["SendReport task-a g1 Complete"],
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout", "start answer 15000"],
      logged: ["answer_found task-a success", "report_sent task-a 1 complete"],
      state: "task-a g1 reporting wakes 1 ended killed - | has Success | ours | in flight: report task-a"
    },
    {
      clause: "a half-written one is waited for",
      run: () =>
        Run.working().ended(exited(2)).timer("task_late_answer").stopped().inspected({
          process: "gone",
          answer: "half-written"
        }),
      timers: ["cancel task_confirmation", "start task_late_answer 10000"],
      state:
        "task-a g1 working wakes 1 ended killed - | AwaitingAnswer Failed (the wake command ended with exit code 2; there is no answer) | ours"
    },
    {
      clause: "one that cannot be used is kept, and the hub is told so",
      run: () =>
        Run.working().ended(exited(2)).timer("task_late_answer").stopped().inspected({
          process: "gone",
          answer: unusable
        }),
      said: [
        "SetAside task-a rejected",
        "SetAside task-a sent",
        "SendReport task-a g1 Failed: the wake command ended with exit code 2; there is no answer (the answer file cannot be used: the answer is not JSON)"
      ],
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout", "start answer 15000"],
      logged: [
        "report_sent task-a 1 failed the wake command ended with exit code 2; there is no answer (the answer file cannot be used: the answer is not JSON)"
      ],
      state:
        "task-a g1 reporting wakes 1 ended killed - failed (the wake command ended with exit code 2; there is no answer (the answer file cannot be used: the answer is not JSON); sent g1) | ours | in flight: report task-a"
    },
    {
      clause: "no answer: the task fails and says why",
      run: () =>
        Run.working().ended(exited(2, "bye")).timer("task_late_answer").stopped(false).inspected({ process: "gone" }),
      said: [
        "SetAside task-a sent",
        "SendReport task-a g1 Failed: the wake command ended with exit code 2: bye; there is no answer"
      ],
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout", "start answer 15000"],
      logged: ["report_sent task-a 1 failed the wake command ended with exit code 2: bye; there is no answer"],
      state:
        "task-a g1 reporting wakes 1 ended exited 2 failed (the wake command ended with exit code 2: bye; there is no answer; sent g1) | ours | in flight: report task-a"
    },
    {
      clause: "and so it does though there are signs of life",
      run: () =>
        Run.working().timer("task_timeout").after(86_400_000).timer("task_timeout").stopped(false).inspected({
          process: "gone",
          started: true,
          last_sign_at: T0 + 86_400_000
        }),
      said: ["SetAside task-a sent", "SendReport task-a g1 Failed: the task took longer than 86400000 ms"],
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout", "start answer 15000"],
      logged: ["report_sent task-a 1 failed the task took longer than 86400000 ms"],
      state:
        "task-a g1 reporting wakes 1 failed (the task took longer than 86400000 ms; sent g1) | ours | in flight: report task-a"
    },
    {
      clause: "10 s that are over too late mean nothing",
      run: () => Run.working().timer("task_late_answer"),
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "not at work any more by its silence: the same",
      run: () =>
        Run.working().ended(exited(0)).after(1_800_000).timer("task_check").inspected({
          process: "gone",
          started: true,
          last_sign_at: T0
        }),
      timers: ["cancel task_confirmation", "start task_late_answer 10000"],
      state:
        "task-a g1 working wakes 1 ended exited 0 | AwaitingAnswer Failed (the agent ended without an answer, or was silent for 1800000 ms) | ours"
    },
    {
      clause: "not at work any more as the machine restarted: the same",
      run: () =>
        Run.working().restarted().inspected({ process: "gone", this_boot: false, started: true, last_sign_at: T0 })
          .tell(...connect).reassigned().answered("continue").inspected({
            process: "gone",
            this_boot: false,
            started: true,
            last_sign_at: T0
          }),
      timers: ["cancel task_confirmation", "start task_late_answer 10000"],
      state:
        "task-a g1 working wakes 1 | AwaitingAnswer Failed (the machine or the container of the agent restarted while it was at work) | ours | recovery denied | in flight: accept task-a"
    },
    {
      clause: "also where nobody had seen its confirmation",
      run: () =>
        Run.confirming().restarted().assigned(1).inspected({
          process: "gone",
          this_boot: false,
          started: true,
          last_sign_at: T0
        }),
      timers: ["cancel task_confirmation", "cancel task_confirmation", "start task_late_answer 10000"],
      logged: ["agent_started task-a 0"],
      state:
        "task-a g1 working wakes 1 | AwaitingAnswer Failed (the machine or the container of the agent restarted while it was at work) | down | ours | pending: accept task-a"
    },
    {
      clause: "a machine that restarted before the confirmation: a failed attempt",
      run: () =>
        Run.confirming().restarted().inspected({ process: "gone", this_boot: false }).tell(...connect).reassigned()
          .answered("continue").inspected({ process: "gone", this_boot: false }),
      said: ["StopAgent task-a linger 0"],
      timers: ["cancel task_confirmation", "cancel task_late_answer"],
      logged: [
        "wake_failed task-a 1 the machine or the container of the agent restarted while it was at work",
        "agent_stopping task-a the machine or the container of the agent restarted while it was at work"
      ],
      state:
        "task-a g1 confirming wakes 1 | Stopping AttemptFailed (the machine or the container of the agent restarted while it was at work) | ours | recovery denied | in flight: accept task-a | stopping: task-a"
    },
    {
      clause: "an end that no life of the daemon saw, where the command blocks: the same as its end",
      run: () => Run.confirming({ wake_command_blocks: true }).timer("task_check").inspected({ process: "gone" }),
      timers: ["cancel task_confirmation", "start task_late_answer 10000"],
      state:
        "task-a g1 confirming wakes 1 | AwaitingAnswer Failed (the agent ended without an answer, or was silent for 1800000 ms) | ours"
    },
    {
      clause: "how it ended is told just behind that: a failed attempt after all",
      run: () =>
        Run.confirming({ wake_command_blocks: true }).timer("task_check").inspected({ process: "gone" }).ended(
          exited(1, "boom")
        ).inspected({ process: "gone" }),
      said: [
        "SendWakeResult task-a failed: the wake command ended with exit code 1: boom; there is no answer",
        "StopAgent task-a linger 0"
      ],
      timers: ["cancel task_confirmation", "cancel task_late_answer"],
      logged: [
        "wake_failed task-a 1 the wake command ended with exit code 1: boom; there is no answer",
        "agent_stopping task-a the wake command ended with exit code 1: boom; there is no answer"
      ],
      state:
        "task-a g1 confirming wakes 1 ended exited 1 | Stopping AttemptFailed (the wake command ended with exit code 1: boom; there is no answer) | ours | stopping: task-a"
    },
    {
      clause: "how an agent at work ended is told just behind that: the reason is known and the 10 s begin",
      run: () =>
        Run.working({ wake_command_blocks: true }).timer("task_check").inspected({ process: "gone" }).ended(
          exited(1, "boom")
        ),
      timers: ["cancel task_confirmation", "start task_late_answer 10000"],
      logged: ["wake_ended task-a 1 0"],
      state:
        "task-a g1 working wakes 1 ended exited 1 | AwaitingAnswer Failed (the wake command ended with exit code 1: boom; there is no answer) | ours"
    },
    {
      clause: "an end that was known is not told again",
      run: () => Run.working().ended(exited(1)).ended(exited(1)),
      logged: ["wake_ended task-a 1 0"],
      state:
        "task-a g1 working wakes 1 ended exited 1 | AwaitingAnswer Failed (the wake command ended with exit code 1; there is no answer) | ours"
    },
    {
      clause:
        "an unconfirmed command that ended may have left an agent behind: it has the rest of its time, by the timer that runs",
      run: () => Run.confirming().ended(exited(0)).after(10_000).timer("task_check").inspected({ process: "gone" }),
      state: "task-a g1 confirming wakes 1 ended exited 0 | Running | ours"
    },
    {
      clause: "task_timeout_ms: the tree is stopped",
      run: () => Run.working().after(86_400_000).timer("task_timeout"),
      said: ["StopAgent task-a linger 0"],
      timers: ["cancel task_confirmation", "cancel task_late_answer"],
      logged: ["agent_stopping task-a the task took longer than 86400000 ms"],
      state:
        "task-a g1 working wakes 1 | Stopping Failed (the task took longer than 86400000 ms) | ours | stopping: task-a"
    },
    {
      clause: "but not where its wake was meant and never began: its time begins with one that does",
      run: () => Run.accepted().inspected().restarted().inspected().timer("task_timeout").stopped(false).inspected(),
      timers: ["start task_timeout 86400000"],
      state: "recovering task-a g1 waking wakes 1 | down"
    },
    {
      clause: "and the task fails",
      run: () => Run.working().after(86_400_000).timer("task_timeout").stopped().inspected({ process: "gone" }),
      said: ["SetAside task-a sent", "SendReport task-a g1 Failed: the task took longer than 86400000 ms"],
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout", "start answer 15000"],
      logged: ["report_sent task-a 1 failed the task took longer than 86400000 ms"],
      state:
        "task-a g1 reporting wakes 1 ended killed - failed (the task took longer than 86400000 ms; sent g1) | ours | in flight: report task-a"
    },
    {
      clause: "whatever a clock that was set back says: its timer is right",
      run: () => Run.working().after(-86_400_000).timer("task_timeout"),
      said: ["StopAgent task-a linger 0"],
      timers: ["cancel task_confirmation", "cancel task_late_answer"],
      logged: ["agent_stopping task-a the task took longer than 86400000 ms"],
      state:
        "task-a g1 working wakes 1 | Stopping Failed (the task took longer than 86400000 ms) | ours | stopping: task-a"
    },
    {
      clause: "it runs from the first wake: another does not start it anew",
      run: () => Run.retrying().after(5_000).tell({ _tag: "RetryDue", work_id: A }).inspected({ process: "gone" }),
      said: ["ClearEvidence task-a", "WatchResults task-a g1a2t1005000", "WakeAgent task-a g1"],
      logged: ["wake_attempt task-a 2 g1a2t1005000"],
      state: "task-a g1 waking wakes 2 | Spawning | ours",
      then: (run) => expect(run.task.woken_at).toBe(T0)
    },
    {
      clause: "nor does a restart before the next",
      run: () => Run.retrying().after(400_000).restarted(),
      said: ["WatchResults task-a g1a1t1000000", "InspectAgent task-a g1", "OpenConnection"],
      timers: ["start task_check 60000", "start task_timeout 86000000", "start readiness 30000"],
      logged: ["recovery_found task-a waking 1"],
      state: "recovering task-a g1 waking wakes 1 ended exited 1 | Inspecting evidence | down"
    },
    {
      clause: "a task that is being reported takes no longer",
      run: () => Run.reporting().after(86_400_000).timer("task_timeout"),
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a"
    },
    {
      clause: "an attempt that is being stopped is not tried again after that",
      run: () => Run.confirming().unconfirmed().after(86_400_000).timer("task_timeout"),
      timers: ["cancel task_confirmation", "cancel task_late_answer"],
      logged: ["agent_stopping task-a the task took longer than 86400000 ms"],
      state:
        "task-a g1 confirming wakes 1 | Stopping Failed (the task took longer than 86400000 ms) | ours | stopping: task-a"
    },
    {
      clause: "a task that waits for its retry fails too",
      run: () => Run.retrying().after(86_400_000).timer("task_timeout"),
      said: ["StopAgent task-a linger 0"],
      timers: ["cancel task_confirmation", "cancel task_late_answer"],
      logged: ["agent_stopping task-a the task took longer than 86400000 ms"],
      state:
        "task-a g1 waking wakes 1 ended exited 1 | Stopping Failed (the task took longer than 86400000 ms) | ours | stopping: task-a"
    },
    {
      clause: "a task whose last wake is seen off fails too, when that is gone",
      run: () =>
        Run.working().ended(exited(1)).assigned(3).inspected({ process: "gone" }).timer("task_timeout").stopped(false),
      said: ["InspectAgent task-a g3"],
      state:
        "task-a g3 accepted ended exited 1 | Inspecting Failed (the task took longer than 86400000 ms) | ours | in flight: accept task-a"
    },
    {
      clause: "without a task nothing takes too long",
      run: () => Run.idle().timer("task_timeout"),
      state: ""
    }
  ])
})
