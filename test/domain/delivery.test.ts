import { describe, expect, test } from "vitest"
import type { Answer, Evidence } from "../../src/domain/Evidence.ts"
import type { Message } from "../../src/domain/Message.ts"
import { batchAgentTold } from "../../src/domain/messages/delivery.ts"
import { nothingHeld, nothingKnown } from "../../src/domain/messages/Talk.ts"
import { emptyStore } from "../../src/domain/SidecarState.ts"
import type { WakeEnd } from "../../src/domain/Work.ts"
import {
  A,
  assigned,
  batch,
  exited,
  failure,
  inspected,
  Run,
  saveFailed,
  success,
  T0,
  table,
  timer,
  unusable
} from "./support.ts"

const B1 = "batch-1"
const wake_id = "g1a1t1000000"

const ready = (id = B1): Message => ({ _tag: "BatchReady", batch: batch(id) })
const spawned: Message = { _tag: "WakeSpawned", work_id: B1, wake_id }
const started: Message = { _tag: "AgentStarted", work_id: B1, wake_id }
const found = (answer: Answer): Message => ({ _tag: "ResultFound", work_id: B1, answer })
const ended = (end: WakeEnd): Message => ({ _tag: "WakeExited", work_id: B1, wake_id, end })
const stopped = (was_alive = true): Message => ({ _tag: "AgentStopped", work_id: B1, was_alive })
const seen = (evidence: Partial<Evidence> = {}): Message => inspected(B1, evidence)

const marked = (end: "Delivered" | "Failed" | "Postponed"): Message => ({
  _tag: "DeliveryMarked",
  end,
  held: nothingHeld
})

const delivering = (run = Run.idle()): Run => run.tell(ready(), seen(), spawned, started)

const released = [
  "cancel messages_confirmation",
  "cancel messages_late_answer",
  "cancel messages_timeout",
  "cancel messages_check",
  "cancel messages_inspection"
]

