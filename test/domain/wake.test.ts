import { describe, expect } from "vitest"
import { A, assigned, exited, Run, success, table, timer } from "./support.ts"

describe("rules 1 and 6: evidence before any wake, and the wake", () => {
  table([
    {
      clause: "an idle sidecar accepts a task and looks at the evidence before it wakes",
      run: () => Run.idle().tell(assigned(A)),
      said: ["InspectAgent task-a g1", "AcceptTask task-a g1"],
      then: (run) => expect(run.task.status).toBe("accepted")
    },
    {
      clause: "nothing at work and no answer: what is stale is removed, the folder watched, the agent woken",
      run: () => Run.accepted().inspected(),
      said: ["ClearEvidence task-a", "WatchResults task-a g1a1t1000000", "WakeAgent task-a g1"],
      then: (run) => expect(run.task).toMatchObject({ status: "waking", wake_attempts: 1 })
    },
    {
      clause: "confirmation is counted from the spawn",
      run: () => Run.accepted().inspected().spawned(),
      said: [],
      timers: ["start confirmation 30000"],
      then: (run) => expect(run.task.status).toBe("confirming")
    },
    {
      clause: "exit ≠ 0 before the confirmation: the whole tree is stopped first",
      run: () => Run.confirming().ended(exited(1, "boom")),
      said: [
        "SendWakeResult task-a failed: the wake command ended with exit code 1: boom; there is no answer",
        "StopAgent task-a linger 0"
      ]
    },
    {
      clause: "no confirmation in time: the attempt failed",
      run: () => Run.confirming().after(30_000).tell(timer("confirmation")),
      said: ["SendWakeResult task-a timeout: no confirmation within 30000 ms", "StopAgent task-a linger 0"]
    },
    {
      clause: "an answer confirms, and is reported",
      run: () => Run.confirming().found(success),
      said: ["SendWakeResult task-a success", "SendReport task-a g1 Complete"]
    }
  ])
})
