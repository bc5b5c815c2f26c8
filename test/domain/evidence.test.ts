import { describe } from "vitest"
import { A, B, connect, exited, failure, inspected, Run, success, T0, table, unusable } from "./support.ts"

describe("rule 1: evidence before any wake", () => {
  table([
    {
      clause: "an answer that is there is reported, and nobody is woken",
      run: () => Run.accepted().inspected({ answer: success }),
      said: ["SendReport task-a g1 Complete"],
      timers: ["cancel confirmation", "cancel settle", "cancel task_timeout", "start answer 15000"],
      logged: ["answer_found task-a success", "report_sent task-a 1 complete"],
      state: "task-a g1 reporting | has Success | ours | in flight: report task-a"
    },
    {
      clause: "a failure of a wake of ours is reported, and nobody is woken",
      run: () => Run.confirming().restarted().tell(...connect).inspected({ process: "gone", answer: failure }),
      timers: ["cancel confirmation", "cancel confirmation", "cancel settle", "cancel task_timeout"],
      logged: ["answer_found task-a failure", "agent_started task-a 0"],
      state:
        "recovering task-a g1 reporting wakes 1 failed (it went wrong) | in flight: recovery task-a | pending: state task-a"
    },
    {
      clause:
        "a failure that is there before the first wake is of an earlier session: set aside, and the agent is woken",
      run: () => Run.accepted().inspected({ answer: failure }),
      said: [
        "SetAside task-a sent",
        "ClearEvidence task-a",
        "WatchResults task-a g1a1t1000000",
        "WakeAgent task-a g1"
      ],
      timers: ["start task_timeout 86400000"],
      logged: ["answer_ignored task-a it is of an earlier session", "wake_attempt task-a 1 g1a1t1000000"],
      state: "task-a g1 waking wakes 1 | Spawning | ours"
    },
    {
      clause: "before the task is ours it is set aside, and nobody is woken",
      run: () => Run.accepted().restarted().tell(...connect).inspected({ answer: failure }),
      said: ["SetAside task-a sent"],
      logged: ["answer_ignored task-a it is of an earlier session"],
      state: "recovering task-a g1 accepted | in flight: recovery task-a | pending: state task-a"
    },
    {
      clause: "a session before this task that answers once more is not counted twice",
      run: () => Run.failing().acked("retried").assigned(3).acked().stopped(false).inspected({ answer: failure }),
      said: [
        "SetAside task-a sent",
        "ClearEvidence task-a",
        "WatchResults task-a g3a1t1000000",
        "WakeAgent task-a g3"
      ],
      timers: ["start task_timeout 86400000"],
      logged: ["answer_ignored task-a it is of an earlier session", "wake_attempt task-a 1 g3a1t1000000"],
      state: "task-a g3 waking wakes 1 | Spawning | ours"
    },
    {
      clause: "but its success is good",
      run: () => Run.failing().acked("retried").assigned(3).stopped(false).inspected({ answer: success }).acked(),
      said: ["SendReport task-a g3 Complete"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: ["report_sent task-a 3 complete"],
      state: "task-a g3 reporting | has Success | ours | in flight: report task-a"
    },
    {
      clause: "the failure of an earlier session that was half-written: set aside, and the evidence is looked at",
      run: () => Run.accepted().inspected({ answer: "half-written" }).found(failure),
      said: ["SetAside task-a sent", "InspectAgent task-a g1"],
      timers: ["cancel confirmation"],
      logged: ["answer_ignored task-a it is of an earlier session"],
      state: "task-a g1 confirming wakes 1 | Inspecting assess | ours"
    },
    {
      clause: "and the agent is woken",
      run: () => Run.accepted().inspected({ answer: "half-written" }).found(failure).inspected(),
      said: ["ClearEvidence task-a", "WatchResults task-a g1a2t1000000", "WakeAgent task-a g1"],
      timers: ["start task_timeout 86400000"],
      logged: ["wake_attempt task-a 2 g1a2t1000000"],
      state: "task-a g1 waking wakes 2 | Spawning | ours"
    },
    {
      clause: "one that comes while the evidence is looked at is set aside, and the evidence decides",
      run: () => Run.accepted().found(failure),
      said: ["SetAside task-a sent"],
      logged: ["answer_ignored task-a it is of an earlier session"],
      state: "task-a g1 accepted | Inspecting assess | ours"
    },
    {
      clause: "one that comes after the success of that session means nothing",
      run: () => Run.accepted().inspected({ answer: success }).found(failure),
      logged: ["answer_ignored task-a there is one already"],
      state: "task-a g1 reporting | has Success | ours | in flight: report task-a"
    },
    {
      clause: "a half-written answer of an earlier session that comes to nothing is no failed work: the agent is woken",
      run: () => Run.accepted().inspected({ answer: "half-written" }).timer("lease").inspected(),
      said: ["ClearEvidence task-a", "WatchResults task-a g1a2t1000000", "WakeAgent task-a g1"],
      timers: ["start task_timeout 86400000"],
      logged: ["wake_attempt task-a 2 g1a2t1000000"],
      state: "task-a g1 waking wakes 2 | Spawning | ours"
    },
    {
      clause: "also where it was confirmed",
      run: () =>
        Run.accepted().inspected({ answer: "half-written" }).tell({ _tag: "AgentStarted", task_id: A, wake_id: null })
          .timer("lease").inspected({ started: true, last_sign_at: T0 }),
      said: ["ClearEvidence task-a", "WatchResults task-a g1a2t1000000", "WakeAgent task-a g1"],
      timers: ["start task_timeout 86400000"],
      logged: ["wake_attempt task-a 2 g1a2t1000000"],
      state: "task-a g1 waking wakes 2 | Spawning | ours"
    },
    {
      clause: "one that is written for longer than a confirmation takes is waited for on",
      run: () =>
        Run.accepted().inspected({ answer: "half-written" }).unconfirmed().stopped(false).inspected({
          answer: "half-written"
        }),
      said: ["WatchResults task-a -"],
      timers: ["start confirmation 30000"],
      logged: ["agent_found_at_work task-a"],
      state: "task-a g1 confirming wakes 1 | Running | ours"
    },
    {
      clause: "and a failure that it becomes is set aside then, too",
      run: () =>
        Run.accepted().inspected({ answer: "half-written" }).unconfirmed().stopped(false).inspected({
          answer: failure
        }),
      said: ["SetAside task-a sent", "RetryWake task-a after 1"],
      logged: ["answer_ignored task-a it is of an earlier session"],
      state: "task-a g1 waking wakes 1 | AwaitingRetry | ours"
    },
    {
      clause: "nothing at work and no answer: what is stale is removed, the folder is watched, the agent is woken",
      run: () => Run.accepted().inspected(),
      said: ["ClearEvidence task-a", "WatchResults task-a g1a1t1000000", "WakeAgent task-a g1"],
      timers: ["start task_timeout 86400000"],
      logged: ["wake_attempt task-a 1 g1a1t1000000"],
      state: "task-a g1 waking wakes 1 | Spawning | ours"
    },
    {
      clause: "signs of life before the first wake are stale",
      run: () => Run.accepted().inspected({ started: true, last_sign_at: T0 }),
      said: ["ClearEvidence task-a", "WatchResults task-a g1a1t1000000", "WakeAgent task-a g1"],
      timers: ["start task_timeout 86400000"],
      logged: ["wake_attempt task-a 1 g1a1t1000000"],
      state: "task-a g1 waking wakes 1 | Spawning | ours"
    },
    {
      clause:
        "a living process of the wake record is at work: it is adopted, not woken again, and still owes its confirmation",
      run: () => Run.confirming().restarted().tell(...connect).after(10_000).inspected({ process: "alive" }),
      said: ["AdoptAgent task-a g1"],
      timers: ["start confirmation 20000"],
      logged: ["agent_found_at_work task-a"],
      state: "recovering task-a g1 confirming wakes 1 | Running | in flight: recovery task-a | pending: state task-a"
    },
    {
      clause: "of which only the intent is known it has its whole time, as nobody can tell when it was spawned",
      run: () => Run.spawning().restarted().tell(...connect).after(10_000).inspected({ process: "alive" }),
      said: ["AdoptAgent task-a g1"],
      timers: ["start confirmation 30000"],
      logged: ["agent_found_at_work task-a"],
      state: "recovering task-a g1 confirming wakes 1 | Running | in flight: recovery task-a | pending: state task-a"
    },
    {
      clause: "a living process that has confirmed is at work",
      run: () => Run.confirming().restarted().tell(...connect).inspected({ process: "alive", started: true }),
      said: ["AdoptAgent task-a g1"],
      timers: ["cancel confirmation"],
      logged: ["agent_found_at_work task-a", "agent_started task-a 0"],
      state: "recovering task-a g1 working wakes 1 | Running | in flight: recovery task-a | pending: state task-a"
    },
    {
      clause: "a living process of a task at work is at work still",
      run: () => Run.working().restarted().tell(...connect).inspected({ process: "alive", started: true }),
      said: ["AdoptAgent task-a g1"],
      logged: ["agent_found_at_work task-a"],
      state: "recovering task-a g1 working wakes 1 | Running | in flight: recovery task-a | pending: state task-a"
    },
    {
      clause: "a confirmation that an earlier life of the daemon waited for too long is over at once",
      run: () => Run.confirming().restarted().after(40_000).inspected({ process: "alive" }),
      said: ["AdoptAgent task-a g1"],
      timers: ["start confirmation 0"],
      logged: ["agent_found_at_work task-a"],
      state: "recovering task-a g1 confirming wakes 1 | Running | down"
    },
    {
      clause: "after a clock that was set back the confirmation is waited for no longer than its whole time",
      run: () => Run.confirming().restarted().after(-5_000).inspected({ process: "alive" }),
      said: ["AdoptAgent task-a g1"],
      timers: ["start confirmation 30000"],
      logged: ["agent_found_at_work task-a"],
      state: "recovering task-a g1 confirming wakes 1 | Running | down"
    },
    {
      clause: "a command that ended with 0 may have left an agent at work, whose signs of life are young: no wake",
      run: () =>
        Run.working().ended(exited(0)).restarted().inspected({ process: "gone", started: true, last_sign_at: T0 }),
      logged: ["agent_found_at_work task-a"],
      state: "recovering task-a g1 working wakes 1 ended exited 0 | Running | down"
    },
    {
      clause: "a half-written answer is waited for, and nobody is woken",
      run: () => Run.accepted().inspected({ answer: "half-written" }),
      said: ["WatchResults task-a -"],
      timers: ["start confirmation 30000"],
      logged: ["agent_found_at_work task-a"],
      state: "task-a g1 confirming wakes 1 | Running | ours"
    },
    {
      clause: "an agent that an earlier life saw to its half-written answer is waited for",
      run: () => Run.spawning().restarted().tell(...connect).inspected({ process: "gone", answer: "half-written" }),
      timers: ["start confirmation 30000"],
      logged: ["agent_found_at_work task-a"],
      state: "recovering task-a g1 confirming wakes 1 | Running | in flight: recovery task-a | pending: state task-a"
    },
    {
      clause: "an answer that cannot be used is moved away and the task fails when nothing of its agent lives",
      run: () => Run.working().restarted().inspected({ process: "gone", answer: unusable }),
      said: ["SetAside task-a rejected", "StopAgent task-a linger 0"],
      timers: ["cancel confirmation", "cancel settle"],
      logged: ["answer_found task-a unusable", "agent_stopping task-a the answer is not JSON"],
      state: "recovering task-a g1 working wakes 1 | Stopping Failed (the answer is not JSON) | down | stopping: task-a"
    },
    {
      clause: "before the first wake it is of an earlier session: moved away, and the agent is woken",
      run: () => Run.accepted().inspected({ answer: unusable }),
      said: [
        "SetAside task-a rejected",
        "ClearEvidence task-a",
        "WatchResults task-a g1a1t1000000",
        "WakeAgent task-a g1"
      ],
      timers: ["start task_timeout 86400000"],
      logged: ["answer_ignored task-a it is of an earlier session", "wake_attempt task-a 1 g1a1t1000000"],
      state: "task-a g1 waking wakes 1 | Spawning | ours"
    },
    {
      clause: "an agent whose task was accepted before by another life confirms by its start",
      run: () =>
        Run.accepted().inspected({ answer: "half-written" }).tell({ _tag: "AgentStarted", task_id: A, wake_id: null }),
      said: ["SendWakeResult task-a success"],
      timers: ["cancel confirmation"],
      logged: ["agent_started task-a "],
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "what lives of an agent that is not at work any more is gone before the next is woken",
      run: () => Run.working().ended(exited(1)).assigned(3).inspected({ process: "alive" }),
      said: ["StopAgent task-a linger 0"],
      state:
        "task-a g3 accepted ended exited 1 | AwaitingExit | ours | in flight: accept task-a | leaving: task-a keep | stopping: task-a"
    },
    {
      clause: "also where only what its command left behind may live",
      run: () => Run.working().ended(exited(1)).assigned(3).inspected({ process: "gone" }),
      said: ["StopAgent task-a linger 0"],
      state:
        "task-a g3 accepted ended exited 1 | AwaitingExit | ours | in flight: accept task-a | leaving: task-a keep | stopping: task-a"
    },
    {
      clause: "and when it is gone, the evidence is looked at again",
      run: () => Run.working().ended(exited(1)).assigned(3).inspected({ process: "alive" }).stopped(false),
      said: ["InspectAgent task-a g3"],
      state: "task-a g3 accepted ended exited 1 | Inspecting assess | ours | in flight: accept task-a"
    },
    {
      clause: "its wake is seen off once, and then the next is made",
      run: () =>
        Run.working().ended(exited(1)).assigned(3).inspected({ process: "gone" }).stopped(false).inspected({
          process: "gone"
        }),
      said: ["ClearEvidence task-a", "WatchResults task-a g3a1t1000000", "WakeAgent task-a g3"],
      logged: ["wake_attempt task-a 1 g3a1t1000000"],
      state: "task-a g3 waking wakes 1 | Spawning | ours | in flight: accept task-a"
    },
    {
      clause: "signs of life that one left while it was seen off mean nothing",
      run: () =>
        Run.confirming().ended(exited(0)).unconfirmed().stopped(false).inspected({ process: "gone" })
          .restarted().assigned(1).inspected({ process: "gone" }).stopped().inspected({
            process: "gone",
            started: true,
            last_sign_at: T0
          }),
      said: ["ClearEvidence task-a", "WatchResults task-a g1a2t1000000", "WakeAgent task-a g1"],
      logged: ["wake_attempt task-a 2 g1a2t1000000"],
      state: "task-a g1 waking wakes 2 | Spawning | down | ours | pending: accept task-a"
    },
    {
      clause: "an answer that one left while it was seen off is reported",
      run: () =>
        Run.working().ended(exited(1)).assigned(3).inspected({ process: "alive" }).stopped().inspected({
          process: "gone",
          answer: success
        }).acked(),
      said: ["SendReport task-a g3 Complete"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: ["report_sent task-a 3 complete"],
      state: "task-a g3 reporting ended killed - | has Success | ours | in flight: report task-a"
    },
    {
      clause: "a wake that never ran shows by young signs of life that another agent is at work: no wake beside it",
      run: () => Run.spawning().restarted().tell(...connect).inspected({ started: true, last_sign_at: T0 }),
      timers: ["cancel confirmation"],
      logged: ["agent_found_at_work task-a", "agent_started task-a 0"],
      state: "recovering task-a g1 working wakes 1 | Running | in flight: recovery task-a | pending: state task-a"
    },
    {
      clause: "when that one is silent, it has ended",
      run: () =>
        Run.spawning().restarted().assigned(1).inspected({ started: true, last_sign_at: T0 }).after(1_800_000).timer(
          "lease"
        ).inspected({ started: true, last_sign_at: T0 }),
      timers: ["cancel confirmation", "start settle 10000"],
      state:
        "task-a g1 working wakes 1 | Settling Failed (the agent ended without an answer, or was silent for 1800000 ms) | down | ours | pending: accept task-a"
    },
    {
      clause: "an answer of an agent on its way out waits for the look at the evidence that follows",
      run: () => Run.working().ended(exited(1)).assigned(3).inspected({ process: "alive" }).found(success),
      state:
        "task-a g3 accepted ended exited 1 | AwaitingExit | ours | in flight: accept task-a | leaving: task-a keep | stopping: task-a"
    },
    {
      clause: "the evidence of a task that is not held is of no interest",
      run: () => Run.idle().tell(inspected(A)),
      state: ""
    },
    {
      clause: "the evidence of another task is of no interest",
      run: () => Run.idle().assigned().tell(inspected(B)),
      state: "task-a g1 accepted | Inspecting assess | ours | in flight: accept task-a"
    },
    {
      clause: "evidence that nobody asked for is of no interest",
      run: () => Run.working().inspected({ answer: success }),
      state: "task-a g1 working wakes 1 | Running | ours"
    }
  ])
})
