import { describe, expect } from "vitest"
import { emptyStore } from "../../src/domain/SidecarState.ts"
import type { Task, TaskFound } from "../../src/domain/Work.ts"
import { A, assigned, assignment, B, connect, failure, payloadOf, Run, success, T0, table } from "./support.ts"

const taskOf = (id: string): Task => ({ ...Run.working().task, id })

/** A wake of A whose leader lives: the second attempt under the third generation, at T0. */
const found: TaskFound = {
  wake: { generation: 3, attempt: 2, at: T0 },
  assignment: { ...assignment(A, 3), description: "as the agent was told", metadata: { url: "https://example.org" } }
}

/** A start at which no state can be read, with what lives then. */
const lost = (at_work: TaskFound | null, survivors: ReadonlyArray<string>) =>
  new Run().tell({ _tag: "Restarted", stored: null, survivors, at_work })

describe("rule 10: a state that is lost", () => {
  table([
    {
      clause: "nothing lives: there is nothing to recover",
      run: () => lost(null, []),
      said: ["CheckReadiness"],
      timers: ["start readiness 30000"],
      state: "down | link closed"
    },
    {
      clause: "the task at work is made again from what its agent was given and its wake's name, and is looked at",
      run: () => lost(found, [A]).after(100),
      said: ["WatchResults task-a g3a2t1000000", "InspectAgent task-a g3", "OpenConnection"],
      timers: ["start task_check 60000", "start task_timeout 86400000", "start readiness 30000"],
      logged: ["state_adopted task-a g3a2t1000000 3", "recovery_found task-a confirming 3"],
      state: "recovering task-a g3 confirming wakes 2 | Inspecting evidence | down",
      then: ({ task }) =>
        expect(task).toEqual({
          kind: "task",
          id: A,
          generation: 3,
          payload: {
            ...payloadOf(A, 3),
            description: "as the agent was told",
            metadata: { url: "https://example.org" }
          },
          status: "confirming",
          wake_attempts: 2,
          woken_at: T0,
          wake: { id: "g3a2t1000000", at: T0, end: null },
          failure: null
        })
    },
    {
      clause: "it works where its .started is there",
      run: () => lost(found, [A]).inspected({ process: "alive", started: true, last_sign_at: T0 }),
      said: ["AdoptAgent task-a g3"],
      timers: ["cancel task_confirmation"],
      logged: ["agent_found_at_work task-a", "agent_started task-a 0"],
      state: "recovering task-a g3 working wakes 2 | Running | down"
    },
    {
      clause: "else its confirmation is waited for, for what is left of the time",
      run: () => lost(found, [A]).after(10_000).inspected({ process: "alive" }),
      said: ["AdoptAgent task-a g3"],
      timers: ["start task_confirmation 20000"],
      logged: ["agent_found_at_work task-a"],
      state: "recovering task-a g3 confirming wakes 2 | Running | down"
    },
    {
      clause: "nothing is reported before the hub was asked",
      run: () => lost(found, [A]).inspected({ process: "alive", started: true, answer: success }).tell(...connect),
      said: ["Identify at work since 1970-01-01T00:16:40.000Z", "AskRecovery task-a g3"],
      timers: ["start answer 15000"],
      state: "recovering task-a g3 reporting wakes 2 | has Success | in flight: recovery task-a | pending: state task-a"
    },
    {
      clause: "its generation is a lower bound: that of the hub's assignment counts",
      run: () => lost(found, [A]).inspected({ process: "alive", started: true }).tell(...connect, assigned(A, 7)),
      said: ["Identify at work since 1970-01-01T00:16:40.000Z", "AskRecovery task-a g3"],
      timers: ["start answer 15000", "cancel half_open", "cancel assign_grace", "cancel lookup"],
      logged: ["task_received task-a 7 true", "recovery_settled task-a ours"],
      state:
        "task-a g7 working wakes 1 | Running | ours | in flight: recovery task-a | pending: state task-a, accept task-a"
    },
    {
      clause: "every other living agent is seen off",
      run: () => lost(found, [B, A, "task-c"]),
      said: [
        "StopAgent task-b linger 0",
        "StopAgent task-c linger 0",
        "WatchResults task-a g3a2t1000000",
        "InspectAgent task-a g3",
        "OpenConnection"
      ],
      timers: ["start task_check 60000", "start task_timeout 86400000", "start readiness 30000"],
      logged: ["state_adopted task-a g3a2t1000000 3", "recovery_found task-a confirming 3"],
      state:
        "recovering task-a g3 confirming wakes 2 | Inspecting evidence | down | terminating: task-b keep, task-c keep | stopping: task-b, task-c"
    },
    {
      clause: "all of them where none can be made again",
      run: () => lost(null, [A, B]),
      said: ["StopAgent task-a linger 0", "StopAgent task-b linger 0", "CheckReadiness"],
      timers: ["start readiness 30000"],
      state: "down | terminating: task-a keep, task-b keep | stopping: task-a, task-b | link closed"
    },
    {
      clause: "a state that was read is the truth, though it holds nothing: who lives is seen off",
      run: () => new Run().tell({ _tag: "Restarted", stored: emptyStore, survivors: [A], at_work: found }),
      said: ["StopAgent task-a linger 0", "CheckReadiness"],
      timers: ["start readiness 30000"],
      state: "down | terminating: task-a keep | stopping: task-a | link closed"
    },
    {
      clause: "or holds another task",
      run: () =>
        new Run().tell({
          _tag: "Restarted",
          stored: { ...emptyStore, task: taskOf(B), recovering: true },
          survivors: [A],
          at_work: found
        }),
      said: [
        "StopAgent task-a linger 0",
        "WatchResults task-b g1a1t1000000",
        "InspectAgent task-b g1",
        "OpenConnection"
      ],
      timers: ["start task_check 60000", "start task_timeout 86400000", "start readiness 30000"],
      logged: ["recovery_found task-b working 1"],
      state:
        "recovering task-b g1 working wakes 1 | Inspecting evidence | down | terminating: task-a keep | stopping: task-a"
    }
  ])
})