describe("rule 19: a delivery is work", () => {
  table([
    {
      clause: "a batch is held, and looked at before its agent is woken",
      run: () => Run.idle().tell(ready()),
      said: ["BeginDelivery batch-1", "InspectAgent batch-1 g1"],
      timers: ["start messages_check 60000"],
      state: "batch-1 g1 accepted | Inspecting evidence"
    },
    {
      clause: "its agent is woken with a session of its own",
      run: () => Run.idle().tell(ready()).tell(seen()),
      said: ["ClearEvidence batch-1", `WatchResults batch-1 ${wake_id}`, "WakeAgent batch-1 g1"],
      timers: ["start messages_timeout 86400000"],
      logged: [`wake_attempt batch-1 1 ${wake_id}`],
      state: "batch-1 g1 waking wakes 1 | Spawning"
    },
    {
      clause: "its confirmation is told to nobody",
      run: () => Run.idle().tell(ready(), seen(), spawned).after(5).tell(started),
      timers: ["cancel messages_confirmation"],
      logged: ["agent_started batch-1 5"],
      state: "batch-1 g1 working wakes 1 | Running"
    },
    {
      clause: "its answer ends it: its messages are marked, and nothing is reported to the hub",
      run: () => delivering().tell(found(success)),
      said: ["EndDelivery batch-1 Delivered"],
      timers: ["cancel messages_confirmation", "cancel messages_late_answer", "cancel messages_timeout"],
      logged: ["answer_found batch-1 success"],
      state: "batch-1 g1 reporting wakes 1"
    },
    {
      clause: "once they are, the slot is free and its files go with its agent",
      run: () => delivering().tell(found(success)).tell(marked("Delivered")),
      said: ["StopWatching", "StopAgent batch-1 linger 15000"],
      timers: released,
      state: "terminating: batch-1 remove | stopping: batch-1"
    },
    {
      clause: "then its files are removed",
      run: () => delivering().tell(found(success), marked("Delivered")).tell(stopped()),
      said: ["RemoveFiles batch-1"],
      state: ""
    },
    {
      clause: "a failure ends it as well",
      run: () => delivering().tell(found(failure)),
      said: ["EndDelivery batch-1 Failed"],
      timers: ["cancel messages_confirmation", "cancel messages_late_answer", "cancel messages_timeout"],
      logged: ["answer_found batch-1 failure"],
      state: "batch-1 g1 reporting wakes 1 failed (it went wrong)"
    },
    {
      clause: "and its files are kept",
      run: () => delivering().tell(found(failure)).tell(marked("Failed")),
      said: ["StopWatching", "StopAgent batch-1 linger 15000"],
      timers: released,
      state: "terminating: batch-1 keep | stopping: batch-1"
    },
    {
      clause: "an answer that cannot be used is set aside, and its agent is stopped",
      run: () => delivering().tell(found(unusable)),
      said: ["SetAside batch-1 rejected", "StopAgent batch-1 linger 0"],
      timers: ["cancel messages_confirmation", "cancel messages_late_answer"],
      logged: ["answer_found batch-1 unusable", "agent_stopping batch-1 the answer is not JSON"],
      state: "batch-1 g1 working wakes 1 | Stopping Failed (the answer is not JSON) | stopping: batch-1"
    },
    {
      clause: "an attempt that failed is made again after 5 s",
      run: () =>
        Run.idle().tell(ready(), seen(), spawned, ended(exited(1)), seen({ process: "gone" }), stopped(false)).tell(
          seen({ process: "gone" })
        ),
      said: ["RetryWake batch-1 after 1"],
      state: "batch-1 g1 waking wakes 1 ended exited 1 | AwaitingRetry"
    },
    {
      clause: "which this machine cannot begin, it is given up for now",
      run: () =>
        Run.idle().tell(ready(), seen(), spawned).tell(
          ended({ how: "unspawned", code: null, output: "there is no program ./talk" })
        ),
      said: ["EndDelivery batch-1 Postponed"],
      logged: ["delivery_postponed batch-1 there is no program ./talk"],
      state: "batch-1 g1 confirming wakes 1 | Running"
    },
    {
      clause: "but after an attempt that ran it has failed, as an agent may have read its messages",
      run: () => {
        const again = Run.idle().tell(
          ready(),
          seen(),
          spawned,
          ended(exited(1)),
          seen({ process: "gone" }),
          stopped(false)
        )
          .tell(seen({ process: "gone" }), { _tag: "RetryDue", work_id: B1 }, seen({ process: "gone" }), stopped(false))
          .tell(seen({ process: "gone" }))
        const retried = again.state.stored.messages?.wake?.id ?? ""
        return again.tell({ _tag: "WakeSpawned", work_id: B1, wake_id: retried }).tell({
          _tag: "WakeExited",
          work_id: B1,
          wake_id: retried,
          end: { how: "unspawned", code: null, output: "there is no program ./talk" }
        })
      },
      said: ["EndDelivery batch-1 Failed"],
      state: "batch-1 g1 confirming wakes 2 | Running"
    },
    {
      clause: "and its messages wait again",
      run: () =>
        Run.idle().tell(ready(), seen(), spawned, ended({ how: "unspawned", code: null, output: "" })).tell(
          marked("Postponed")
        ),
      said: ["StopWatching", "StopAgent batch-1 linger 0"],
      timers: released,
      state: "terminating: batch-1 keep | stopping: batch-1"
    },
    {
      clause: "an agent at work is looked at once a minute, and the hub hears nothing of it",
      run: () => delivering().tell(timer("messages_check")).tell(seen({ process: "alive" })),
      state: "batch-1 g1 working wakes 1 | Running"
    },
    {
      clause: "progress of it is relayed to nobody",
      run: () =>
        delivering().tell({
          _tag: "ProgressFound",
          work_id: B1,
          progress: { progress: 5, execution_event: null }
        }),
      state: "batch-1 g1 working wakes 1 | Running"
    },
    {
      clause: "it is stopped when it takes too long",
      run: () => delivering().tell(timer("messages_timeout")),
      said: ["StopAgent batch-1 linger 0"],
      timers: ["cancel messages_confirmation", "cancel messages_late_answer"],
      logged: ["agent_stopping batch-1 the delivery took longer than 86400000 ms"],
      state:
        "batch-1 g1 working wakes 1 | Stopping Failed (the delivery took longer than 86400000 ms) | stopping: batch-1"
    },
    {
      clause: "one that is lost sight of has 10 s for its answer",
      run: () => delivering().tell(ended(exited(1))).tell(timer("messages_late_answer")),
      said: ["StopAgent batch-1 linger 0"],
      timers: ["cancel messages_confirmation", "cancel messages_late_answer"],
      logged: ["agent_stopping batch-1 the wake command ended with exit code 1; there is no answer"],
      state:
        "batch-1 g1 working wakes 1 ended exited 1 | Stopping Failed (the wake command ended with exit code 1; there is no answer) | stopping: batch-1"
    }
  ])
})

