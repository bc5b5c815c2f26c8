import { describe, expect } from "vitest"
import type { Message } from "../../src/domain/Message.ts"
import { A, assignment, B, connect, exited, payloadOf, Run, success, table } from "./support.ts"

describe("rule 2: an assignment", () => {
  table([
    {
      clause: "an idle sidecar accepts, and looks at the evidence",
      run: () => Run.idle().assigned(),
      said: ["InspectAgent task-a g1", "AcceptTask task-a g1"],
      timers: [
        "cancel half_open",
        "start task_check 60000",
        "cancel assign_grace",
        "cancel lookup",
        "start answer 15000"
      ],
      logged: ["task_received task-a 1 false"],
      state: "task-a g1 accepted | Inspecting evidence | ours | in flight: accept task-a",
      then: (run) =>
        expect(run.task).toMatchObject({
          id: A,
          generation: 1,
          payload: payloadOf(A, 1),
          woken_at: null,
          wake: null,
          failure: null
        })
    },
    {
      clause: "the task we hold with our generation is accepted again",
      run: () => Run.working().assigned(1),
      said: ["AcceptTask task-a g1"],
      timers: ["cancel half_open", "cancel assign_grace", "cancel lookup", "start answer 15000"],
      logged: ["task_received task-a 1 true"],
      state: "task-a g1 working wakes 1 | Running | ours | in flight: accept task-a"
    },
    {
      clause: "the task we hold with a higher generation: the generation is taken and accepted",
      run: () =>
        Run.working().tell({
          _tag: "TaskAssigned",
          task: { ...assignment(A, 3), description: "do it now", metadata: { a: 1 }, assigned_at: 9 }
        }),
      said: ["AcceptTask task-a g3"],
      timers: ["cancel half_open", "cancel assign_grace", "cancel lookup", "start answer 15000"],
      logged: ["task_received task-a 3 true"],
      state: "task-a g3 working wakes 1 | Running | ours | in flight: accept task-a",
      then: (run) =>
        expect(run.task).toMatchObject({ payload: { description: "do it now", metadata: { a: 1 }, assigned_at: 9 } })
    },
    {
      clause: "the same generation again brings its fields with it",
      run: () => Run.working().tell({ _tag: "TaskAssigned", task: { ...assignment(A, 1), description: "do it now" } }),
      said: ["AcceptTask task-a g1"],
      timers: ["cancel half_open", "cancel assign_grace", "cancel lookup", "start answer 15000"],
      logged: ["task_received task-a 1 true"],
      state: "task-a g1 working wakes 1 | Running | ours | in flight: accept task-a",
      then: (run) => expect(run.task.payload.description).toBe("do it now")
    },
    {
      clause: "a lower generation is late, and is ignored",
      run: () => Run.idle().assigned(3).assigned(2),
      timers: ["cancel half_open"],
      logged: ["task_refused task-a generation 2 is older than ours, 3"],
      state: "task-a g3 accepted | Inspecting evidence | ours | in flight: accept task-a"
    },
    {
      clause: "an accept that waits already is not asked for twice, and carries the newest generation",
      run: () => Run.idle().assigned(1).assigned(3).assigned(5).acked(),
      said: ["AcceptTask task-a g5"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      state: "task-a g5 accepted | Inspecting evidence | ours | in flight: accept task-a"
    },
    {
      clause: "the recovering task with our generation is ours again",
      run: () => Run.working().restarted().tell(...connect).inspected({ process: "alive", started: true }).assigned(1),
      timers: ["cancel half_open", "cancel assign_grace", "cancel lookup"],
      logged: ["task_received task-a 1 true", "recovery_settled task-a ours"],
      state:
        "task-a g1 working wakes 1 | Running | ours | in flight: recovery task-a | pending: state task-a, accept task-a"
    },
    {
      clause: "the recovering task with a higher generation is ours again",
      run: () => Run.working().restarted().tell(...connect).inspected({ process: "alive", started: true }).assigned(3),
      timers: ["cancel half_open", "cancel assign_grace", "cancel lookup"],
      logged: ["task_received task-a 3 true", "recovery_settled task-a ours"],
      state:
        "task-a g3 working wakes 1 | Running | ours | in flight: recovery task-a | pending: state task-a, accept task-a"
    },
    {
      clause: "a recovering task whose agent is not at work is looked at again, and woken as the evidence says",
      run: () => Run.working().restarted().tell(...connect).inspected({ process: "gone" }).assigned(3),
      said: ["InspectAgent task-a g3"],
      timers: [
        "cancel half_open",
        "cancel task_confirmation",
        "cancel task_late_answer",
        "cancel assign_grace",
        "cancel lookup"
      ],
      logged: ["task_received task-a 3 true", "recovery_settled task-a ours"],
      state:
        "task-a g3 accepted | Inspecting evidence | ours | in flight: recovery task-a | pending: state task-a, accept task-a"
    },
    {
      clause: "a recovering task with a lower generation stays as it is",
      run: () => Run.working().restarted().tell(...connect).inspected({ process: "alive", started: true }).assigned(0),
      timers: ["cancel half_open"],
      logged: ["task_refused task-a generation 0 is older than ours, 1"],
      state: "recovering task-a g1 working wakes 1 | Running | in flight: recovery task-a | pending: state task-a"
    },
    {
      clause: "a waiting report goes out after the accept",
      run: () => Run.working().offline().found(success).tell(...connect).answered("abort").assigned(3),
      said: ["AcceptTask task-a g3"],
      timers: ["cancel half_open", "cancel assign_grace", "cancel lookup", "start answer 15000"],
      logged: ["task_received task-a 3 true", "recovery_settled task-a ours"],
      state: "task-a g3 reporting | has Success | ours | in flight: accept task-a"
    },
    {
      clause: "and when the accept is acknowledged, with the new generation",
      run: () => Run.working().offline().found(success).tell(...connect).answered("abort").assigned(3).acked(),
      said: ["SendReport task-a g3 Complete"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: ["report_sent task-a 3 complete"],
      state: "task-a g3 reporting | has Success | ours | in flight: report task-a"
    },
    {
      clause: "a task in doubt comes back with a higher generation: it is ours",
      run: () => Run.working().inDoubt().assigned(3),
      said: ["AcceptTask task-a g3"],
      timers: ["cancel half_open", "cancel assign_grace", "cancel lookup", "start answer 15000"],
      logged: ["task_received task-a 3 true", "recovery_settled task-a ours"],
      state: "task-a g3 working wakes 1 | Running | ours | in flight: accept task-a"
    },
    {
      clause:
        "a task that is not at work any more starts anew under a new generation: whatever lives of its wake is seen off first",
      run: () =>
        Run.working().restarted().tell(...connect).inspected({ process: "gone" }).assigned(3).inspected({
          process: "gone"
        }),
      said: ["StopAgent task-a linger 0"],
      state:
        "task-a g3 accepted | AwaitingExit | ours | in flight: recovery task-a | pending: state task-a, accept task-a | terminating: task-a keep | stopping: task-a"
    },
    {
      clause: "then what is stale is removed and it is woken",
      run: () =>
        Run.working().restarted().tell(...connect).inspected({ process: "gone" }).assigned(3).inspected({
          process: "gone"
        }).stopped(false).inspected({ process: "gone" }),
      said: ["ClearEvidence task-a", "WatchResults task-a g3a1t1000000", "WakeAgent task-a g3"],
      logged: ["wake_attempt task-a 1 g3a1t1000000"],
      state:
        "task-a g3 waking wakes 1 | Spawning | ours | in flight: recovery task-a | pending: state task-a, accept task-a"
    },
    {
      clause: "under the same generation it ends instead",
      run: () =>
        Run.working().restarted().tell(...connect).inspected({ process: "gone" }).assigned(1).inspected({
          process: "gone"
        }),
      timers: ["cancel task_confirmation", "start task_late_answer 10000"],
      state:
        "task-a g1 working wakes 1 | AwaitingAnswer Failed (the agent ended without an answer, or was silent for 1800000 ms) | ours | in flight: recovery task-a | pending: state task-a, accept task-a"
    },
    {
      clause: "a new generation ends the wait for a late answer: the evidence decides",
      run: () => Run.working().ended(exited(1)).assigned(3),
      said: ["InspectAgent task-a g3", "AcceptTask task-a g3"],
      timers: [
        "cancel half_open",
        "cancel task_confirmation",
        "cancel task_late_answer",
        "cancel assign_grace",
        "cancel lookup",
        "start answer 15000"
      ],
      logged: ["task_received task-a 3 true"],
      state: "task-a g3 accepted ended exited 1 | Inspecting evidence | ours | in flight: accept task-a"
    },
    {
      clause: "the same generation does not",
      run: () => Run.working().ended(exited(1)).assigned(1),
      said: ["AcceptTask task-a g1"],
      timers: ["cancel half_open", "cancel assign_grace", "cancel lookup", "start answer 15000"],
      logged: ["task_received task-a 1 true"],
      state:
        "task-a g1 working wakes 1 ended exited 1 | AwaitingAnswer Failed (the wake command ended with exit code 1; there is no answer) | ours | in flight: accept task-a"
    },
    {
      clause: "a new generation while the agent is looked at leaves the decision to the evidence",
      run: () => Run.confirming().restarted().assigned(3),
      timers: ["cancel half_open", "cancel assign_grace", "cancel lookup"],
      logged: ["task_received task-a 3 true", "recovery_settled task-a ours"],
      state: "task-a g3 confirming wakes 1 | Inspecting evidence | down | ours | pending: accept task-a"
    },
    {
      clause: "a new generation while an agent at work is looked at changes nothing for it",
      run: () => Run.working().timer("task_check").assigned(3),
      said: ["AcceptTask task-a g3"],
      timers: ["cancel half_open", "cancel assign_grace", "cancel lookup", "start answer 15000"],
      logged: ["task_received task-a 3 true"],
      state: "task-a g3 working wakes 1 | Inspecting check | ours | in flight: accept task-a"
    },
    {
      clause: "a new generation during a wake leaves the wake alone",
      run: () => Run.spawning().assigned(3),
      said: ["AcceptTask task-a g3"],
      timers: ["cancel half_open", "cancel assign_grace", "cancel lookup", "start answer 15000"],
      logged: ["task_received task-a 3 true"],
      state: "task-a g3 waking wakes 1 | Spawning | ours | in flight: accept task-a"
    },
    {
      clause: "a new generation leaves a wake whose agent may still confirm: it is not woken a second time",
      run: () =>
        Run.confirming().ended(exited(0)).restarted().tell(...connect).after(2_000).assigned(3).inspected({
          process: "gone"
        }),
      timers: ["start task_confirmation 28000"],
      state:
        "task-a g3 confirming wakes 1 ended exited 0 | Running | ours | in flight: recovery task-a | pending: state task-a, accept task-a"
    },
    {
      clause: "also where it was looked at before the task was ours",
      run: () =>
        Run.confirming().ended(exited(0)).restarted().tell(...connect).inspected({ process: "gone" }).assigned(3),
      said: ["InspectAgent task-a g3"],
      timers: ["cancel half_open", "cancel task_late_answer", "cancel assign_grace", "cancel lookup"],
      logged: ["task_received task-a 3 true", "recovery_settled task-a ours"],
      state:
        "task-a g3 confirming wakes 1 ended exited 0 | Inspecting evidence | ours | in flight: recovery task-a | pending: state task-a, accept task-a"
    },
    {
      clause: "also where we know of its intent alone",
      run: () => Run.spawning().restarted().tell(...connect).inspected({ process: "gone" }).assigned(3),
      said: ["InspectAgent task-a g3"],
      timers: ["cancel half_open", "cancel task_late_answer", "cancel assign_grace", "cancel lookup"],
      logged: ["task_received task-a 3 true", "recovery_settled task-a ours"],
      state:
        "task-a g3 waking wakes 1 | Inspecting evidence | ours | in flight: recovery task-a | pending: state task-a, accept task-a"
    },
    {
      clause: "a wake that can confirm no more begins anew",
      run: () => Run.retrying().restarted().tell(...connect).inspected({ process: "gone" }).assigned(3),
      said: ["InspectAgent task-a g3"],
      timers: [
        "cancel half_open",
        "cancel task_confirmation",
        "cancel task_late_answer",
        "cancel assign_grace",
        "cancel lookup"
      ],
      logged: ["task_received task-a 3 true", "recovery_settled task-a ours"],
      state:
        "task-a g3 accepted ended exited 1 | Inspecting evidence | ours | in flight: recovery task-a | pending: state task-a, accept task-a"
    },
    {
      clause: "a new generation while a wake that may have begun is looked at leaves its number",
      run: () => Run.spawning().restarted().assigned(3).inspected().stopped(false).inspected(),
      said: ["ClearEvidence task-a", "WatchResults task-a g3a1t1000000", "WakeAgent task-a g3"],
      logged: ["wake_attempt task-a 1 g3a1t1000000"],
      state: "task-a g3 waking wakes 1 | Spawning | down | ours | pending: accept task-a"
    },
    {
      clause: "a new generation while the agent is being stopped leaves that alone",
      run: () => Run.confirming().unconfirmed().assigned(3),
      said: ["AcceptTask task-a g3"],
      timers: ["cancel half_open", "cancel assign_grace", "cancel lookup", "start answer 15000"],
      logged: ["task_received task-a 3 true"],
      state:
        "task-a g3 confirming wakes 1 | Stopping AttemptFailed (no confirmation within 30000 ms) | ours | in flight: accept task-a | stopping: task-a"
    },
    {
      clause: "a task whose id cannot be a file name is not accepted",
      run: () => Run.idle().assigned(1, "../task"),
      logged: ["task_refused ../task the id cannot be a file name"],
      state: ""
    },
    {
      clause: "nor is it refused as busy",
      run: () => Run.working().assigned(1, "../task"),
      logged: ["task_refused ../task the id cannot be a file name"],
      state: "task-a g1 working wakes 1 | Running | ours"
    }
  ])
})

describe("rule 3: another task", () => {
  table([
    {
      clause: "another task while one is held is rejected with busy",
      run: () => Run.working().assigned(1, B),
      said: ["RejectTask task-b busy"],
      timers: ["cancel half_open", "start answer 15000"],
      logged: ["task_refused task-b busy with task-a"],
      state: "task-a g1 working wakes 1 | Running | ours | in flight: reject task-b"
    },
    {
      clause: "it is rejected when the frame in flight is answered",
      run: () => Run.idle().assigned().assigned(1, B),
      timers: ["cancel half_open"],
      logged: ["task_refused task-b busy with task-a"],
      state: "task-a g1 accepted | Inspecting evidence | ours | in flight: accept task-a | pending: reject task-b"
    },
    {
      clause: "in the order that was asked for",
      run: () => Run.idle().assigned().assigned(1, B).acked(),
      said: ["RejectTask task-b busy"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      state: "task-a g1 accepted | Inspecting evidence | ours | in flight: reject task-b"
    },
    {
      clause: "a task in doubt whose report waits gives way to another: its files are kept",
      run: () => Run.reporting().inDoubt().assigned(1, B),
      said: ["StopWatching", "StopAgent task-a linger 0", "InspectAgent task-b g1", "AcceptTask task-b g1"],
      timers: [
        "cancel progress",
        "cancel assign_grace",
        "cancel lookup",
        "cancel task_confirmation",
        "cancel task_late_answer",
        "cancel task_timeout",
        "cancel task_check",
        "cancel task_inspection",
        "cancel half_open",
        "start task_check 60000",
        "cancel assign_grace",
        "cancel lookup",
        "start answer 15000"
      ],
      logged: ["recovery_settled task-a not_ours", "task_received task-b 1 false"],
      state:
        "task-b g1 accepted | Inspecting evidence | ours | in flight: accept task-b | terminating: task-a keep | stopping: task-a"
    },
    {
      clause: "so does one that nobody was woken for",
      run: () => Run.accepted().inDoubt().inspected().assigned(1, B),
      said: ["StopWatching", "StopAgent task-a linger 0", "InspectAgent task-b g1", "AcceptTask task-b g1"],
      timers: [
        "cancel progress",
        "cancel assign_grace",
        "cancel lookup",
        "cancel task_confirmation",
        "cancel task_late_answer",
        "cancel task_timeout",
        "cancel task_check",
        "cancel task_inspection",
        "cancel half_open",
        "start task_check 60000",
        "cancel assign_grace",
        "cancel lookup",
        "start answer 15000"
      ],
      logged: ["recovery_settled task-a not_ours", "task_received task-b 1 false"],
      state:
        "task-b g1 accepted | Inspecting evidence | ours | in flight: accept task-b | terminating: task-a keep | stopping: task-a"
    },
    {
      clause: "and one that was woken, where nobody works on it any more",
      run: () =>
        Run.retrying().inDoubt().tell({ _tag: "RetryDue", work_id: A }).inspected({ process: "gone" }).assigned(1, B),
      said: ["StopWatching", "StopAgent task-a linger 0", "InspectAgent task-b g1", "AcceptTask task-b g1"],
      timers: [
        "cancel progress",
        "cancel assign_grace",
        "cancel lookup",
        "cancel task_confirmation",
        "cancel task_late_answer",
        "cancel task_timeout",
        "cancel task_check",
        "cancel task_inspection",
        "cancel half_open",
        "start task_check 60000",
        "cancel assign_grace",
        "cancel lookup",
        "start answer 15000"
      ],
      logged: ["recovery_settled task-a not_ours", "task_received task-b 1 false"],
      state:
        "task-b g1 accepted | Inspecting evidence | ours | in flight: accept task-b | terminating: task-a keep | stopping: task-a"
    },
    {
      clause: "one that is looked at does not yet",
      run: () => Run.accepted().inDoubt().assigned(1, B),
      said: ["RejectTask task-b busy"],
      timers: ["cancel half_open", "start answer 15000"],
      logged: ["task_refused task-b busy with task-a"],
      state: "task-a g1 accepted | Inspecting evidence | unresolved | in flight: reject task-b"
    },
    {
      clause: "one with an agent at work does not",
      run: () => Run.working().inDoubt().assigned(1, B),
      said: ["RejectTask task-b busy"],
      timers: ["cancel half_open", "start answer 15000"],
      logged: ["task_refused task-b busy with task-a"],
      state: "task-a g1 working wakes 1 | Running | unresolved | in flight: reject task-b"
    },
    {
      clause: "nor one that is not in doubt yet",
      run: () => Run.reporting().denied().assigned(1, B),
      said: ["RejectTask task-b busy"],
      timers: ["cancel half_open", "start answer 15000"],
      logged: ["task_refused task-b busy with task-a"],
      state: "task-a g1 reporting wakes 1 | has Success | denied | in flight: reject task-b"
    },
    {
      clause: "nor does any where the other could not be written down",
      run: () =>
        Run.reporting().inDoubt().tell({ _tag: "SaveFailed", reason: "no space" })
          .assigned(1, B),
      said: ["RejectTask task-b busy"],
      timers: ["cancel half_open", "start answer 15000"],
      logged: ["task_refused task-b busy with task-a"],
      state: "task-a g1 reporting wakes 1 | has Success | unresolved | in flight: reject task-b | disk failing"
    },
    {
      clause: "nor while draining, as no other task is taken then",
      run: () => Run.reporting().inDoubt().tell({ _tag: "DrainRequested", exit_code: 0 }).assigned(1, B),
      said: ["RejectTask task-b busy"],
      timers: ["cancel half_open", "start answer 15000"],
      logged: ["task_refused task-b busy with task-a"],
      state: "task-a g1 reporting wakes 1 | has Success | unresolved | in flight: reject task-b | draining 0"
    },
    {
      clause: "another task while one is recovering is rejected with busy",
      run: () => Run.working().restarted().tell(...connect).reassigned().answered("abort").assigned(1, B),
      said: ["RejectTask task-b busy"],
      timers: ["cancel half_open", "start answer 15000"],
      logged: ["task_refused task-b busy with task-a"],
      state:
        "recovering task-a g1 working wakes 1 | Inspecting evidence | denied | recovery denied | in flight: reject task-b"
    },
    {
      clause: "once the hub has refused that frame, nothing is said",
      run: () => Run.working().assigned(1, B).refused("validation_failed", "reject", true).assigned(1, B),
      timers: ["cancel half_open"],
      logged: ["task_refused task-b busy with task-a"],
      state: "task-a g1 working wakes 1 | Running | ours | refused: reject"
    },
    {
      clause: "nor are rejections that waited",
      run: () => Run.working().assigned(1, B).assigned(1, "task-c").refused("validation_failed", "reject", true),
      timers: ["cancel answer", "cancel resend"],
      logged: ["frame_refused reject validation_failed"],
      state: "task-a g1 working wakes 1 | Running | ours | refused: reject"
    },
    {
      clause: "on the next connection it is tried again",
      run: () =>
        Run.working().assigned(1, B).refused("validation_failed", "reject", true).reconnected().answered(
          "continue"
        ).acked().assigned(1, B),
      said: ["RejectTask task-b busy"],
      timers: ["cancel half_open", "start answer 15000"],
      logged: ["task_refused task-b busy with task-a"],
      state: "task-a g1 working wakes 1 | Running | ours | in flight: reject task-b"
    },
    {
      clause: "a rejection that was refused for another reason is tried again",
      run: () => Run.working().assigned(1, B).refused("validation_failed", "reject").assigned(1, B),
      said: ["RejectTask task-b busy"],
      timers: ["cancel half_open", "start answer 15000"],
      logged: ["task_refused task-b busy with task-a"],
      state: "task-a g1 working wakes 1 | Running | ours | in flight: reject task-b"
    },
    {
      clause: "a rejection of a task that we hold by now is not sent",
      run: () => Run.idle().assigned().assigned(1, B).cancelled().assigned(3, B).acked(),
      said: ["AcceptTask task-b g3"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      state:
        "task-b g3 accepted | Inspecting evidence | ours | in flight: accept task-b | terminating: task-a remove | stopping: task-a"
    },
    {
      clause: "a rejection that a newer hub acknowledges is answered",
      run: () => Run.working().assigned(1, B).acked("rejected", B),
      timers: ["cancel answer", "cancel resend"],
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "a rejection that a newer hub accepts in silence is over after 15 s, and what waited goes out",
      run: () => Run.working().assigned(1, B).found(success).after(15_000).timer("answer"),
      said: ["SendReport task-a g1 Complete"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: ["report_sent task-a 1 complete"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a"
    },
    {
      clause: "so many rejections wait and no more",
      run: () =>
        Array.from({ length: 17 }).reduce<Run>((run, _, n) => run.assigned(1, `task-${n}`), Run.idle().assigned()),
      timers: ["cancel half_open"],
      logged: ["task_refused task-16 busy with task-a"],
      state:
        "task-a g1 accepted | Inspecting evidence | ours | in flight: accept task-a | pending: reject task-0, reject task-1, reject task-2, reject task-3, reject task-4, reject task-5, reject task-6, reject task-7, reject task-8, reject task-9, reject task-10, reject task-11, reject task-12, reject task-13, reject task-14, reject task-15"
    },
    {
      clause: "but what is owed always finds room",
      run: () =>
        Array.from({ length: 17 }).reduce<Run>((run, _, n) => run.assigned(1, `task-${n}`), Run.idle().assigned())
          .assigned(3),
      timers: ["cancel half_open", "cancel task_confirmation", "cancel assign_grace", "cancel lookup"],
      logged: ["task_received task-a 3 true"],
      state:
        "task-a g3 accepted | Inspecting evidence | ours | in flight: accept task-a | pending: reject task-0, reject task-1, reject task-2, reject task-3, reject task-4, reject task-5, reject task-6, reject task-7, reject task-8, reject task-9, reject task-10, reject task-11, reject task-12, reject task-13, reject task-14, reject task-15, accept task-a"
    }
  ])
})

describe("rules 13 and 15: refusing without harm, and push alone", () => {
  table([
    {
      clause: "while draining another task is not accepted: the connection is closed",
      run: () => Run.idle().tell({ _tag: "DrainRequested", exit_code: 0 }).assigned(),
      said: ["Exit 0"],
      logged: ["task_refused task-a not ready: draining"],
      state: "down | draining 0 | link resting"
    }
  ])
})

const reason = "the frame of the task holds 300000 values, more than 250000"
const unworkable = (task_id = A, generation = 1): Message => ({ _tag: "TaskUnworkable", task_id, generation, reason })

describe("rule 2: an assignment that cannot be worked on", () => {
  table([
    {
      clause: "is accepted as failed; an answer that is there may still count",
      run: () => Run.idle().tell(unworkable()),
      said: ["AcceptTask task-a g1", "InspectAgent task-a g1"],
      timers: [
        "cancel half_open",
        "start task_check 60000",
        "cancel assign_grace",
        "cancel lookup",
        "start answer 15000"
      ],
      logged: ["task_received task-a 1 false"],
      state: `task-a g1 reporting failed (${reason}) | Inspecting evidence | ours | in flight: accept task-a`,
      then: (run) =>
        expect(run.task).toMatchObject({
          failure: { reason, sent_generation: null },
          wake: null,
          payload: { assignment: {} }
        })
    },
    {
      clause: "fails as soon as the accept is answered, and nobody is woken",
      run: () => Run.idle().tell(unworkable()).inspected({}).acked(),
      said: ["SetAside task-a sent", `SendReport task-a g1 Failed: ${reason}`],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: [`report_sent task-a 1 failed ${reason}`],
      state: `task-a g1 reporting failed (${reason}; sent g1) | ours | in flight: report task-a`
    },
    {
      clause: "succeeds where the answer of an earlier session is there",
      run: () => Run.idle().tell(unworkable()).inspected({ answer: success }).acked(),
      said: ["SendReport task-a g1 Complete"],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: ["report_sent task-a 1 complete"],
      state: "task-a g1 reporting | has Success | ours | in flight: report task-a"
    },
    {
      clause: "brings nothing but its generation to a task that we hold: what we have of it is whole",
      run: () => Run.working().tell(unworkable(A, 3)),
      said: ["AcceptTask task-a g3"],
      timers: ["cancel half_open", "cancel assign_grace", "cancel lookup", "start answer 15000"],
      logged: ["task_received task-a 3 true"],
      state: "task-a g3 working wakes 1 | Running | ours | in flight: accept task-a",
      then: (run) => expect(run.task).toMatchObject({ payload: payloadOf(A, 1), failure: null })
    },
    {
      clause: "fails anew under a higher generation, where its failure was sent",
      run: () => Run.idle().tell(unworkable()).inspected({}).acked().tell(unworkable(A, 3)),
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
        `task-a g3 reporting failed (${reason}) | AwaitingExit | ours | in flight: report task-a | pending: accept task-a | terminating: task-a keep | stopping: task-a`
    },
    {
      clause: "is owed as a failure by the next life as well, which wakes nobody",
      run: () =>
        Run.idle().tell(unworkable()).inspected({}).restarted().inspected({}).tell(...connect).tell(
          { _tag: "TaskContinued", task_id: A, generation: 1 },
          { _tag: "StateReportAnswered", task_id: A, action: "continue" }
        ).acked(),
      said: ["SetAside task-a sent", `SendReport task-a g1 Failed: ${reason}`],
      timers: ["cancel answer", "cancel resend", "start answer 15000"],
      logged: [`report_sent task-a 1 failed ${reason}`],
      state: `task-a g1 reporting failed (${reason}; sent g1) | ours | recovery continue | in flight: report task-a`
    },
    {
      clause: "while another is held: busy",
      run: () => Run.working().tell(unworkable(B)),
      said: ["RejectTask task-b busy"],
      timers: ["cancel half_open", "start answer 15000"],
      logged: ["task_refused task-b busy with task-a"],
      state: "task-a g1 working wakes 1 | Running | ours | in flight: reject task-b"
    },
    {
      clause: "with an id that cannot be a file name is refused",
      run: () => Run.idle().tell(unworkable("../b")),
      logged: ["task_refused ../b the id cannot be a file name"],
      state: ""
    }
  ])
})
