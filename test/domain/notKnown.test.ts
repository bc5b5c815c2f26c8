import { describe } from "vitest"
import { A, closing, connect, exited, failure, Run, success, T0, table, timer, unusable } from "./support.ts"

const blindToProcesses = { process: "unknown" } as const
const blindToFolder = { answer: "unknown" } as const

describe("rule 12: what cannot be read says nothing", () => {
  table([
    {
      clause: "of processes that cannot be read nobody is woken beside, and they are looked at again",
      run: () => Run.accepted().inspected(blindToProcesses),
      timers: ["start task_inspection 5000"],
      state: "task-a g1 accepted | Inspecting evidence | ours"
    },
    {
      clause: "nor where the folder cannot be read, as the answer may be in it",
      run: () => Run.accepted().inspected(blindToFolder),
      timers: ["start task_inspection 5000"],
      state: "task-a g1 accepted | Inspecting evidence | ours"
    },
    {
      clause: "5 s later they are looked at again",
      run: () => Run.accepted().inspected(blindToProcesses).timer("task_inspection"),
      said: ["InspectAgent task-a g1"],
      state: "task-a g1 accepted | Inspecting evidence | ours"
    },
    {
      clause: "and when all can be read, the agent is woken",
      run: () => Run.accepted().inspected(blindToFolder).timer("task_inspection").inspected(),
      said: ["ClearEvidence task-a", "WatchResults task-a g1a1t1000000", "WakeAgent task-a g1"],
      timers: ["start task_timeout 86400000"],
      logged: ["wake_attempt task-a 1 g1a1t1000000"],
      state: "task-a g1 waking wakes 1 | Spawning | ours"
    },
    {
      clause: "a task of which nothing has begun is given back after 30 s of a folder that cannot be read",
      run: () =>
        Run.accepted().inspected(blindToFolder).after(30_000).timer("task_inspection").inspected(blindToFolder),
      said: ["StopWatching", "StopAgent task-a linger 0", "CloseConnection"],
      timers: [
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
      logged: [
        "task_given_back task-a the results folder cannot be read",
        "not_ready folders the results folder cannot be read let its user read and write tasks_dir and results_dir, and make room there; it looks again by itself"
      ],
      state: "down | terminating: task-a keep | stopping: task-a | link resting | not ready: folders"
    },
    {
      clause: "and not a moment earlier",
      run: () =>
        Run.accepted().inspected(blindToFolder).after(29_999).timer("task_inspection").inspected(blindToFolder),
      timers: ["start task_inspection 5000"],
      state: "task-a g1 accepted | Inspecting evidence | ours"
    },
    {
      clause: "nor is one whose processes cannot be read, as an agent may be at work on it",
      run: () =>
        Run.accepted().inspected(blindToFolder).after(30_000).timer("task_inspection").inspected({
          ...blindToFolder,
          ...blindToProcesses
        }),
      timers: ["start task_inspection 5000"],
      state: "task-a g1 accepted | Inspecting evidence | ours"
    },
    {
      clause: "nor one that an agent has confirmed",
      run: () =>
        Run.working().restarted().assigned(1).inspected(blindToFolder).after(30_000).timer("task_inspection").inspected(
          blindToFolder
        ),
      timers: ["start task_inspection 5000"],
      state: "task-a g1 working wakes 1 | Inspecting evidence | down | ours | pending: accept task-a"
    },
    {
      clause: "nor one that the hub has not given us yet after a restart",
      run: () =>
        Run.accepted().restarted().tell(...connect).inspected(blindToFolder).after(30_000).timer("task_inspection")
          .inspected(
            blindToFolder
          ),
      timers: ["start task_inspection 5000"],
      state: "recovering task-a g1 accepted | Inspecting evidence | in flight: recovery task-a | pending: state task-a"
    },
    {
      clause: "an assignment meanwhile waits for that look",
      run: () => Run.accepted().inspected(blindToProcesses).assigned(2),
      said: ["AcceptTask task-a g2"],
      timers: [
        "cancel half_open",
        "cancel task_confirmation",
        "cancel assign_grace",
        "cancel lookup",
        "start answer 15000"
      ],
      logged: ["task_received task-a 2 true"],
      state: "task-a g2 accepted | Inspecting evidence | ours | in flight: accept task-a"
    },
    {
      clause: "a new generation that is assigned meanwhile begins anew where the agent turns out to be dead",
      run: () =>
        Run.working().restarted().inspected(blindToFolder).assigned(3)
          .inspected({ process: "gone", this_boot: false, started: true }),
      said: ["StopAgent task-a linger 0"],
      state:
        "task-a g3 accepted | AwaitingExit | down | ours | pending: accept task-a | terminating: task-a keep | stopping: task-a"
    },
    {
      clause: "and leaves it at work where it turns out to live",
      run: () =>
        Run.working().restarted().inspected(blindToFolder).assigned(3).inspected({ process: "alive", started: true }),
      said: ["AdoptAgent task-a g3"],
      timers: ["cancel task_confirmation"],
      logged: ["agent_found_at_work task-a", "agent_started task-a 0"],
      state: "task-a g3 working wakes 1 | Running | down | ours | pending: accept task-a"
    },
    {
      clause: "an answer that is there counts, whatever lives",
      run: () => Run.accepted().inspected({ ...blindToProcesses, answer: success }),
      said: ["SendReport task-a g1 Complete"],
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout", "start answer 15000"],
      logged: ["answer_found task-a success", "report_sent task-a 1 complete"],
      state: "task-a g1 reporting | has Success | ours | in flight: report task-a"
    },
    {
      clause: "one that comes while nobody can look counts as well",
      run: () => Run.confirming().ended(exited(1)).inspected(blindToProcesses).found(success),
      said: ["SendWakeResult task-a success", "SendReport task-a g1 Complete"],
      timers: [
        "cancel task_confirmation",
        "cancel task_confirmation",
        "cancel task_late_answer",
        "cancel task_timeout",
        "start answer 15000"
      ],
      logged: ["answer_found task-a success", "agent_started task-a 0", "report_sent task-a 1 complete"],
      state: "task-a g1 reporting wakes 1 ended exited 1 | has Success | ours | in flight: report task-a"
    },
    {
      clause: "a failure of an earlier session is set aside, and nobody is woken yet",
      run: () => Run.accepted().inspected({ ...blindToProcesses, answer: failure }),
      said: ["SetAside task-a sent"],
      timers: ["start task_inspection 5000"],
      logged: ["answer_ignored task-a it is of an earlier session"],
      state: "task-a g1 accepted | Inspecting evidence | ours"
    },
    {
      clause: "after a restart nobody is adopted, and no attempt has failed",
      run: () => Run.confirming().restarted().tell(...connect).inspected(blindToProcesses),
      timers: ["start task_inspection 5000"],
      state:
        "recovering task-a g1 confirming wakes 1 | Inspecting evidence | in flight: recovery task-a | pending: state task-a"
    },
    {
      clause: "nor has an agent ended that worked",
      run: () =>
        Run.working().restarted().assigned(1).inspected({ ...blindToProcesses, started: true, last_sign_at: T0 }),
      timers: ["start task_inspection 5000"],
      state: "task-a g1 working wakes 1 | Inspecting evidence | down | ours | pending: accept task-a"
    },
    {
      clause: "a process that lives is at work, whatever the folder holds",
      run: () => Run.working().restarted().tell(...connect).inspected({ process: "alive", ...blindToFolder }),
      said: ["AdoptAgent task-a g1"],
      logged: ["agent_found_at_work task-a"],
      state: "recovering task-a g1 working wakes 1 | Running | in flight: recovery task-a | pending: state task-a"
    },
    {
      clause: "one that is gone is not judged before the folder can be read",
      run: () => Run.working().restarted().assigned(1).inspected({ process: "gone", ...blindToFolder }),
      timers: ["start task_inspection 5000"],
      state: "task-a g1 working wakes 1 | Inspecting evidence | down | ours | pending: accept task-a"
    }
  ])
})

describe("rule 12: while the agent runs", () => {
  table([
    {
      clause: "an agent that could not be inspected when its confirmation was due is judged when it can",
      run: () => Run.confirming().timer("task_check").inspected(blindToProcesses).timer("task_confirmation"),
      said: ["InspectAgent task-a g1"],
      state: "task-a g1 confirming wakes 1 | Inspecting confirmation | ours"
    },
    {
      clause: "and is not given another time then",
      run: () =>
        Run.confirming().timer("task_check").inspected(blindToProcesses).timer("task_confirmation").inspected({
          process: "alive"
        }),
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
      clause: "at the lease the hub is told nothing of an agent that cannot be looked at",
      run: () => Run.working().timer("task_check").inspected(blindToProcesses),
      timers: ["start task_inspection 5000"],
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "and it is looked at again",
      run: () => Run.working().timer("task_check").inspected(blindToProcesses).timer("task_inspection"),
      said: ["InspectAgent task-a g1"],
      state: "task-a g1 working wakes 1 | Inspecting check | ours"
    },
    {
      clause: "one whose process lives is at work, whatever the folder holds",
      run: () => Run.working().timer("task_check").inspected({ process: "alive", ...blindToFolder }),
      said: ["SendProgress task-a -"],
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "a look that is due when it is being stopped is made by the stop",
      run: () =>
        Run.working().timer("task_check").inspected(blindToProcesses).timer("task_timeout").timer("task_inspection"),
      state:
        "task-a g1 working wakes 1 | Stopping Failed (the task took longer than 86400000 ms) | ours | stopping: task-a"
    },
    {
      clause: "one that is due when no task is held is none",
      run: () => Run.idle().timer("task_inspection"),
      state: ""
    },
    {
      clause: "the end of a command that has not confirmed is not judged before all can be read",
      run: () => Run.confirming().ended(exited(1)).inspected(blindToFolder),
      timers: ["start task_inspection 5000"],
      state: "task-a g1 confirming wakes 1 ended exited 1 | Inspecting evidence | ours"
    },
    {
      clause: "nor is a stopped attempt made again, or failed",
      run: () => Run.confirming().unconfirmed().stopped().inspected(blindToProcesses),
      timers: ["start task_inspection 5000"],
      state:
        "task-a g1 confirming wakes 1 ended killed - | Inspecting AttemptFailed (no confirmation within 30000 ms) | ours"
    },
    {
      clause: "nor is a failure reported",
      run: () =>
        Run.working().ended(exited(1, "boom")).timer("task_late_answer").stopped(false).inspected(blindToFolder),
      timers: ["start task_inspection 5000"],
      state:
        "task-a g1 working wakes 1 ended exited 1 | Inspecting Failed (the wake command ended with exit code 1: boom; there is no answer) | ours"
    },
    {
      clause: "an answer that its agent was stopped for and that could not be moved away is named once",
      run: () =>
        Run.working().found(unusable).stopped().inspected({
          process: "gone",
          answer: unusable,
          output: "the last words"
        }),
      said: [
        "SetAside task-a sent",
        "SendReport task-a g1 Failed: the answer is not JSON; the end of its output: the last words"
      ],
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout", "start answer 15000"],
      logged: ["report_sent task-a 1 failed the answer is not JSON; the end of its output: the last words"],
      state:
        "task-a g1 reporting wakes 1 ended killed - failed (the answer is not JSON; the end of its output: the last words; sent g1) | ours | in flight: report task-a"
    },
    {
      clause: "an answer that cannot be used waits for a stopped agent that cannot be looked at",
      run: () =>
        Run.working().ended(exited(1)).timer("task_late_answer").stopped(false).inspected({
          ...blindToProcesses,
          answer: unusable
        }),
      timers: ["start task_inspection 5000"],
      state:
        "task-a g1 working wakes 1 ended exited 1 | Inspecting Failed (the wake command ended with exit code 1; there is no answer) | ours"
    },
    {
      clause: "when all can be read, the failure is reported",
      run: () =>
        Run.working().ended(exited(1, "boom")).timer("task_late_answer").stopped(false).inspected(blindToFolder).timer(
          "task_inspection"
        )
          .inspected({ process: "gone" }),
      said: [
        "SetAside task-a sent",
        "SendReport task-a g1 Failed: the wake command ended with exit code 1: boom; there is no answer"
      ],
      timers: ["cancel task_confirmation", "cancel task_late_answer", "cancel task_timeout", "start answer 15000"],
      logged: ["report_sent task-a 1 failed the wake command ended with exit code 1: boom; there is no answer"],
      state:
        "task-a g1 reporting wakes 1 ended exited 1 failed (the wake command ended with exit code 1: boom; there is no answer; sent g1) | ours | in flight: report task-a"
    }
  ])
})

describe("rule 6: no confirmation in time", () => {
  table([
    {
      clause: "the evidence is looked at before the attempt has failed",
      run: () => Run.confirming().timer("task_confirmation"),
      said: ["InspectAgent task-a g1"],
      state: "task-a g1 confirming wakes 1 | Inspecting confirmation | ours"
    },
    {
      clause: "a confirmation that nobody has told of counts",
      run: () => Run.confirming().timer("task_confirmation").inspected({ process: "alive", started: true }),
      said: ["SendWakeResult task-a success"],
      timers: ["cancel task_confirmation"],
      logged: ["agent_started task-a 0"],
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "an answer counts",
      run: () => Run.confirming().timer("task_confirmation").inspected({ process: "alive", answer: success }),
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
      clause: "of a folder that cannot be read nobody knows whether it holds one",
      run: () => Run.confirming().timer("task_confirmation").inspected({ process: "alive", ...blindToFolder }),
      timers: ["start task_inspection 5000"],
      state: "task-a g1 confirming wakes 1 | Inspecting confirmation | ours"
    },
    {
      clause: "that is looked at again",
      run: () =>
        Run.confirming().timer("task_confirmation").inspected({ process: "alive", ...blindToFolder }).timer(
          "task_inspection"
        ),
      said: ["InspectAgent task-a g1"],
      state: "task-a g1 confirming wakes 1 | Inspecting confirmation | ours"
    },
    {
      clause: "and has failed when it can be read and holds none",
      run: () =>
        Run.confirming().timer("task_confirmation").inspected(blindToProcesses).timer("task_inspection").inspected({
          process: "alive"
        }),
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
      clause: "while a look is waited for, it decides by itself",
      run: () =>
        Run.confirming().restarted().tell(...connect).inspected(blindToProcesses).tell(timer("task_confirmation")),
      state:
        "recovering task-a g1 confirming wakes 1 | Inspecting evidence | in flight: recovery task-a | pending: state task-a"
    },
    {
      clause: "and begins the time for the confirmation anew, where there is any left",
      run: () =>
        Run.confirming().restarted().tell(...connect).inspected(blindToProcesses).after(10_000).timer("task_inspection")
          .inspected(
            {
              process: "alive"
            }
          ),
      said: ["AdoptAgent task-a g1"],
      timers: ["start task_confirmation 20000"],
      logged: [`agent_found_at_work ${A}`],
      state: "recovering task-a g1 confirming wakes 1 | Running | in flight: recovery task-a | pending: state task-a"
    }
  ])
})