describe("rule 10: restart", () => {
  table([
    {
      clause: "active becomes recovering, and is looked at",
      run: () => Run.working().restarted(),
      said: ["WatchResults task-a g1a1t1000000", "InspectAgent task-a g1", "OpenConnection"],
      timers: ["start task_check 60000", "start task_timeout 86400000", "start readiness 30000"],
      logged: ["recovery_found task-a working 1"],
      state: "recovering task-a g1 working wakes 1 | Inspecting evidence | down"
    },
    {
      clause: "recovering stays recovering",
      run: () => Run.working().restarted().restarted(),
      said: ["WatchResults task-a g1a1t1000000", "InspectAgent task-a g1", "OpenConnection"],
      timers: ["start task_check 60000", "start task_timeout 86400000", "start readiness 30000"],
      logged: ["recovery_found task-a working 1"],
      state: "recovering task-a g1 working wakes 1 | Inspecting evidence | down"
    },
    {
      clause: "a failure that waits for its report does not take too long",
      run: () => Run.working().offline().found(failure).restarted().timer("task_timeout"),
      state: "recovering task-a g1 reporting wakes 1 failed (it went wrong) | Inspecting evidence | down"
    },
    {
      clause: "agents that live though nobody holds their task are terminated",
      run: () =>
        new Run().tell({
          _tag: "Restarted",
          stored: { ...emptyStore, task: taskOf(A) },
          survivors: [A, B, "task-c"]
        }),
      said: [
        "StopAgent task-b linger 0",
        "StopAgent task-c linger 0",
        "WatchResults task-a g1a1t1000000",
        "InspectAgent task-a g1",
        "OpenConnection"
      ],
      timers: ["start task_check 60000", "start task_timeout 86400000", "start readiness 30000"],
      logged: ["recovery_found task-a working 1"],
      state:
        "recovering task-a g1 working wakes 1 | Inspecting evidence | down | terminating: task-b keep, task-c keep | stopping: task-b, task-c"
    },
    {
      clause: "nothing stored: nothing to recover",
      run: () => new Run().tell({ _tag: "Restarted", stored: emptyStore, survivors: [] }),
      said: ["CheckReadiness"],
      timers: ["start readiness 30000"],
      state: "down | link closed"
    },
    {
      clause: "an agent that nobody holds a task for is seen off",
      run: () => new Run().tell({ _tag: "Restarted", stored: emptyStore, survivors: [A] }),
      said: ["StopAgent task-a linger 0", "CheckReadiness"],
      timers: ["start readiness 30000"],
      state: "down | terminating: task-a keep | stopping: task-a | link closed"
    },
    {
      clause: "the agent of the task we hold is not",
      run: () => Run.working().restarted([A]),
      said: ["WatchResults task-a g1a1t1000000", "InspectAgent task-a g1", "OpenConnection"],
      timers: ["start task_check 60000", "start task_timeout 86400000", "start readiness 30000"],
      logged: ["recovery_found task-a working 1"],
      state: "recovering task-a g1 working wakes 1 | Inspecting evidence | down"
    },
    {
      clause: "nor is that of a recovering one",
      run: () => Run.working().restarted([A]).restarted([A]),
      said: ["WatchResults task-a g1a1t1000000", "InspectAgent task-a g1", "OpenConnection"],
      timers: ["start task_check 60000", "start task_timeout 86400000", "start readiness 30000"],
      logged: ["recovery_found task-a working 1"],
      state: "recovering task-a g1 working wakes 1 | Inspecting evidence | down"
    },
    {
      clause: "but an old agent of a task that was taken anew is, before the evidence is looked at",
      run: () => Run.failing().reconnected().assigned(3).restarted([A]),
      said: ["StopAgent task-a linger 0", "WatchResults task-a -", "OpenConnection"],
      timers: ["start task_check 60000", "start readiness 30000"],
      logged: ["recovery_found task-a accepted 3"],
      state: "recovering task-a g3 accepted | AwaitingExit | down | terminating: task-a keep | stopping: task-a"
    },
    {
      clause: "also where the task is recovering already",
      run: () => Run.failing().reconnected().assigned(3).restarted([A]).restarted([A]),
      said: ["StopAgent task-a linger 0", "WatchResults task-a -", "OpenConnection"],
      timers: ["start task_check 60000", "start readiness 30000"],
      logged: ["recovery_found task-a accepted 3"],
      state: "recovering task-a g3 accepted | AwaitingExit | down | terminating: task-a keep | stopping: task-a"
    },
    {
      clause: "the time for the task goes on counting",
      run: () => Run.working().after(86_000_000).restarted(),
      said: ["WatchResults task-a g1a1t1000000", "InspectAgent task-a g1", "OpenConnection"],
      timers: ["start task_check 60000", "start task_timeout 400000", "start readiness 30000"],
      logged: ["recovery_found task-a working 1"],
      state: "recovering task-a g1 working wakes 1 | Inspecting evidence | down"
    },
    {
      clause: "one that is over is over",
      run: () => Run.working().after(90_000_000).restarted(),
      said: ["WatchResults task-a g1a1t1000000", "InspectAgent task-a g1", "OpenConnection"],
      timers: ["start task_check 60000", "start task_timeout 0", "start readiness 30000"],
      logged: ["recovery_found task-a working 1"],
      state: "recovering task-a g1 working wakes 1 | Inspecting evidence | down"
    },
    {
      clause: "and no more than the whole of it is left after a clock that was set back",
      run: () => Run.working().after(-5_000).restarted(),
      said: ["WatchResults task-a g1a1t1000000", "InspectAgent task-a g1", "OpenConnection"],
      timers: ["start task_check 60000", "start task_timeout 86400000", "start readiness 30000"],
      logged: ["recovery_found task-a working 1"],
      state: "recovering task-a g1 working wakes 1 | Inspecting evidence | down"
    },
    {
      clause: "a task that nobody was woken for has no time to count",
      run: () => Run.accepted().restarted(),
      said: ["WatchResults task-a -", "InspectAgent task-a g1", "OpenConnection"],
      timers: ["start task_check 60000", "start readiness 30000"],
      logged: ["recovery_found task-a accepted 1"],
      state: "recovering task-a g1 accepted | Inspecting evidence | down"
    },
    {
      clause: "before a wake after one of an earlier life, whatever lives of that is seen off",
      run: () => Run.spawning().restarted().tell(...connect).inspected().reassigned().answered("continue").inspected(),
      said: ["StopAgent task-a linger 0"],
      state:
        "task-a g1 waking wakes 1 | AwaitingExit | ours | recovery denied | in flight: accept task-a | terminating: task-a keep | stopping: task-a"
    },
    {
      clause: "a wake that was meant but never began is made again under its number",
      run: () =>
        Run.spawning().restarted().tell(...connect).inspected().reassigned().answered("continue").after(5).inspected()
          .stopped(false).inspected(),
      said: ["ClearEvidence task-a", "WatchResults task-a g1a1t1000005", "WakeAgent task-a g1"],
      logged: ["wake_attempt task-a 1 g1a1t1000005"],
      state: "task-a g1 waking wakes 1 | Spawning | ours | recovery denied | in flight: accept task-a"
    },
    {
      clause: "also where it was spawned already, and its machine went down before it ran",
      run: () =>
        Run.confirming({ wake_command_blocks: true }).restarted().assigned(1).after(5).inspected().stopped(false)
          .inspected(),
      said: ["ClearEvidence task-a", "WatchResults task-a g1a1t1000005", "WakeAgent task-a g1"],
      logged: ["wake_attempt task-a 1 g1a1t1000005"],
      state: "task-a g1 waking wakes 1 | Spawning | down | ours | pending: accept task-a"
    },
    {
      clause: "one that ran has the rest of its time for its confirmation",
      run: () =>
        Run.confirming().restarted().tell(...connect).reassigned().answered("continue").after(10_000)
          .inspected({ process: "gone" }),
      timers: ["start task_confirmation 20000"],
      state: "task-a g1 confirming wakes 1 | Running | ours | recovery denied | in flight: accept task-a"
    },
    {
      clause: "of which only the intent is known its whole time, as nobody can tell when it was spawned",
      run: () =>
        Run.spawning().restarted().tell(...connect).inspected().reassigned().answered("continue").after(10_000)
          .inspected({ process: "gone" }),
      timers: ["start task_confirmation 30000"],
      state: "task-a g1 confirming wakes 1 | Running | ours | recovery denied | in flight: accept task-a"
    },
    {
      clause: "one that ran and blocks has ended, though its end was not seen",
      run: () => Run.spawning({ wake_command_blocks: true }).restarted().assigned(1).inspected({ process: "gone" }),
      timers: ["cancel task_confirmation", "start task_late_answer 10000"],
      state:
        "task-a g1 confirming wakes 1 | AwaitingAnswer Failed (the agent ended without an answer, or was silent for 1800000 ms) | down | ours | pending: accept task-a"
    },
    {
      clause: "one that ran before the task is ours is judged when it is",
      run: () => Run.spawning().restarted().inspected({ process: "gone" }),
      state: "recovering task-a g1 waking wakes 1 | down"
    },
    {
      clause: "attempts go on counting after one that ran",
      run: () =>
        Run.spawning().restarted().assigned(1).inspected({ process: "gone" }).unconfirmed().stopped(false)
          .inspected({ process: "gone" }).tell({ _tag: "RetryDue", work_id: A }).inspected({ process: "gone" }),
      said: ["ClearEvidence task-a", "WatchResults task-a g1a2t1000000", "WakeAgent task-a g1"],
      logged: ["wake_attempt task-a 2 g1a2t1000000"],
      state: "task-a g1 waking wakes 2 | Spawning | down | ours | pending: accept task-a"
    },
    {
      clause: "and after one that had failed",
      run: () =>
        Run.retrying().restarted().tell(...connect).inspected().reassigned().answered("continue").inspected().stopped(
          false
        ).inspected(),
      said: ["ClearEvidence task-a", "WatchResults task-a g1a2t1000000", "WakeAgent task-a g1"],
      logged: ["wake_attempt task-a 2 g1a2t1000000"],
      state: "task-a g1 waking wakes 2 | Spawning | ours | recovery denied | in flight: accept task-a"
    },
    {
      clause: "under a new generation they count anew",
      run: () =>
        Run.retrying().restarted().tell(...connect).inspected({ process: "gone" }).assigned(3).inspected({
          process: "gone"
        }).stopped(false).inspected({ process: "gone" }),
      said: ["ClearEvidence task-a", "WatchResults task-a g3a1t1000000", "WakeAgent task-a g3"],
      logged: ["wake_attempt task-a 1 g3a1t1000000"],
      state:
        "task-a g3 waking wakes 1 | Spawning | ours | in flight: recovery task-a | pending: state task-a, accept task-a"
    },
    {
      clause: "also where the one before was meant but never began",
      run: () =>
        Run.spawning().restarted().tell(...connect).inspected().assigned(3).inspected().stopped(false).inspected(),
      said: ["ClearEvidence task-a", "WatchResults task-a g3a1t1000000", "WakeAgent task-a g3"],
      logged: ["wake_attempt task-a 1 g3a1t1000000"],
      state:
        "task-a g3 waking wakes 1 | Spawning | ours | in flight: recovery task-a | pending: state task-a, accept task-a"
    },
    {
      clause: "also where that one's command blocks",
      run: () =>
        Run.spawning({ wake_command_blocks: true }).restarted().tell(...connect).inspected().assigned(3).inspected()
          .stopped(false).inspected(),
      said: ["ClearEvidence task-a", "WatchResults task-a g3a1t1000000", "WakeAgent task-a g3"],
      logged: ["wake_attempt task-a 1 g3a1t1000000"],
      state:
        "task-a g3 waking wakes 1 | Spawning | ours | in flight: recovery task-a | pending: state task-a, accept task-a"
    },
    {
      clause: "one that waits for its retry then makes its first attempt",
      run: () =>
        Run.retrying().assigned(3).tell({ _tag: "RetryDue", work_id: A }).acked().inspected({ process: "gone" }),
      said: ["ClearEvidence task-a", "WatchResults task-a g3a1t1000000", "WakeAgent task-a g3"],
      logged: ["wake_attempt task-a 1 g3a1t1000000"],
      state: "task-a g3 waking wakes 1 | Spawning | ours"
    },
    {
      clause: "an attempt under way is the first of the new generation",
      run: () => Run.retrying().tell({ _tag: "RetryDue", work_id: A }).inspected({ process: "gone" }).assigned(3),
      said: ["AcceptTask task-a g3"],
      timers: ["cancel half_open", "cancel assign_grace", "cancel lookup", "start answer 15000"],
      logged: ["task_received task-a 3 true"],
      state: "task-a g3 waking wakes 1 | Spawning | ours | in flight: accept task-a"
    },
    {
      clause: "so is one that is being confirmed",
      run: () =>
        Run.retrying().tell({ _tag: "RetryDue", work_id: A }).inspected({ process: "gone" }).spawned().assigned(3),
      said: ["AcceptTask task-a g3"],
      timers: ["cancel half_open", "cancel assign_grace", "cancel lookup", "start answer 15000"],
      logged: ["task_received task-a 3 true"],
      state: "task-a g3 confirming wakes 1 | Running | ours | in flight: accept task-a"
    },
    {
      clause: "so is one that is found at work",
      run: () => Run.accepted().inspected({ answer: "half-written" }),
      said: ["WatchResults task-a -"],
      timers: ["start task_confirmation 30000"],
      logged: ["agent_found_at_work task-a"],
      state: "task-a g1 confirming wakes 1 | Running | ours"
    },
    {
      clause: "an answer that was being reported is looked for anew",
      run: () => Run.reporting().restarted(),
      said: ["WatchResults task-a g1a1t1000000", "InspectAgent task-a g1", "OpenConnection"],
      timers: ["start task_check 60000", "start task_timeout 86400000", "start readiness 30000"],
      logged: ["recovery_found task-a reporting 1"],
      state: "recovering task-a g1 working wakes 1 | Inspecting evidence | down"
    },
    {
      clause: "and owed again",
      run: () => Run.reporting().restarted().tell(...connect).inspected({ process: "gone", answer: success }),
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout"],
      logged: ["answer_found task-a success"],
      state: "recovering task-a g1 reporting wakes 1 | has Success | in flight: recovery task-a | pending: state task-a"
    },
    {
      clause: "a failure that is owed stays owed",
      run: () => Run.working().assigned(1).found(failure).restarted(),
      said: ["WatchResults task-a g1a1t1000000", "InspectAgent task-a g1", "OpenConnection"],
      timers: ["start task_check 60000", "start task_timeout 86400000", "start readiness 30000"],
      logged: ["recovery_found task-a reporting 1"],
      state: "recovering task-a g1 reporting wakes 1 failed (it went wrong) | Inspecting evidence | down"
    },
    {
      clause: "unless a success has come meanwhile",
      run: () => Run.working().assigned(1).found(failure).restarted().inspected({ process: "gone", answer: success }),
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout"],
      logged: ["answer_found task-a success"],
      state: "recovering task-a g1 reporting wakes 1 | has Success | down"
    },
    {
      clause: "nothing new: it is still owed",
      run: () =>
        Run.working().assigned(1).found(failure).restarted().inspected({
          process: "alive",
          started: true,
          last_sign_at: T0
        }),
      state: "recovering task-a g1 reporting wakes 1 failed (it went wrong) | down"
    },
    {
      clause: "and reported when the task is ours",
      run: () =>
        Run.working().assigned(1).found(failure).restarted().inspected().tell(...connect).reassigned().answered(
          "continue"
        ).acked(),
      said: ["SetAside task-a sent", "SendReport task-a g1 Failed: it went wrong"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: ["report_sent task-a 1 failed it went wrong"],
      state:
        "task-a g1 reporting wakes 1 failed (it went wrong; sent g1) | ours | recovery denied | in flight: report task-a"
    },
    {
      clause: "a failure that was sent, and whose files the crash left in place, is set aside",
      run: () => Run.failing().restarted().inspected({ process: "gone", answer: failure }),
      said: ["SetAside task-a sent"],
      logged: ["answer_ignored task-a a failure was reported before it"],
      state: "recovering task-a g1 reporting wakes 1 failed (it went wrong; sent g1) | down"
    }
  ])
})
