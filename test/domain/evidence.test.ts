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
      clause: "a failure that is there is reported, and nobody is woken",
      run: () => Run.accepted().inspected({ answer: failure }),
      said: ["SetAside task-a sent", "SendReport task-a g1 Failed: it went wrong"],
      timers: ["cancel confirmation", "cancel settle", "cancel task_timeout", "start answer 15000"],
      logged: ["answer_found task-a failure", "report_sent task-a 1 failed"],
      state: "task-a g1 reporting failed (it went wrong; sent g1) | ours | in flight: report task-a"
    },
    {
      clause: "nothing at work and no answer: what is stale is removed, the folder is watched, the agent is woken",
      run: () => Run.accepted().inspected(),
      said: ["ClearEvidence task-a", "WatchResults task-a g1a1t1000000", "WakeAgent task-a g1"],
      logged: ["wake_attempt task-a 1 g1a1t1000000"],
      state: "task-a g1 waking wakes 1 | Spawning | ours"
    },
    {
      clause: "signs of life without a process that ever ran are stale",
      run: () => Run.accepted().inspected({ started: true, last_sign_at: T0 }),
      said: ["ClearEvidence task-a", "WatchResults task-a g1a1t1000000", "WakeAgent task-a g1"],
      logged: ["wake_attempt task-a 1 g1a1t1000000"],
      state: "task-a g1 waking wakes 1 | Spawning | ours"
    },
    {
      clause:
        "a living process of the wake record is at work: it is adopted, not woken again, and still owes its confirmation",
      run: () => Run.spawning().restarted().tell(...connect).after(10_000).inspected({ process: "alive" }),
      said: ["AdoptAgent task-a g1"],
      timers: ["start confirmation 20000"],
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
      run: () => Run.accepted().inspected({ answer: unusable }),
      said: ["SetAside task-a rejected", "StopAgent task-a linger 0"],
      timers: ["cancel confirmation", "cancel settle"],
      logged: ["answer_found task-a unusable", "agent_stopping task-a the answer is not JSON"],
      state: "task-a g1 accepted | Stopping Failed (the answer is not JSON) | ours | stopping: task-a"
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
      logged: ["agent_stopping task-a it is not at work any more"],
      state:
        "task-a g3 accepted ended exited 1 | AwaitingExit | ours | in flight: accept task-a | leaving: task-a keep | stopping: task-a"
    },
    {
      clause: "and when it is gone, the evidence is looked at again",
      run: () => Run.working().ended(exited(1)).assigned(3).inspected({ process: "alive" }).stopped(),
      said: ["InspectAgent task-a g3"],
      state: "task-a g3 accepted ended exited 1 | Inspecting assess | ours | in flight: accept task-a"
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