describe("rule 19: one delivery at a time", () => {
  table([
    {
      clause: "another batch waits until this one is over",
      run: () => delivering().tell(ready("batch-2")),
      state: "batch-1 g1 working wakes 1 | Running"
    },
    {
      clause: "and until its agent is gone",
      run: () => delivering().tell(found(success), marked("Delivered")).tell(ready("batch-2"), inspected("batch-2")),
      said: ["BeginDelivery batch-2", "InspectAgent batch-2 g1"],
      timers: ["start messages_check 60000"],
      state: "batch-2 g1 accepted | AwaitingExit | terminating: batch-1 remove | stopping: batch-1"
    },
    {
      clause: "who drains begins none",
      run: () => Run.working().tell({ _tag: "DrainRequested", exit_code: 0 }).tell(ready()),
      state: "task-a g1 working wakes 1 | Running | ours | draining 0"
    },
    {
      clause: "and ends when the one at work is over and its agent is gone",
      run: () =>
        delivering().tell({ _tag: "DrainRequested", exit_code: 0 }, found(success), marked("Delivered")).tell(
          stopped()
        ),
      said: ["RemoveFiles batch-1", "Exit 0"],
      state: "down | draining 0 | link resting"
    }
  ])
})

describe("rule 19: beside a task", () => {
  table([
    {
      clause: "a task is taken during a delivery",
      run: () => delivering().tell(assigned(A)).tell(inspected(A)),
      said: ["ClearEvidence task-a", "WatchResults task-a g1a1t1000000", "WakeAgent task-a g1"],
      timers: ["start task_timeout 86400000"],
      logged: ["wake_attempt task-a 1 g1a1t1000000"],
      state:
        "task-a g1 waking wakes 1 | Spawning | ours | in flight: accept task-a | batch-1 g1 working wakes 1 | Running"
    },
    {
      clause: "and a delivery begins during a task",
      run: () => Run.working().tell(ready()).tell(seen()),
      said: ["ClearEvidence batch-1", `WatchResults batch-1 ${wake_id}`, "WakeAgent batch-1 g1"],
      timers: ["start messages_timeout 86400000"],
      logged: [`wake_attempt batch-1 1 ${wake_id}`],
      state: "task-a g1 working wakes 1 | Running | ours | batch-1 g1 waking wakes 1 | Spawning"
    },
    {
      clause: "the end of the one changes nothing of the other",
      run: () => delivering(Run.working()).tell(found(success)).tell(marked("Delivered")),
      said: ["StopWatching", "StopAgent batch-1 linger 15000"],
      timers: released,
      state: "task-a g1 working wakes 1 | Running | ours | terminating: batch-1 remove | stopping: batch-1"
    },
    {
      clause: "a lost connection stops no delivery",
      run: () => Run.idle().offline().tell(ready()).tell(seen()),
      said: ["ClearEvidence batch-1", `WatchResults batch-1 ${wake_id}`, "WakeAgent batch-1 g1"],
      timers: ["start messages_timeout 86400000"],
      logged: [`wake_attempt batch-1 1 ${wake_id}`],
      state: "down | batch-1 g1 waking wakes 1 | Spawning"
    },
    {
      clause: "a full disk does: its intent could not be saved",
      run: () => Run.working().tell(ready()).unsaved(seen()),
      timers: ["start disk 5000"],
      logged: ["state_unsaved queue.json: no space"],
      state: "task-a g1 working wakes 1 | Running | ours | batch-1 g1 accepted | disk failing"
    },
    {
      clause: "until the disk works again",
      run: () => Run.working().tell(ready()).unsaved(seen()).tell({ _tag: "SaveSucceeded" }),
      said: ["InspectAgent batch-1 g1"],
      timers: ["cancel disk"],
      logged: ["state_saved_again"],
      state: "task-a g1 working wakes 1 | Running | ours | batch-1 g1 accepted | Inspecting evidence"
    }
  ])
})

