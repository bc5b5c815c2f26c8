import { describe } from "vitest"
import { A, B, exited, failure, inspected, Run, success, T0, table, unusable } from "./support.ts"

describe("rule 1: evidence before any wake", () => {
  table([
    {
      clause: "an answer that is there is reported, and nobody is woken",
      run: () => Run.accepted().inspected({ answer: success }),
      /*GEN rule 1: evidence before any wake|an answer that is there is reported, and nobody is woken*/
    },
    {
      clause: "a failure that is there is reported, and nobody is woken",
      run: () => Run.accepted().inspected({ answer: failure }),
      /*GEN rule 1: evidence before any wake|a failure that is there is reported, and nobody is woken*/
    },
    {
      clause: "nothing at work and no answer: what is stale is removed, the folder is watched, the agent is woken",
      run: () => Run.accepted().inspected(),
      /*GEN rule 1: evidence before any wake|nothing at work and no answer: what is stale is removed, the folder is watched, the agent is woken*/
    },
    {
      clause: "signs of life without a process that ever ran are stale",
      run: () => Run.accepted().inspected({ started: true, last_sign_at: T0 }),
      /*GEN rule 1: evidence before any wake|signs of life without a process that ever ran are stale*/
    },
    {
      clause: "a living process of the wake record is at work: it is adopted, not woken again, and still owes its confirmation",
      run: () => Run.spawning().restarted().tell(...connect).after(10_000).inspected({ process: "alive" }),
      /*GEN rule 1: evidence before any wake|a living process of the wake record is at work: it is adopted, not woken again, and still owes its confirmation*/
    },
    {
      clause: "a living process that has confirmed is at work",
      run: () => Run.confirming().restarted().tell(...connect).inspected({ process: "alive", started: true }),
      /*GEN rule 1: evidence before any wake|a living process that has confirmed is at work*/
    },
    {
      clause: "a living process of a task at work is at work still",
      run: () => Run.working().restarted().tell(...connect).inspected({ process: "alive", started: true }),
      /*GEN rule 1: evidence before any wake|a living process of a task at work is at work still*/
    },
    {
      clause: "a confirmation that an earlier life of the daemon waited for too long is over at once",
      run: () => Run.confirming().restarted().after(40_000).inspected({ process: "alive" }),
      /*GEN rule 1: evidence before any wake|a confirmation that an earlier life of the daemon waited for too long is over at once*/
    },
    {
      clause: "after a clock that was set back the confirmation is waited for no longer than its whole time",
      run: () => Run.confirming().restarted().after(-5_000).inspected({ process: "alive" }),
      /*GEN rule 1: evidence before any wake|after a clock that was set back the confirmation is waited for no longer than its whole time*/
    },
    {
      clause: "a command that ended with 0 may have left an agent at work, whose signs of life are young: no wake",
      run: () => Run.working().ended(exited(0)).restarted().inspected({ process: "gone", started: true, last_sign_at: T0 }),
      /*GEN rule 1: evidence before any wake|a command that ended with 0 may have left an agent at work, whose signs of life are young: no wake*/
    },
    {
      clause: "a half-written answer is waited for, and nobody is woken",
      run: () => Run.accepted().inspected({ answer: "half-written" }),
      /*GEN rule 1: evidence before any wake|a half-written answer is waited for, and nobody is woken*/
    },
    {
      clause: "an agent that an earlier life saw to its half-written answer is waited for",
      run: () => Run.spawning().restarted().tell(...connect).inspected({ process: "gone", answer: "half-written" }),
      /*GEN rule 1: evidence before any wake|an agent that an earlier life saw to its half-written answer is waited for*/
    },
    {
      clause: "an answer that cannot be used is moved away and the task fails when nothing of its agent lives",
      run: () => Run.accepted().inspected({ answer: unusable }),
      /*GEN rule 1: evidence before any wake|an answer that cannot be used is moved away and the task fails when nothing of its agent lives*/
    },
    {
      clause: "an agent whose task was accepted before by another life confirms by its start",
      run: () => Run.accepted().inspected({ answer: "half-written" }).tell({ _tag: "AgentStarted", task_id: A, wake_id: null }),
      /*GEN rule 1: evidence before any wake|an agent whose task was accepted before by another life confirms by its start*/
    },
    {
      clause: "what lives of an agent that is not at work any more is gone before the next is woken",
      run: () => Run.working().ended(exited(1)).assigned(3).inspected({ process: "alive" }),
      /*GEN rule 1: evidence before any wake|what lives of an agent that is not at work any more is gone before the next is woken*/
    },
    {
      clause: "and when it is gone, the evidence is looked at again",
      run: () => Run.working().ended(exited(1)).assigned(3).inspected({ process: "alive" }).stopped(),
      /*GEN rule 1: evidence before any wake|and when it is gone, the evidence is looked at again*/
    },
    {
      clause: "an answer of an agent on its way out waits for the look at the evidence that follows",
      run: () => Run.working().ended(exited(1)).assigned(3).inspected({ process: "alive" }).found(success),
      /*GEN rule 1: evidence before any wake|an answer of an agent on its way out waits for the look at the evidence that follows*/
    },
    {
      clause: "the evidence of a task that is not held is of no interest",
      run: () => Run.idle().tell(inspected(A)),
      /*GEN rule 1: evidence before any wake|the evidence of a task that is not held is of no interest*/
    },
    {
      clause: "the evidence of another task is of no interest",
      run: () => Run.idle().assigned().tell(inspected(B)),
      /*GEN rule 1: evidence before any wake|the evidence of another task is of no interest*/
    },
    {
      clause: "evidence that nobody asked for is of no interest",
      run: () => Run.working().inspected({ answer: success }),
      /*GEN rule 1: evidence before any wake|evidence that nobody asked for is of no interest*/
    }
  ])
})
