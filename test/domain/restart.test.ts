import { describe } from "vitest"
import { emptyStore } from "../../src/domain/SidecarState.ts"
import type { Task } from "../../src/domain/Task.ts"
import { A, B, failure, Run, success, T0, table } from "./support.ts"

const taskOf = (task_id: string): Task => ({ ...Run.working().task, task_id })

describe("rule 10: restart", () => {
  table([
    {
      clause: "active becomes recovering, and is looked at",
      run: () => Run.working().restarted(),
      /*GEN rule 10: restart|active becomes recovering, and is looked at*/
    },
    {
      clause: "recovering stays recovering",
      run: () => Run.working().restarted().restarted(),
      /*GEN rule 10: restart|recovering stays recovering*/
    },
    {
      clause: "was there one already, it ends as by abort",
      run: () => new Run().tell({ _tag: "Restarted", stored: { version: 1, active: taskOf(A), recovering: taskOf(B) }, survivors: [A, B, "task-c"] }),
      /*GEN rule 10: restart|was there one already, it ends as by abort*/
    },
    {
      clause: "nothing stored: nothing to recover",
      run: () => new Run().tell({ _tag: "Restarted", stored: emptyStore, survivors: [] }),
      /*GEN rule 10: restart|nothing stored: nothing to recover*/
    },
    {
      clause: "an agent that nobody holds a task for is seen off",
      run: () => new Run().tell({ _tag: "Restarted", stored: emptyStore, survivors: [A] }),
      /*GEN rule 10: restart|an agent that nobody holds a task for is seen off*/
    },
    {
      clause: "the time for the task goes on counting",
      run: () => Run.working().after(86_000_000).restarted(),
      /*GEN rule 10: restart|the time for the task goes on counting*/
    },
    {
      clause: "one that is over is over",
      run: () => Run.working().after(90_000_000).restarted(),
      /*GEN rule 10: restart|one that is over is over*/
    },
    {
      clause: "and no more than the whole of it is left after a clock that was set back",
      run: () => Run.working().after(-5_000).restarted(),
      /*GEN rule 10: restart|and no more than the whole of it is left after a clock that was set back*/
    },
    {
      clause: "a wake that was meant but never began is made again under its number",
      run: () => Run.spawning().restarted().tell(...connect).inspected().tell({ _tag: "TaskReassigned", task_id: A }).answered("continue").after(5).inspected(),
      /*GEN rule 10: restart|a wake that was meant but never began is made again under its number*/
    },
    {
      clause: "attempts go on counting after one that ran",
      run: () => Run.spawning().restarted().tell(...connect).inspected().tell({ _tag: "TaskReassigned", task_id: A }).answered("continue").inspected({ process: "gone" }),
      /*GEN rule 10: restart|attempts go on counting after one that ran*/
    },
    {
      clause: "and after one that had failed",
      run: () => Run.retrying().restarted().tell(...connect).inspected().tell({ _tag: "TaskReassigned", task_id: A }).answered("continue").inspected(),
      /*GEN rule 10: restart|and after one that had failed*/
    },
    {
      clause: "under a new generation they count anew",
      run: () => Run.retrying().restarted().tell(...connect).inspected({ process: "gone" }).assigned(3).inspected({ process: "gone" }),
      /*GEN rule 10: restart|under a new generation they count anew*/
    },
    {
      clause: "one that waits for its retry then makes its first attempt",
      run: () => Run.retrying().assigned(3).tell({ _tag: "RetryDue", task_id: A }).acked().inspected({ process: "gone" }),
      /*GEN rule 10: restart|one that waits for its retry then makes its first attempt*/
    },
    {
      clause: "an attempt under way is the first of the new generation",
      run: () => Run.retrying().tell({ _tag: "RetryDue", task_id: A }).inspected({ process: "gone" }).assigned(3),
      /*GEN rule 10: restart|an attempt under way is the first of the new generation*/
    },
    {
      clause: "so is one that is being confirmed",
      run: () => Run.retrying().tell({ _tag: "RetryDue", task_id: A }).inspected({ process: "gone" }).spawned().assigned(3),
      /*GEN rule 10: restart|so is one that is being confirmed*/
    },
    {
      clause: "so is one that is found at work",
      run: () => Run.accepted().inspected({ answer: "half-written" }),
      /*GEN rule 10: restart|so is one that is found at work*/
    },
    {
      clause: "an answer that was being reported is looked for anew",
      run: () => Run.reporting().restarted(),
      /*GEN rule 10: restart|an answer that was being reported is looked for anew*/
    },
    {
      clause: "and owed again",
      run: () => Run.reporting().restarted().tell(...connect).inspected({ process: "gone", answer: success }),
      /*GEN rule 10: restart|and owed again*/
    },
    {
      clause: "a failure that is owed stays owed",
      run: () => Run.working().assigned(1).found(failure).restarted(),
      /*GEN rule 10: restart|a failure that is owed stays owed*/
    },
    {
      clause: "unless a success has come meanwhile",
      run: () => Run.working().assigned(1).found(failure).restarted().inspected({ process: "gone", answer: success }),
      /*GEN rule 10: restart|unless a success has come meanwhile*/
    },
    {
      clause: "nothing new: it is still owed",
      run: () => Run.working().assigned(1).found(failure).restarted().inspected({ process: "alive", started: true, last_sign_at: T0 }),
      /*GEN rule 10: restart|nothing new: it is still owed*/
    },
    {
      clause: "and reported when the task is ours",
      run: () => Run.working().assigned(1).found(failure).restarted().inspected().tell(...connect).tell({ _tag: "TaskReassigned", task_id: A }).answered("continue").acked(),
      /*GEN rule 10: restart|and reported when the task is ours*/
    },
    {
      clause: "a failure that was sent, and whose files the crash left in place, is set aside",
      run: () => Run.failing().restarted().inspected({ process: "gone", answer: failure }),
      /*GEN rule 10: restart|a failure that was sent, and whose files the crash left in place, is set aside*/
    }
  ])
})