describe("rule 10: a delivery that was at work", () => {
  table([
    {
      clause: "is taken up again beside the task",
      run: () => delivering(Run.working()).restarted([A, B1]),
      said: [
        "WatchResults task-a g1a1t1000000",
        "InspectAgent task-a g1",
        `WatchResults batch-1 ${wake_id}`,
        "InspectAgent batch-1 g1",
        "OpenConnection"
      ],
      timers: [
        "start task_check 60000",
        "start task_timeout 86400000",
        "start messages_check 60000",
        "start messages_timeout 86400000",
        "start readiness 30000"
      ],
      logged: ["recovery_found task-a working 1", "recovery_found batch-1 working 1"],
      state:
        "recovering task-a g1 working wakes 1 | Inspecting evidence | down | batch-1 g1 working wakes 1 | Inspecting evidence"
    },
    {
      clause: "works on where its agent lives, whatever the hub says of the task",
      run: () => delivering().restarted([B1]).tell(seen({ process: "alive", started: true, last_sign_at: T0 })),
      said: ["AdoptAgent batch-1 g1"],
      logged: ["agent_found_at_work batch-1"],
      state: "down | batch-1 g1 working wakes 1 | Running | link closed"
    },
    {
      clause: "is judged where it does not: nobody has to be asked",
      run: () =>
        delivering().restarted().tell(seen({ process: "gone", started: true, last_sign_at: T0, this_boot: false })),
      timers: ["cancel messages_confirmation", "start messages_late_answer 10000"],
      state:
        "down | batch-1 g1 working wakes 1 | AwaitingAnswer Failed (the machine or the container of the agent restarted while it was at work) | link closed"
    },
    {
      clause: "that had failed has its messages marked once more",
      run: () => delivering().tell(found(failure)).restarted(),
      said: [
        `WatchResults batch-1 ${wake_id}`,
        "InspectAgent batch-1 g1",
        "EndDelivery batch-1 Failed",
        "CheckReadiness"
      ],
      timers: ["start messages_check 60000", "start messages_timeout 86400000", "start readiness 30000"],
      logged: ["recovery_found batch-1 reporting 1"],
      state: "down | batch-1 g1 reporting wakes 1 failed (it went wrong) | Inspecting evidence | link closed"
    },
    {
      clause: "whose messages are marked as delivered is over, though a crash of the machine has lost its answer",
      run: () => {
        const { state: { stored } } = delivering().tell(found({ _tag: "Success", result: {}, tokens_used: null }))
        const talk = { held: nothingHeld, known: nothingKnown, is_delivered: true }
        return new Run().tell({ _tag: "Restarted", stored, survivors: [], talk })
      },
      said: ["StopWatching", "StopAgent batch-1 linger 15000", "CheckReadiness"],
      timers: [...released, "start readiness 30000"],
      state: "down | terminating: batch-1 remove | stopping: batch-1 | link closed"
    },
    {
      clause: "an agent of a batch that nobody holds is stopped",
      run: () => new Run().tell({ _tag: "Restarted", stored: emptyStore, survivors: ["batch-9"] }),
      said: ["StopAgent batch-9 linger 0", "CheckReadiness"],
      timers: ["start readiness 30000"],
      state: "down | terminating: batch-9 keep | stopping: batch-9 | link closed"
    }
  ])
})

test("rule 19: a delivery that failed without a reason is marked as one that failed", () => {
  const { now, state } = delivering()
  const [, commands] = batchAgentTold({ _tag: "Failed" })(state, now)
  expect(commands).toMatchObject([{ _tag: "EndDelivery", end: { _tag: "Failed", reason: "" } }])
})

describe("the id of a batch", () => {
  table([
    {
      clause: "is the sidecar's own: no task is taken under one",
      run: () => Run.idle().tell(assigned(B1)),
      logged: ["task_refused batch-1 the id is in the form of our own batches of messages"],
      state: "",
      then: (run) => expect(run.state.stored.task).toBeNull()
    },
    {
      clause: "its files expire like those of a task, but not while it is at work",
      run: () =>
        delivering().tell({ _tag: "OrphanFound", work_id: B1 }).tell({ _tag: "OrphanFound", work_id: "batch-0" }),
      said: ["ExpireFiles batch-0"],
      state: "batch-1 g1 working wakes 1 | Running"
    }
  ])
})

describe("rule 12: a batch that cannot be saved", () => {
  table([
    {
      clause: "is not held, and is told again by who keeps the messages",
      run: () => Run.idle().tell(saveFailed).tell(ready()),
      state: "down | disk failing | link resting"
    }
  ])
})
