import { describe, expect } from "vitest"
import { A, B, exited, failure, Run, success, T0, table } from "./support.ts"

/** A run whose first `count` attempts have failed with exit code 1. */
const attempts = (count: number): Run => {
  let run = Run.retrying()
  for (let made = 1; made < count; made++) {
    run = run
      .tell({ _tag: "RetryDue", task_id: A })
      .inspected({ process: "gone" })
      .spawned()
      .ended(exited(1, "boom"))
      .stopped(false)
      .inspected({ process: "gone" })
  }
  return run
}

describe("rule 6: the wake", () => {
  table([
    {
      clause: "the intent is saved, then the command is spawned",
      run: () => Run.accepted().after(9).inspected(),
      /*GEN rule 6: the wake|the intent is saved, then the command is spawned*/,
      then: (run) => {
        expect(run.commands).toContainEqual({ _tag: "WakeAgent", task: run.task, wake_id: "g1a1t1000009" })
        expect(run.task.wake).toEqual({ id: "g1a1t1000009", at: T0 + 9, end: null })
      }
    },
    {
      clause: "confirmation is counted from the spawn",
      run: () => Run.spawning().spawned(),
      /*GEN rule 6: the wake|confirmation is counted from the spawn*/
    },
    {
      clause: ".started confirms while the command runs",
      run: () => Run.confirming().after(3_000).started(),
      /*GEN rule 6: the wake|.started confirms while the command runs*/
    },
    {
      clause: ".started confirms after the command has ended",
      run: () => Run.confirming().ended(exited(0)).started(),
      /*GEN rule 6: the wake|.started confirms after the command has ended*/
    },
    {
      clause: ".started before we know of the spawn confirms",
      run: () => Run.spawning().started(),
      /*GEN rule 6: the wake|.started before we know of the spawn confirms*/
    },
    {
      clause: "and then the spawn asks for no confirmation",
      run: () => Run.spawning().started().spawned(),
      /*GEN rule 6: the wake|and then the spawn asks for no confirmation*/
    },
    {
      clause: ".started while the agent is looked at confirms",
      run: () => Run.confirming().timer("lease").started(),
      /*GEN rule 6: the wake|.started while the agent is looked at confirms*/
    },
    {
      clause: ".started while an earlier attempt is looked at does not",
      run: () => Run.spawning().restarted().started(),
      /*GEN rule 6: the wake|.started while an earlier attempt is looked at does not*/
    },
    {
      clause: ".started of an agent that is being stopped does not confirm",
      run: () => Run.confirming().timer("confirmation").started(),
      /*GEN rule 6: the wake|.started of an agent that is being stopped does not confirm*/
    },
    {
      clause: ".started of an agent that is looked at after it was stopped does not confirm",
      run: () => Run.confirming().timer("confirmation").stopped().started(),
      /*GEN rule 6: the wake|.started of an agent that is looked at after it was stopped does not confirm*/
    },
    {
      clause: ".started that comes during the delay of a retry is evidence for later",
      run: () => Run.retrying().started(),
      /*GEN rule 6: the wake|.started that comes during the delay of a retry is evidence for later*/
    },
    {
      clause: ".started of another wake does not confirm",
      run: () => Run.confirming().tell({ _tag: "AgentStarted", task_id: A, wake_id: "g1a0t0" }),
      /*GEN rule 6: the wake|.started of another wake does not confirm*/
    },
    {
      clause: ".started of another task does not confirm",
      run: () => Run.confirming().tell({ _tag: "AgentStarted", task_id: B, wake_id: "g1a1t1000000" }),
      /*GEN rule 6: the wake|.started of another task does not confirm*/
    },
    {
      clause: ".started confirms once",
      run: () => Run.working().started(),
      /*GEN rule 6: the wake|.started confirms once*/
    },
    {
      clause: "an answer confirms, and is reported",
      run: () => Run.confirming().found(success),
      /*GEN rule 6: the wake|an answer confirms, and is reported*/
    },
    {
      clause: "an answer before we know of the spawn confirms, and is reported",
      run: () => Run.spawning().found(success),
      /*GEN rule 6: the wake|an answer before we know of the spawn confirms, and is reported*/
    },
    {
      clause: "a spawn that we hear of after the answer changes nothing",
      run: () => Run.spawning().found(success).spawned(),
      /*GEN rule 6: the wake|a spawn that we hear of after the answer changes nothing*/
    },
    {
      clause: "the spawn of another wake changes nothing",
      run: () => Run.spawning().tell({ _tag: "WakeSpawned", task_id: A, wake_id: "g1a0t0" }),
      /*GEN rule 6: the wake|the spawn of another wake changes nothing*/
    },
    {
      clause: "the spawn of another task changes nothing",
      run: () => Run.spawning().tell({ _tag: "WakeSpawned", task_id: B, wake_id: "g1a1t1000000" }),
      /*GEN rule 6: the wake|the spawn of another task changes nothing*/
    },
    {
      clause: "exit ≠ 0 before the confirmation: the attempt failed and the whole tree is stopped",
      run: () => Run.confirming().after(50).ended(exited(1, "boom")),
      /*GEN rule 6: the wake|exit ≠ 0 before the confirmation: the attempt failed and the whole tree is stopped*/
    },
    {
      clause: "killed before the confirmation: the same",
      run: () => Run.confirming().ended({ how: "killed", code: null, output: "" }),
      /*GEN rule 6: the wake|killed before the confirmation: the same*/
    },
    {
      clause: "not spawned at all: the same",
      run: () => Run.confirming().ended({ how: "unspawned", code: null, output: "ENOENT" }),
      /*GEN rule 6: the wake|not spawned at all: the same*/
    },
    {
      clause: "exit 0 before the confirmation may have started something: it is given its time",
      run: () => Run.confirming().ended(exited(0)),
      /*GEN rule 6: the wake|exit 0 before the confirmation may have started something: it is given its time*/
    },
    {
      clause: "no confirmation in time: the attempt failed and the whole tree is stopped",
      run: () => Run.confirming().after(30_000).timer("confirmation"),
      /*GEN rule 6: the wake|no confirmation in time: the attempt failed and the whole tree is stopped*/
    },
    {
      clause: "a confirmation that was due just before it is over means nothing",
      run: () => Run.working().timer("confirmation"),
      /*GEN rule 6: the wake|a confirmation that was due just before it is over means nothing*/
    },
    {
      clause: "a confirmation timer while the agent is stopped already means nothing",
      run: () => Run.confirming().ended(exited(1)).timer("confirmation"),
      /*GEN rule 6: the wake|a confirmation timer while the agent is stopped already means nothing*/
    },
    {
      clause: "the outcome of an attempt is not told while a frame is in flight",
      run: () => Run.confirming().assigned(1).timer("confirmation"),
      /*GEN rule 6: the wake|the outcome of an attempt is not told while a frame is in flight*/
    },
    {
      clause: "nor to a hub that does not know the frame",
      run: () => Run.confirming().refused("validation_failed", "wake_result", true).timer("confirmation"),
      /*GEN rule 6: the wake|nor to a hub that does not know the frame*/
    },
    {
      clause: "when the tree is gone, the evidence is looked at",
      run: () => Run.confirming().timer("confirmation").stopped(),
      /*GEN rule 6: the wake|when the tree is gone, the evidence is looked at*/
    },
    {
      clause: "one that is gone by itself keeps the end it had",
      run: () => Run.confirming().ended(exited(1)).stopped(false),
      /*GEN rule 6: the wake|one that is gone by itself keeps the end it had*/
    },
    {
      clause: "an answer that is there then is reported",
      run: () => Run.confirming().timer("confirmation").stopped().inspected({ process: "gone", answer: success }),
      /*GEN rule 6: the wake|an answer that is there then is reported*/
    },
    {
      clause: "a failure that is there then is reported",
      run: () => Run.confirming().timer("confirmation").stopped().inspected({ process: "gone", answer: failure }),
      /*GEN rule 6: the wake|a failure that is there then is reported*/
    },
    {
      clause: "a half-written answer is waited for",
      run: () => Run.confirming().timer("confirmation").stopped().inspected({ process: "gone", answer: "half-written" }),
      /*GEN rule 6: the wake|a half-written answer is waited for*/
    },
    {
      clause: "nothing there: it is tried again after the first delay",
      run: () => Run.confirming().timer("confirmation").stopped().inspected({ process: "gone" }),
      /*GEN rule 6: the wake|nothing there: it is tried again after the first delay*/
    },
    {
      clause: "signs of life of an agent that we killed mean nothing",
      run: () => Run.confirming().timer("confirmation").stopped().inspected({ process: "gone", started: true, last_sign_at: T0 }),
      /*GEN rule 6: the wake|signs of life of an agent that we killed mean nothing*/
    },
    {
      clause: "signs of life of one that a command left behind mean that it is at work",
      run: () => Run.confirming().ended(exited(0)).timer("confirmation").stopped(false).inspected({ process: "gone", started: true, last_sign_at: T0 }),
      /*GEN rule 6: the wake|signs of life of one that a command left behind mean that it is at work*/
    },
    {
      clause: "what is told later of how a killed command ended does not bring it back",
      run: () => Run.confirming().timer("confirmation").stopped().ended({ how: "unseen", code: null, output: "" }),
      /*GEN rule 6: the wake|what is told later of how a killed command ended does not bring it back*/
    },
    {
      clause: "when the delay is over, the evidence is looked at",
      run: () => Run.retrying().tell({ _tag: "RetryDue", task_id: A }),
      /*GEN rule 6: the wake|when the delay is over, the evidence is looked at*/
    },
    {
      clause: "and it is woken again",
      run: () => Run.retrying().after(5_000).tell({ _tag: "RetryDue", task_id: A }).inspected({ process: "gone" }),
      /*GEN rule 6: the wake|and it is woken again*/
    },
    {
      clause: "unless an agent is at work by then",
      run: () => Run.confirming().ended(exited(0)).timer("confirmation").stopped(false).inspected({ process: "gone" }).tell({ _tag: "RetryDue", task_id: A }).inspected({ process: "gone", started: true, last_sign_at: T0 }),
      /*GEN rule 6: the wake|unless an agent is at work by then*/
    },
    {
      clause: "a delay that is over too late means nothing",
      run: () => Run.working().tell({ _tag: "RetryDue", task_id: A }),
      /*GEN rule 6: the wake|a delay that is over too late means nothing*/
    },
    {
      clause: "the delay of another task means nothing",
      run: () => Run.retrying().tell({ _tag: "RetryDue", task_id: B }),
      /*GEN rule 6: the wake|the delay of another task means nothing*/
    },
    {
      clause: "the third retry is the last: after it the task fails with what was seen",
      run: () => attempts(4),
      /*GEN rule 6: the wake|the third retry is the last: after it the task fails with what was seen*/
    },
    {
      clause: "the third attempt is not the last",
      run: () => attempts(3),
      /*GEN rule 6: the wake|the third attempt is not the last*/
    },
    {
      clause: "a fifth attempt is never made, also not after a restart",
      run: () => attempts(3).tell({ _tag: "RetryDue", task_id: A }).inspected({ process: "gone" }).spawned().ended(exited(1)).restarted().tell(...connect).inspected({ process: "gone" }).answered("continue"),
      /*GEN rule 6: the wake|a fifth attempt is never made, also not after a restart*/
    },
    {
      clause: "a command that can never run for this task fails it at once",
      run: () => Run.spawning().tell({ _tag: "WakeImpossible", task_id: A, wake_id: "g1a1t1000000", reason: "too large" }),
      /*GEN rule 6: the wake|a command that can never run for this task fails it at once*/
    },
    {
      clause: "the impossibility of another wake means nothing",
      run: () => Run.spawning().tell({ _tag: "WakeImpossible", task_id: A, wake_id: "g1a0t0", reason: "too large" }),
      /*GEN rule 6: the wake|the impossibility of another wake means nothing*/
    },
    {
      clause: "the impossibility for another task means nothing",
      run: () => Run.spawning().tell({ _tag: "WakeImpossible", task_id: B, wake_id: "g1a1t1000000", reason: "too large" }),
      /*GEN rule 6: the wake|the impossibility for another task means nothing*/
    },
    {
      clause: "an impossibility that we hear of too late means nothing",
      run: () => Run.confirming().tell({ _tag: "WakeImpossible", task_id: A, wake_id: "g1a1t1000000", reason: "too large" }),
      /*GEN rule 6: the wake|an impossibility that we hear of too late means nothing*/
    },
    {
      clause: "the end of another wake means nothing",
      run: () => Run.confirming().tell({ _tag: "WakeExited", task_id: A, wake_id: "g1a0t0", end: exited(1) }),
      /*GEN rule 6: the wake|the end of another wake means nothing*/
    },
    {
      clause: "the end of a wake of another task means nothing",
      run: () => Run.confirming().tell({ _tag: "WakeExited", task_id: B, wake_id: "g1a1t1000000", end: exited(1) }),
      /*GEN rule 6: the wake|the end of a wake of another task means nothing*/
    },
    {
      clause: "the end of a wake before any means nothing",
      run: () => Run.accepted().tell({ _tag: "WakeExited", task_id: A, wake_id: "g1a1t1000000", end: exited(1) }),
      /*GEN rule 6: the wake|the end of a wake before any means nothing*/
    },
    {
      clause: "no wake while the agent of the task before is not gone",
      run: () => Run.reporting().acked("complete").assigned(1, B).acked("accepted", B).inspected(),
      /*GEN rule 6: the wake|no wake while the agent of the task before is not gone*/
    },
    {
      clause: "when it is gone, the evidence is looked at and the wake follows",
      run: () => Run.reporting().acked("complete").assigned(1, B).acked("accepted", B).inspected().stopped(),
      /*GEN rule 6: the wake|when it is gone, the evidence is looked at and the wake follows*/
    },
    {
      clause: "when one is gone and another is not, it waits on",
      run: () => Run.reporting().acked("complete").assigned(1, B).inspected().tell({ _tag: "TaskCancelled", task_id: B }).assigned(1, "task-c").inspected().stopped(),
      /*GEN rule 6: the wake|when one is gone and another is not, it waits on*/
    },
    {
      clause: "the end of an agent that nobody waits for means nothing",
      run: () => Run.working().stopped(),
      /*GEN rule 6: the wake|the end of an agent that nobody waits for means nothing*/
    },
    {
      clause: "the end of the agent of another task is not that of this one",
      run: () => Run.confirming().timer("confirmation").stopped(true, B),
      /*GEN rule 6: the wake|the end of the agent of another task is not that of this one*/
    }
  ])
})
