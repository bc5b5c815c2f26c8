import { describe, expect, test } from "vitest"
import type { Message } from "../../src/domain/Message.ts"
import { unsavedStep } from "../../src/domain/rules/disk.ts"
import type { WakeEnd } from "../../src/domain/Task.ts"
import { transition } from "../../src/domain/transition.ts"
import { A, acked, assigned, B, closing, failure, inspected, Run, success, T0, table, timer } from "./support.ts"

const saveFailed = (undone: boolean, withheld = false): Message => ({
  _tag: "SaveFailed",
  reason: "queue.json: no space",
  undone,
  withheld
})
const unwritten: WakeEnd = { how: "unwritten", code: null, output: "no space" }
const saveSucceeded: Message = { _tag: "SaveSucceeded" }

describe("rule 12: the disk", () => {
  table([
    {
      clause: "without a task none can be accepted: the connection is closed and a write tried again",
      run: () => Run.idle().tell(saveFailed(true)),
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
      run: () => Run.working().tell(saveFailed(false)),
      timers: ["start disk 5000"],
      logged: ["state_unsaved queue.json: no space"],
      state: "task-a g1 working wakes 1 | Running | ours | disk failing"
    },
    {
      clause: "it is said once",
      run: () => Run.working().tell(saveFailed(false)).tell(saveFailed(false)),
      timers: ["start disk 5000"],
      state: "task-a g1 working wakes 1 | Running | ours | disk failing"
    },
    {
      clause: "when its time has come the write is tried again",
      run: () => Run.working().tell(saveFailed(false)).tell(timer("disk")),
      said: ["SaveState"],
      state: "task-a g1 working wakes 1 | Running | ours | disk failing"
    },
    {
      clause: "a wake that was undone is looked at again when the disk works",
      run: () => Run.accepted().tell(saveFailed(true)),
      timers: ["start disk 5000"],
      logged: ["state_unsaved queue.json: no space"],
      state: "task-a g1 accepted | ours | disk failing"
    },
    {
      clause: "and not before",
      run: () => Run.accepted().tell(saveFailed(true)).tell(assigned(A)).tell(inspected(A)),
      state: "task-a g1 accepted | ours | in flight: accept task-a | disk failing"
    },
    {
      clause: "a look at the evidence that was not undone goes on",
      run: () => Run.accepted().tell(saveFailed(false)),
      timers: ["start disk 5000"],
      logged: ["state_unsaved queue.json: no space"],
      state: "task-a g1 accepted | Inspecting assess | ours | disk failing"
    },
    {
      clause: "once the disk works again the agent is woken",
      run: () => Run.accepted().tell(saveFailed(true)).tell(saveSucceeded),
      said: ["InspectAgent task-a g1"],
      logged: ["state_saved_again"],
      state: "task-a g1 accepted | Inspecting assess | ours"
    },
    {
      clause: "and without a task it is looked whether the connection may be opened",
      run: () => Run.idle().tell(saveFailed(true)).tell(saveSucceeded),
      said: ["CheckReadiness"],
      logged: ["state_saved_again"],
      state: "down | link resting"
    },
    {
      clause: "a wake whose payload could not be written is no failed attempt: the disk is given time",
      run: () => Run.confirming().ended(unwritten),
      timers: ["cancel confirmation", "start disk 5000"],
      state: "task-a g1 confirming wakes 1 | ours",
      then: (run) => expect(run.task.wake?.end).toBeNull()
    },
    {
      clause: "then it is looked at again",
      run: () => Run.confirming().ended(unwritten).timer("disk"),
      said: ["InspectAgent task-a g1"],
      state: "task-a g1 confirming wakes 1 | Inspecting assess | ours"
    },
    {
      clause: "and woken under the same number",
      run: () => Run.confirming().ended(unwritten).after(5_000).timer("disk").inspected(),
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
      run: () => Run.working().unsaved({ _tag: "ResultFound", task_id: A, answer: failure }),
      said: ["SetAside task-a sent"],
      timers: [
        "cancel confirmation",
        "cancel settle",
        "cancel task_timeout",
        "start answer 15000",
        "cancel answer",
        "cancel resend",
        "start disk 5000"
      ],
      logged: ["answer_found task-a failure", "state_unsaved queue.json: no space"],
      state: "task-a g1 reporting wakes 1 failed (it went wrong) | ours | disk failing"
    },
    {
      clause: "an answer that the agent gives meanwhile goes before it",
      run: () => Run.working().unsaved({ _tag: "ResultFound", task_id: A, answer: failure }).found(success),
      said: ["SendReport task-a g1 Complete"],
      timers: ["cancel confirmation", "cancel settle", "cancel task_timeout", "start answer 15000"],
      logged: ["answer_found task-a success", "report_sent task-a 1 complete"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a | disk failing"
    },
    {
      clause: "it is sent when the disk works again",
      run: () => Run.working().unsaved({ _tag: "ResultFound", task_id: A, answer: failure }).tell(saveSucceeded),
      said: ["SetAside task-a sent", "SendReport task-a g1 Failed: it went wrong"],
      timers: ["start answer 15000"],
      logged: ["state_saved_again", "report_sent task-a 1 failed it went wrong"],
      state: "task-a g1 reporting wakes 1 failed (it went wrong; sent g1) | ours | in flight: report task-a"
    },
    {
      clause: "and none is sent before",
      run: () => Run.working().tell(saveFailed(false)).found(failure),
      timers: ["cancel confirmation", "cancel settle", "cancel task_timeout"],
      logged: ["answer_found task-a failure"],
      state: "task-a g1 reporting wakes 1 failed (it went wrong) | ours | disk failing"
    },
    {
      clause: "an answer is sent all the same",
      run: () => Run.working().tell(saveFailed(false)).found(success),
      said: ["SendReport task-a g1 Complete"],
      timers: ["cancel confirmation", "cancel settle", "cancel task_timeout", "start answer 15000"],
      logged: ["answer_found task-a success", "report_sent task-a 1 complete"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a | disk failing"
    },
    {
      clause: "a write that works as ever is no news",
      run: () => Run.idle().tell(saveSucceeded),
      state: ""
    }
  ])

  const needs = (run: Run, message: Message): boolean =>
    unsavedStep(run.state, ...transition(run.state, message, T0)).undone

  test("accepting a task needs it to be on disk", () => expect(needs(Run.idle(), assigned(A))).toBe(true))
  test("also in the place of one in doubt", () => expect(needs(Run.reporting().inDoubt(), assigned(B))).toBe(true))
  test("what a restart recovers is on disk already", () =>
    expect(needs(new Run(), { _tag: "Restarted", stored: Run.working().state.stored, survivors: [A] })).toBe(false))
  test("taking it up again does not need it", () =>
    expect(needs(Run.working().restarted(), assigned(A, 3))).toBe(false))
  test("waking its agent too", () => expect(needs(Run.accepted(), inspected(A))).toBe(true))
  test("taking a new generation does not", () => expect(needs(Run.working(), assigned(A, 3))).toBe(false))
  test("nor does the end of a task", () =>
    expect(needs(Run.working().found(success), acked(A, "complete"))).toBe(false))
  test("a failure that was sent before this step remains so", () => {
    const { commands, state } = Run.working().found(failure)
    expect(unsavedStep(state, state, commands)).toMatchObject({ state, withheld: true })
  })
})
