import { describe, expect } from "vitest"
import type { Message } from "../../src/domain/Message.ts"
import type { WakeEnd } from "../../src/domain/Work.ts"
import {
  A,
  acked,
  assigned,
  B,
  closing,
  failure,
  inspected,
  Run,
  saveFailed,
  success,
  table,
  timer
} from "./support.ts"

const unwritten: WakeEnd = { how: "unwritten", code: null, output: "no space" }
const saveSucceeded: Message = { _tag: "SaveSucceeded" }

describe("rule 12: the disk", () => {
  table([
    {
      clause: "without a task none can be accepted: the connection is closed and a write tried again",
      run: () => Run.idle().tell(saveFailed),
      said: ["CloseConnection"],
      timers: [
        "start disk 5000",
        ...closing
      ],
      logged: ["state_unsaved queue.json: no space"],
      state: "down | disk failing | link resting"
    },
    {
      clause: "with a task we go on from memory",
      run: () => Run.working().tell(saveFailed),
      timers: ["start disk 5000"],
      logged: ["state_unsaved queue.json: no space"],
      state: "task-a g1 working wakes 1 | Running | ours | disk failing"
    },
    {
      clause: "it is said once",
      run: () => Run.working().tell(saveFailed).tell(saveFailed),
      timers: ["start disk 5000"],
      state: "task-a g1 working wakes 1 | Running | ours | disk failing"
    },
    {
      clause: "when its time has come the write is tried again",
      run: () => Run.working().tell(saveFailed).tell(timer("disk")),
      said: ["SaveState"],
      state: "task-a g1 working wakes 1 | Running | ours | disk failing"
    },
    {
      clause: "a task whose acceptance is not on disk is not accepted",
      run: () => Run.idle().unsaved(assigned(A)),
      said: ["CloseConnection"],
      timers: ["start disk 5000", ...closing],
      logged: ["state_unsaved queue.json: no space", "task_refused task-a not ready: disk"],
      state: "down | disk failing | link resting"
    },
    {
      clause: "nor is it in the place of one in doubt, which is kept",
      run: () => Run.reporting().inDoubt().unsaved(assigned(B)),
      said: ["RejectTask task-b busy"],
      timers: ["start disk 5000", "cancel half_open", "start answer 15000"],
      logged: ["state_unsaved queue.json: no space", "task_refused task-b busy with task-a"],
      state: "task-a g1 reporting wakes 1 | has Success | unresolved | in flight: reject task-b | disk failing"
    },
    {
      clause: "what a restart recovers is on disk already",
      run: () => new Run().unsaved({ _tag: "Restarted", stored: Run.working().state.stored, survivors: [A] }),
      said: ["WatchResults task-a g1a1t1000000", "InspectAgent task-a g1", "OpenConnection"],
      timers: ["start disk 5000", "start task_check 60000", "start task_timeout 86400000", "start readiness 30000"],
      logged: ["state_unsaved queue.json: no space", "recovery_found task-a working 1"],
      state: "recovering task-a g1 working wakes 1 | Inspecting evidence | down | disk failing"
    },
    {
      clause: "a new generation is taken from memory",
      run: () => Run.working().unsaved(assigned(A, 3)),
      said: ["AcceptTask task-a g3"],
      timers: ["start disk 5000", "cancel half_open", "cancel assign_grace", "cancel lookup", "start answer 15000"],
      logged: ["state_unsaved queue.json: no space", "task_received task-a 3 true"],
      state: "task-a g3 working wakes 1 | Running | ours | in flight: accept task-a | disk failing"
    },
    {
      clause: "the end of a task too",
      run: () => Run.working().found(success).unsaved(acked(A, "complete")),
      said: ["StopWatching", "StopAgent task-a linger 15000", "CloseConnection"],
      timers: [
        "start disk 5000",
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
      logged: ["state_unsaved queue.json: no space", "report_acknowledged task-a complete 0"],
      state: "down | terminating: task-a remove | stopping: task-a | disk failing | link resting"
    },
    {
      clause: "a wake whose intent is not on disk is none",
      run: () => Run.accepted().unsaved(inspected(A)),
      timers: ["start disk 5000"],
      logged: ["state_unsaved queue.json: no space"],
      state: "task-a g1 accepted | ours | disk failing"
    },
    {
      clause: "once the disk works again the agent is woken",
      run: () => Run.accepted().unsaved(inspected(A)).tell(saveSucceeded),
      said: ["InspectAgent task-a g1"],
      timers: ["cancel disk"],
      logged: ["state_saved_again"],
      state: "task-a g1 accepted | Inspecting evidence | ours"
    },
    {
      clause: "and without a task it is looked whether the connection may be opened",
      run: () => Run.idle().tell(saveFailed).tell(saveSucceeded),
      said: ["CheckReadiness"],
      timers: ["cancel disk"],
      logged: ["state_saved_again"],
      state: "down | link resting"
    },
    {
      clause: "a wake whose payload could not be written is no failed attempt: the disk is given time",
      run: () => Run.confirming().ended(unwritten),
      timers: ["cancel task_confirmation", "start task_inspection 5000"],
      state: "task-a g1 confirming wakes 1 | ours",
      then: (run) => expect(run.task.wake?.end).toBeNull()
    },
    {
      clause: "then it is looked at again",
      run: () => Run.confirming().ended(unwritten).timer("task_inspection"),
      said: ["InspectAgent task-a g1"],
      state: "task-a g1 confirming wakes 1 | Inspecting evidence | ours"
    },
    {
      clause: "and woken under the same number",
      run: () => Run.confirming().ended(unwritten).after(5_000).timer("task_inspection").inspected(),
      said: ["ClearEvidence task-a", "WatchResults task-a g1a1t1005000", "WakeAgent task-a g1"],
      logged: ["wake_attempt task-a 1 g1a1t1005000"],
      state: "task-a g1 waking wakes 1 | Spawning | ours"
    },
    {
      clause: "told while its agent is being stopped it changes nothing",
      run: () => Run.confirming().timer("task_timeout").ended(unwritten),
      state:
        "task-a g1 confirming wakes 1 | Stopping Failed (the task took longer than 86400000 ms) | ours | stopping: task-a"
    },
    {
      clause: "a task that was never woken has not run too long",
      run: () => Run.confirming().timer("task_timeout").ended(unwritten).stopped(false).inspected(),
      said: ["ClearEvidence task-a", "WatchResults task-a g1a1t1000000", "WakeAgent task-a g1"],
      timers: ["start task_timeout 86400000"],
      logged: ["wake_attempt task-a 1 g1a1t1000000"],
      state: "task-a g1 waking wakes 1 | Spawning | ours"
    },
    {
      clause: "a failure whose sending is not on disk is not sent, and nothing says that it was",
      run: () => Run.working().unsaved({ _tag: "ResultFound", work_id: A, answer: failure }),
      timers: ["start disk 5000", "cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout"],
      logged: ["state_unsaved queue.json: no space", "answer_found task-a failure"],
      state: "task-a g1 reporting wakes 1 failed (it went wrong) | ours | disk failing"
    },
    {
      clause: "an answer that the agent gives meanwhile goes before it",
      run: () => Run.working().unsaved({ _tag: "ResultFound", work_id: A, answer: failure }).found(success),
      said: ["SendReport task-a g1 Complete"],
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout", "start answer 15000"],
      logged: ["answer_found task-a success", "report_sent task-a 1 complete"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a | disk failing"
    },
    {
      clause: "it is sent when the disk works again",
      run: () => Run.working().unsaved({ _tag: "ResultFound", work_id: A, answer: failure }).tell(saveSucceeded),
      said: ["SetAside task-a sent", "SendReport task-a g1 Failed: it went wrong"],
      timers: ["cancel disk", "start answer 15000"],
      logged: ["state_saved_again", "report_sent task-a 1 failed it went wrong"],
      state: "task-a g1 reporting wakes 1 failed (it went wrong; sent g1) | ours | in flight: report task-a"
    },
    {
      clause: "and none is sent before",
      run: () => Run.working().tell(saveFailed).found(failure),
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout"],
      logged: ["answer_found task-a failure"],
      state: "task-a g1 reporting wakes 1 failed (it went wrong) | ours | disk failing"
    },
    {
      clause: "an answer is sent all the same",
      run: () => Run.working().tell(saveFailed).found(success),
      said: ["SendReport task-a g1 Complete"],
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout", "start answer 15000"],
      logged: ["answer_found task-a success", "report_sent task-a 1 complete"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a | disk failing"
    },
    {
      clause: "a write that works as ever is no news",
      run: () => Run.idle().tell(saveSucceeded),
      state: ""
    }
  ])
})
