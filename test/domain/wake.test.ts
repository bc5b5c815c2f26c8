import { describe, expect } from "vitest"
import { A, B, connect, exited, failure, Run, success, T0, table, unusable } from "./support.ts"

/** A run whose first `count` attempts have failed with exit code 1. */
const attempts = (count: number): Run => {
  let run = Run.retrying()
  for (let made = 1; made < count; made++) {
    run = run
      .tell({ _tag: "RetryDue", work_id: A })
      .inspected({ process: "gone" })
      .spawned()
      .attemptFailed("boom")
  }
  return run
}

describe("rule 6: the wake", () => {
  table([
    {
      clause: "confirmation is counted from the spawn, however long the save before it took",
      run: () => Run.accepted().inspected().after(7_000).spawned(),
      timers: ["start task_confirmation 30000"],
      state: "task-a g1 confirming wakes 1 | Running | ours",
      then: (run) => expect(run.task.wake?.at).toBe(T0 + 7_000)
    },
    {
      clause: "the intent is saved, then the command is spawned",
      run: () => Run.accepted().after(9).inspected(),
      said: ["ClearEvidence task-a", "WatchResults task-a g1a1t1000009", "WakeAgent task-a g1"],
      timers: ["start task_timeout 86400000"],
      logged: ["wake_attempt task-a 1 g1a1t1000009"],
      state: "task-a g1 waking wakes 1 | Spawning | ours",
      then: (run) => {
        expect(run.commands).toContainEqual({ _tag: "WakeAgent", work: run.task, wake_id: "g1a1t1000009" })
        expect(run.task.wake).toEqual({ id: "g1a1t1000009", at: T0 + 9, end: null })
        expect(run.task.woken_at).toBe(T0 + 9)
      }
    },
    {
      clause: "confirmation is counted from the spawn",
      run: () => Run.spawning().spawned(),
      timers: ["start task_confirmation 30000"],
      state: "task-a g1 confirming wakes 1 | Running | ours"
    },
    {
      clause: ".started confirms while the command runs",
      run: () => Run.confirming().after(3_000).started(),
      said: ["SendWakeResult task-a success"],
      timers: ["cancel task_confirmation"],
      logged: ["agent_started task-a 3000"],
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: ".started confirms after the command has ended",
      run: () => Run.confirming().ended(exited(0)).started(),
      said: ["SendWakeResult task-a success"],
      timers: ["cancel task_confirmation"],
      logged: ["agent_started task-a 0"],
      state: "task-a g1 working wakes 1 ended exited 0 | Running | ours"
    },
    {
      clause: ".started before we know of the spawn confirms",
      run: () => Run.spawning().started(),
      said: ["SendWakeResult task-a success"],
      timers: ["cancel task_confirmation"],
      logged: ["agent_started task-a 0"],
      state: "task-a g1 working wakes 1 | Spawning | ours"
    },
    {
      clause: "and then the spawn asks for no confirmation",
      run: () => Run.spawning().started().spawned(),
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: ".started while the agent is looked at is part of the evidence",
      run: () => Run.confirming().timer("task_check").started(),
      state: "task-a g1 confirming wakes 1 | Inspecting check | ours"
    },
    {
      clause: ".started while an earlier attempt is looked at does not",
      run: () => Run.spawning().restarted().started(),
      state: "recovering task-a g1 waking wakes 1 | Inspecting evidence | down"
    },
    {
      clause: ".started of an agent that is being stopped does not confirm",
      run: () => Run.confirming().unconfirmed().started(),
      state:
        "task-a g1 confirming wakes 1 | Stopping AttemptFailed (no confirmation within 30000 ms) | ours | stopping: task-a"
    },
    {
      clause: ".started of an agent that is looked at after it was stopped does not confirm",
      run: () => Run.confirming().unconfirmed().stopped().started(),
      state:
        "task-a g1 confirming wakes 1 ended killed - | Inspecting AttemptFailed (no confirmation within 30000 ms) | ours"
    },
    {
      clause: ".started that comes during the delay of a retry is evidence for later",
      run: () => Run.retrying().started(),
      state: "task-a g1 waking wakes 1 ended exited 1 | AwaitingRetry | ours"
    },
    {
      clause: ".started of another wake does not confirm",
      run: () => Run.confirming().tell({ _tag: "AgentStarted", work_id: A, wake_id: "g1a0t0" }),
      state: "task-a g1 confirming wakes 1 | Running | ours"
    },
    {
      clause: ".started of another task does not confirm",
      run: () => Run.confirming().tell({ _tag: "AgentStarted", work_id: B, wake_id: "g1a1t1000000" }),
      state: "task-a g1 confirming wakes 1 | Running | ours"
    },
    {
      clause: ".started confirms once",
      run: () => Run.working().started(),
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "an answer confirms, and is reported",
      run: () => Run.confirming().found(success),
      said: ["SendWakeResult task-a success", "SendReport task-a g1 Complete"],
      timers: [
        "cancel task_confirmation",
        "cancel task_confirmation",
        "cancel task_late_answer",
        "cancel task_timeout",
        "start answer 15000"
      ],
      logged: ["answer_found task-a success", "agent_started task-a 0", "report_sent task-a 1 complete"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a"
    },
    {
      clause: "an answer before we know of the spawn confirms, and is reported; the wake that was meant does not begin",
      run: () => Run.spawning().found(success),
      said: ["RevokeWake task-a", "SendWakeResult task-a success", "SendReport task-a g1 Complete"],
      timers: [
        "cancel task_confirmation",
        "cancel task_confirmation",
        "cancel task_late_answer",
        "cancel task_timeout",
        "start answer 15000"
      ],
      logged: ["answer_found task-a success", "agent_started task-a 0", "report_sent task-a 1 complete"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a"
    },
    {
      clause: "nor where the answer is a failure",
      run: () => Run.spawning().offline().found(failure),
      said: ["RevokeWake task-a"],
      timers: [
        "cancel task_confirmation",
        "cancel task_confirmation",
        "cancel task_late_answer",
        "cancel task_timeout"
      ],
      logged: ["answer_found task-a failure", "agent_started task-a 0"],
      state: "task-a g1 reporting wakes 1 failed (it went wrong) | down"
    },
    {
      clause: "nor where it cannot be used, and what came up is stopped at once",
      run: () => Run.spawning().offline().found(unusable),
      said: ["RevokeWake task-a", "SetAside task-a rejected", "StopAgent task-a linger 0"],
      timers: ["cancel task_confirmation", "cancel task_confirmation", "cancel task_late_answer"],
      logged: [
        "answer_found task-a unusable",
        "agent_started task-a 0",
        "agent_stopping task-a the answer is not JSON"
      ],
      state: "task-a g1 working wakes 1 | Stopping Failed (the answer is not JSON) | down | stopping: task-a"
    },
    {
      clause: "nor where the hub says before the spawn that the task is not ours",
      run: () => Run.spawning().denied(),
      said: ["RevokeWake task-a", "InspectAgent task-a g1"],
      timers: ["cancel answer", "cancel resend", "start assign_grace 5000"],
      state: "task-a g1 waking wakes 1 | Inspecting evidence | denied"
    },
    {
      clause: "it is made again under its number when the task is given to us again",
      run: () => Run.spawning().denied().inspected().assigned(3).inspected().stopped(false).inspected(),
      said: ["ClearEvidence task-a", "WatchResults task-a g3a1t1000000", "WakeAgent task-a g3"],
      logged: ["wake_attempt task-a 1 g3a1t1000000"],
      state: "task-a g3 waking wakes 1 | Spawning | ours | in flight: accept task-a"
    },
    {
      clause: "and not at all where the task stays in doubt",
      run: () => Run.spawning().denied().inspected().timer("assign_grace"),
      said: ["LookUpTask task-a"],
      timers: ["start lookup 60000"],
      logged: ["recovery_settled task-a in_doubt"],
      state: "task-a g1 waking wakes 1 | unresolved"
    },
    {
      clause: "an agent that came up at that moment works on",
      run: () => Run.spawning().denied().inspected({ process: "alive" }),
      said: ["AdoptAgent task-a g1"],
      timers: ["start task_confirmation 30000"],
      logged: ["agent_found_at_work task-a"],
      state: "task-a g1 confirming wakes 1 | Running | denied"
    },
    {
      clause: "a spawn that we hear of after the answer changes nothing",
      run: () => Run.spawning().found(success).spawned(),
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a"
    },
    {
      clause: "the spawn of another wake changes nothing",
      run: () => Run.spawning().tell({ _tag: "WakeSpawned", work_id: A, wake_id: "g1a0t0" }),
      state: "task-a g1 waking wakes 1 | Spawning | ours"
    },
    {
      clause: "the spawn of another task changes nothing",
      run: () => Run.spawning().tell({ _tag: "WakeSpawned", work_id: B, wake_id: "g1a1t1000000" }),
      state: "task-a g1 waking wakes 1 | Spawning | ours"
    },
    {
      clause: "exit ≠ 0 before we know of a confirmation: the evidence is looked at",
      run: () => Run.confirming().after(50).ended(exited(1, "boom")),
      said: ["InspectAgent task-a g1"],
      timers: ["cancel task_confirmation", "cancel task_late_answer"],
      logged: ["wake_ended task-a 1 50"],
      state: "task-a g1 confirming wakes 1 ended exited 1 | Inspecting evidence | ours"
    },
    {
      clause: ".started there: it ended after its confirmation, and has 10 s for its answer",
      run: () => Run.confirming().ended(exited(9)).inspected({ process: "gone", started: true, last_sign_at: T0 }),
      said: ["SendWakeResult task-a success"],
      timers: ["cancel task_confirmation", "cancel task_confirmation", "start task_late_answer 10000"],
      logged: ["agent_started task-a 0"],
      state:
        "task-a g1 working wakes 1 ended exited 9 | AwaitingAnswer Failed (the wake command ended with exit code 9; there is no answer) | ours"
    },
    {
      clause: "an answer there: it is reported",
      run: () => Run.confirming().ended(exited(9)).inspected({ process: "gone", answer: success }),
      said: ["SendWakeResult task-a success", "SendReport task-a g1 Complete"],
      timers: [
        "cancel task_confirmation",
        "cancel task_confirmation",
        "cancel task_late_answer",
        "cancel task_timeout",
        "start answer 15000"
      ],
      logged: ["answer_found task-a success", "agent_started task-a 0", "report_sent task-a 1 complete"],
      state: "task-a g1 reporting wakes 1 ended exited 9 | has Success | ours | in flight: report task-a"
    },
    {
      clause: "nothing there: exit ≠ 0 before the confirmation, so the attempt failed and the whole tree is stopped",
      run: () => Run.confirming().ended(exited(1, "boom")).inspected({ process: "gone" }),
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
      clause: "killed before the confirmation: the same",
      run: () => Run.confirming().ended({ how: "killed", code: null, output: "" }).inspected({ process: "gone" }),
      said: [
        "SendWakeResult task-a failed: the wake command was killed; there is no answer",
        "StopAgent task-a linger 0"
      ],
      timers: ["cancel task_confirmation", "cancel task_late_answer"],
      logged: [
        "wake_failed task-a 1 the wake command was killed; there is no answer",
        "agent_stopping task-a the wake command was killed; there is no answer"
      ],
      state:
        "task-a g1 confirming wakes 1 ended killed - | Stopping AttemptFailed (the wake command was killed; there is no answer) | ours | stopping: task-a"
    },
    {
      clause: "exit 0 before the confirmation may have started something: it is given its time",
      run: () => Run.confirming().ended(exited(0)),
      logged: ["wake_ended task-a 0 0"],
      state: "task-a g1 confirming wakes 1 ended exited 0 | Running | ours"
    },
    {
      clause: "no confirmation in time: the attempt failed and the whole tree is stopped",
      run: () => Run.confirming().after(30_000).unconfirmed(),
      said: ["SendWakeResult task-a timeout: no confirmation within 30000 ms", "StopAgent task-a linger 0"],
      timers: ["cancel task_confirmation", "cancel task_late_answer"],
      logged: [
        "wake_failed task-a 1 no confirmation within 30000 ms",
        "agent_stopping task-a no confirmation within 30000 ms"
      ],
      state:
        "task-a g1 confirming wakes 1 | Stopping AttemptFailed (no confirmation within 30000 ms) | ours | stopping: task-a"
    },
    {
      clause: "no confirmation in time: what the agent printed last tells why",
      run: () => Run.confirming().after(30_000).unconfirmed("no login"),
      said: [
        "SendWakeResult task-a timeout: no confirmation within 30000 ms; the end of its output: no login",
        "StopAgent task-a linger 0"
      ],
      timers: ["cancel task_confirmation", "cancel task_late_answer"],
      logged: [
        "wake_failed task-a 1 no confirmation within 30000 ms; the end of its output: no login",
        "agent_stopping task-a no confirmation within 30000 ms; the end of its output: no login"
      ],
      state:
        "task-a g1 confirming wakes 1 | Stopping AttemptFailed (no confirmation within 30000 ms; the end of its output: no login) | ours | stopping: task-a"
    },
    {
      clause: "a confirmation that was due just before it is over means nothing",
      run: () => Run.working().unconfirmed(),
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "a confirmation timer while the agent is stopped already means nothing",
      run: () => Run.confirming().ended(exited(1)).inspected({ process: "gone" }).unconfirmed(),
      state:
        "task-a g1 confirming wakes 1 ended exited 1 | Stopping AttemptFailed (the wake command ended with exit code 1; there is no answer) | ours | stopping: task-a"
    },
    {
      clause: "the outcome of an attempt is not told while a frame is in flight",
      run: () => Run.confirming().assigned(1).unconfirmed(),
      said: ["StopAgent task-a linger 0"],
      timers: ["cancel task_confirmation", "cancel task_late_answer"],
      logged: [
        "wake_failed task-a 1 no confirmation within 30000 ms",
        "agent_stopping task-a no confirmation within 30000 ms"
      ],
      state:
        "task-a g1 confirming wakes 1 | Stopping AttemptFailed (no confirmation within 30000 ms) | ours | in flight: accept task-a | stopping: task-a"
    },
    {
      clause: "nor to a hub that does not know the frame",
      run: () => Run.confirming().refused("validation_failed", "wake_result", true).unconfirmed(),
      said: ["StopAgent task-a linger 0"],
      timers: ["cancel task_confirmation", "cancel task_late_answer"],
      logged: [
        "wake_failed task-a 1 no confirmation within 30000 ms",
        "agent_stopping task-a no confirmation within 30000 ms"
      ],
      state:
        "task-a g1 confirming wakes 1 | Stopping AttemptFailed (no confirmation within 30000 ms) | ours | stopping: task-a | refused: wake_result"
    },
    {
      clause: "the end of a command that is being stopped is only noted",
      run: () => Run.confirming().unconfirmed().ended(exited(1)),
      logged: ["wake_ended task-a 1 0"],
      state:
        "task-a g1 confirming wakes 1 ended exited 1 | Stopping AttemptFailed (no confirmation within 30000 ms) | ours | stopping: task-a"
    },
    {
      clause: "when the tree is gone, the evidence is looked at",
      run: () => Run.confirming().unconfirmed().stopped(),
      said: ["InspectAgent task-a g1"],
      state:
        "task-a g1 confirming wakes 1 ended killed - | Inspecting AttemptFailed (no confirmation within 30000 ms) | ours"
    },
    {
      clause: "one that is gone by itself keeps the end it had",
      run: () => Run.confirming().ended(exited(1)).inspected({ process: "gone" }).stopped(false),
      said: ["InspectAgent task-a g1"],
      state:
        "task-a g1 confirming wakes 1 ended exited 1 | Inspecting AttemptFailed (the wake command ended with exit code 1; there is no answer) | ours"
    },
    {
      clause: "an answer that is there then is reported",
      run: () => Run.confirming().unconfirmed().stopped().inspected({ process: "gone", answer: success }),
      said: ["SendWakeResult task-a success", "SendReport task-a g1 Complete"],
      timers: [
        "cancel task_confirmation",
        "cancel task_confirmation",
        "cancel task_late_answer",
        "cancel task_timeout",
        "start answer 15000"
      ],
      logged: ["answer_found task-a success", "agent_started task-a 0", "report_sent task-a 1 complete"],
      state: "task-a g1 reporting wakes 1 ended killed - | has Success | ours | in flight: report task-a"
    },
    {
      clause: "a failure that is there then is reported",
      run: () => Run.confirming().unconfirmed().stopped().inspected({ process: "gone", answer: failure }),
      said: ["SendWakeResult task-a success", "SetAside task-a sent", "SendReport task-a g1 Failed: it went wrong"],
      timers: [
        "cancel task_confirmation",
        "cancel task_confirmation",
        "cancel task_late_answer",
        "cancel task_timeout",
        "start answer 15000"
      ],
      logged: ["answer_found task-a failure", "agent_started task-a 0", "report_sent task-a 1 failed it went wrong"],
      state:
        "task-a g1 reporting wakes 1 ended killed - failed (it went wrong; sent g1) | ours | in flight: report task-a"
    },
    {
      clause: "a half-written answer is waited for",
      run: () => Run.confirming().unconfirmed().stopped().inspected({ process: "gone", answer: "half-written" }),
      timers: ["cancel task_confirmation", "start task_late_answer 10000"],
      state:
        "task-a g1 confirming wakes 1 ended killed - | AwaitingAnswer Failed (no confirmation within 30000 ms) | ours"
    },
    {
      clause: "nothing there: it is tried again after the first delay",
      run: () => Run.confirming().unconfirmed().stopped().inspected({ process: "gone" }),
      said: ["RetryWake task-a after 1"],
      state: "task-a g1 waking wakes 1 ended killed - | AwaitingRetry | ours"
    },
    {
      clause: "an attempt that ended out of our sight has ended",
      run: () => Run.confirming().unconfirmed().stopped(false).inspected({ process: "gone" }),
      said: ["RetryWake task-a after 1"],
      state: "task-a g1 waking wakes 1 ended unseen - | AwaitingRetry | ours"
    },
    {
      clause: "one that nobody was woken for in this life has no end",
      run: () => Run.accepted().inspected({ answer: "half-written" }).unconfirmed().stopped(false).inspected(),
      said: ["RetryWake task-a after 1"],
      state: "task-a g1 waking wakes 1 | AwaitingRetry | ours"
    },
    {
      clause: "signs of life of an agent that we killed mean nothing",
      run: () =>
        Run.confirming().unconfirmed().stopped().inspected({
          process: "gone",
          started: true,
          last_sign_at: T0
        }),
      said: ["RetryWake task-a after 1"],
      state: "task-a g1 waking wakes 1 ended killed - | AwaitingRetry | ours"
    },
    {
      clause: "signs of life of one that a command left behind mean that it is at work",
      run: () =>
        Run.confirming().ended(exited(0)).unconfirmed().stopped(false).inspected({
          process: "gone",
          started: true,
          last_sign_at: T0
        }),
      said: ["SendWakeResult task-a success"],
      timers: ["cancel task_confirmation"],
      logged: ["agent_found_at_work task-a", "agent_started task-a 0"],
      state: "task-a g1 working wakes 1 ended exited 0 | Running | ours"
    },
    {
      clause: "what is told later of how a killed command ended does not bring it back",
      run: () => Run.confirming().unconfirmed().stopped().ended({ how: "unseen", code: null, output: "" }),
      logged: ["wake_ended task-a  0"],
      state:
        "task-a g1 confirming wakes 1 ended killed - | Inspecting AttemptFailed (no confirmation within 30000 ms) | ours"
    },
    {
      clause: "when the delay is over, the evidence is looked at",
      run: () => Run.retrying().tell({ _tag: "RetryDue", work_id: A }),
      said: ["InspectAgent task-a g1"],
      state: "task-a g1 waking wakes 1 ended exited 1 | Inspecting evidence | ours"
    },
    {
      clause: "and it is woken again",
      run: () => Run.retrying().after(5_000).tell({ _tag: "RetryDue", work_id: A }).inspected({ process: "gone" }),
      said: ["ClearEvidence task-a", "WatchResults task-a g1a2t1005000", "WakeAgent task-a g1"],
      logged: ["wake_attempt task-a 2 g1a2t1005000"],
      state: "task-a g1 waking wakes 2 | Spawning | ours"
    },
    {
      clause: "unless an agent is at work by then",
      run: () =>
        Run.confirming().ended(exited(0)).unconfirmed().stopped(false).inspected({ process: "gone" }).tell({
          _tag: "RetryDue",
          work_id: A
        }).inspected({ process: "gone", started: true, last_sign_at: T0 }),
      said: ["SendWakeResult task-a success"],
      timers: ["cancel task_confirmation"],
      logged: ["agent_found_at_work task-a", "agent_started task-a 0"],
      state: "task-a g1 working wakes 1 ended exited 0 | Running | ours"
    },
    {
      clause: "a delay that is over too late means nothing",
      run: () => Run.working().tell({ _tag: "RetryDue", work_id: A }),
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "the delay of another task means nothing",
      run: () => Run.retrying().tell({ _tag: "RetryDue", work_id: B }),
      state: "task-a g1 waking wakes 1 ended exited 1 | AwaitingRetry | ours"
    },
    {
      clause: "the third retry is the last: after it the task fails with what was seen",
      run: () => attempts(4),
      said: [
        "SetAside task-a sent",
        "SendReport task-a g1 Failed: no wake succeeded in 4 attempts; the last: the wake command ended with exit code 1: boom; there is no answer"
      ],
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout", "start answer 15000"],
      logged: [
        "report_sent task-a 1 failed no wake succeeded in 4 attempts; the last: the wake command ended with exit code 1: boom; there is no answer"
      ],
      state:
        "task-a g1 reporting wakes 4 ended exited 1 failed (no wake succeeded in 4 attempts; the last: the wake command ended with exit code 1: boom; there is no answer; sent g1) | ours | in flight: report task-a"
    },
    {
      clause: "the third attempt is not the last",
      run: () => attempts(3),
      said: ["RetryWake task-a after 3"],
      state: "task-a g1 waking wakes 3 ended exited 1 | AwaitingRetry | ours"
    },
    {
      clause: "a fifth attempt is never made, also not after a restart",
      run: () =>
        attempts(3).tell({ _tag: "RetryDue", work_id: A }).inspected({ process: "gone" }).spawned().ended(exited(1))
          .restarted().tell(...connect).inspected({ process: "gone" }).reassigned().answered("continue").inspected({
            process: "gone"
          }).after(30_000).unconfirmed().stopped(false).inspected({ process: "gone" }),
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout"],
      state:
        "task-a g1 reporting wakes 4 ended exited 1 failed (no wake succeeded in 4 attempts; the last: the wake command ended with exit code 1; there is no answer) | ours | recovery denied | in flight: accept task-a"
    },
    {
      clause: "nor where the daemon crashed during the fourth",
      run: () =>
        attempts(3).tell({ _tag: "RetryDue", work_id: A }).inspected({ process: "gone" }).restarted().tell(...connect)
          .inspected({ process: "gone" }).reassigned().answered("continue").inspected({ process: "gone" })
          .unconfirmed().stopped(false).inspected({ process: "gone" }),
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout"],
      state:
        "task-a g1 reporting wakes 4 failed (no wake succeeded in 4 attempts; the last: no confirmation within 30000 ms) | ours | recovery denied | in flight: accept task-a"
    },
    {
      clause: "a command that can never run for this task fails it at once",
      run: () =>
        Run.spawning().tell({ _tag: "WakeImpossible", work_id: A, wake_id: "g1a1t1000000", reason: "too large" }),
      said: ["SetAside task-a sent", "SendReport task-a g1 Failed: too large"],
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout", "start answer 15000"],
      logged: ["report_sent task-a 1 failed too large"],
      state: "task-a g1 reporting wakes 1 failed (too large; sent g1) | ours | in flight: report task-a"
    },
    {
      clause: "the impossibility of another wake means nothing",
      run: () => Run.spawning().tell({ _tag: "WakeImpossible", work_id: A, wake_id: "g1a0t0", reason: "too large" }),
      state: "task-a g1 waking wakes 1 | Spawning | ours"
    },
    {
      clause: "the impossibility for another task means nothing",
      run: () =>
        Run.spawning().tell({ _tag: "WakeImpossible", work_id: B, wake_id: "g1a1t1000000", reason: "too large" }),
      state: "task-a g1 waking wakes 1 | Spawning | ours"
    },
    {
      clause: "an impossibility that we hear of too late means nothing",
      run: () =>
        Run.confirming().tell({ _tag: "WakeImpossible", work_id: A, wake_id: "g1a1t1000000", reason: "too large" }),
      state: "task-a g1 confirming wakes 1 | Running | ours"
    },
    {
      clause: "the end of another wake means nothing",
      run: () => Run.confirming().tell({ _tag: "WakeExited", work_id: A, wake_id: "g1a0t0", end: exited(1) }),
      state: "task-a g1 confirming wakes 1 | Running | ours"
    },
    {
      clause: "the end of a wake of another task means nothing",
      run: () => Run.confirming().tell({ _tag: "WakeExited", work_id: B, wake_id: "g1a1t1000000", end: exited(1) }),
      state: "task-a g1 confirming wakes 1 | Running | ours"
    },
    {
      clause: "the end of a wake before any means nothing",
      run: () => Run.accepted().tell({ _tag: "WakeExited", work_id: A, wake_id: "g1a1t1000000", end: exited(1) }),
      state: "task-a g1 accepted | Inspecting evidence | ours"
    },
    {
      clause: "no wake while the agent of the task before is not gone",
      run: () => Run.reporting().acked("complete").assigned(1, B).acked("accepted", B).inspected(),
      state: "task-b g1 accepted | AwaitingExit | ours | terminating: task-a remove | stopping: task-a"
    },
    {
      clause: "when it is gone, the evidence is looked at and the wake follows",
      run: () => Run.reporting().acked("complete").assigned(1, B).acked("accepted", B).inspected().stopped(),
      said: ["RemoveFiles task-a", "InspectAgent task-b g1"],
      state: "task-b g1 accepted | Inspecting evidence | ours"
    },
    {
      clause: "when one is gone and another is not, it waits on",
      run: () =>
        Run.reporting().acked("complete").assigned(1, B).inspected().tell({ _tag: "TaskCancelled", task_id: B })
          .assigned(1, "task-c").inspected().stopped(),
      said: ["RemoveFiles task-a"],
      state:
        "task-c g1 accepted | AwaitingExit | ours | in flight: accept task-b | pending: accept task-c | terminating: task-b remove | stopping: task-b"
    },
    {
      clause: "the end of an agent that nobody waits for means nothing",
      run: () => Run.working().stopped(),
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "the end of the agent of another task is not that of this one",
      run: () => Run.confirming().unconfirmed().stopped(true, B),
      state:
        "task-a g1 confirming wakes 1 | Stopping AttemptFailed (no confirmation within 30000 ms) | ours | stopping: task-a"
    }
  ])
})
