import { describe } from "vitest"
import { A, exited, Run, success, T0, table } from "./support.ts"

describe("rule 7: the end of a silent agent", () => {
  table([
    {
      clause: "the process ended with ≠ 0 and there is no answer: it has 10 s to show",
      run: () => Run.working().ended(exited(2, "bye")),
      /*GEN rule 7: the end of a silent agent|the process ended with ≠ 0 and there is no answer: it has 10 s to show*/
    },
    {
      clause: "it was killed: the same",
      run: () => Run.working().ended({ how: "killed", code: null, output: "" }),
      /*GEN rule 7: the end of a silent agent|it was killed: the same*/
    },
    {
      clause: "it ended with 0 where the command blocks: the same",
      run: () => Run.working({ wake_command_blocks: true }).ended(exited(0)),
      /*GEN rule 7: the end of a silent agent|it ended with 0 where the command blocks: the same*/
    },
    {
      clause: "it ended with 0 before its confirmation where the command blocks: the same",
      run: () => Run.confirming({ wake_command_blocks: true }).ended(exited(0)),
      /*GEN rule 7: the end of a silent agent|it ended with 0 before its confirmation where the command blocks: the same*/
    },
    {
      clause: "it ended with ≠ 0 before its confirmation where the command blocks: a failed attempt",
      run: () => Run.confirming({ wake_command_blocks: true }).ended(exited(1)),
      /*GEN rule 7: the end of a silent agent|it ended with ≠ 0 before its confirmation where the command blocks: a failed attempt*/
    },
    {
      clause: "it ended out of our sight where the command blocks: no failed attempt either",
      run: () => Run.confirming({ wake_command_blocks: true }).ended({ how: "unseen", code: null, output: "bye" }),
      /*GEN rule 7: the end of a silent agent|it ended out of our sight where the command blocks: no failed attempt either*/
    },
    {
      clause: "it ended with 0 where the command may only have started something: it works on",
      run: () => Run.working().ended(exited(0)),
      /*GEN rule 7: the end of a silent agent|it ended with 0 where the command may only have started something: it works on*/
    },
    {
      clause: "it ended out of our sight where the command may only have started something: it works on",
      run: () => Run.working().ended({ how: "unseen", code: null, output: "" }),
      /*GEN rule 7: the end of a silent agent|it ended out of our sight where the command may only have started something: it works on*/
    },
    {
      clause: "an answer within the 10 s is reported",
      run: () => Run.working().ended(exited(2)).found(success),
      /*GEN rule 7: the end of a silent agent|an answer within the 10 s is reported*/
    },
    {
      clause: ".started within the 10 s changes nothing",
      run: () => Run.working().ended(exited(2)).started(),
      /*GEN rule 7: the end of a silent agent|.started within the 10 s changes nothing*/
    },
    {
      clause: "after the 10 s what is left of its tree is stopped",
      run: () => Run.working().ended(exited(2, "bye")).timer("settle"),
      /*GEN rule 7: the end of a silent agent|after the 10 s what is left of its tree is stopped*/
    },
    {
      clause: "then there is a rescan",
      run: () => Run.working().ended(exited(2, "bye")).timer("settle").stopped(false),
      /*GEN rule 7: the end of a silent agent|then there is a rescan*/
    },
    {
      clause: "an answer that it finds is reported",
      run: () => Run.working().ended(exited(2)).timer("settle").stopped().inspected({ process: "gone", answer: success }),
      /*GEN rule 7: the end of a silent agent|an answer that it finds is reported*/
    },
    {
      clause: "a half-written one is waited for",
      run: () => Run.working().ended(exited(2)).timer("settle").stopped().inspected({ process: "gone", answer: "half-written" }),
      /*GEN rule 7: the end of a silent agent|a half-written one is waited for*/
    },
    {
      clause: "no answer: the task fails and says why",
      run: () => Run.working().ended(exited(2, "bye")).timer("settle").stopped(false).inspected({ process: "gone" }),
      /*GEN rule 7: the end of a silent agent|no answer: the task fails and says why*/
    },
    {
      clause: "and so it does though there are signs of life",
      run: () => Run.working().timer("task_timeout").after(86_400_000).timer("task_timeout").stopped(false).inspected({ process: "gone", started: true, last_sign_at: T0 + 86_400_000 }),
      /*GEN rule 7: the end of a silent agent|and so it does though there are signs of life*/
    },
    {
      clause: "10 s that are over too late mean nothing",
      run: () => Run.working().timer("settle"),
      /*GEN rule 7: the end of a silent agent|10 s that are over too late mean nothing*/
    },
    {
      clause: "not at work any more by its silence: the same",
      run: () => Run.working().ended(exited(0)).after(1_800_000).timer("lease").inspected({ process: "gone", started: true, last_sign_at: T0 }),
      /*GEN rule 7: the end of a silent agent|not at work any more by its silence: the same*/
    },
    {
      clause: "not at work any more as the machine restarted: the same",
      run: () => Run.working().restarted().inspected({ process: "gone", this_boot: false, started: true, last_sign_at: T0 }).tell(...connect).tell({ _tag: "TaskReassigned", task_id: A }).answered("continue").inspected({ process: "gone", this_boot: false, started: true, last_sign_at: T0 }),
      /*GEN rule 7: the end of a silent agent|not at work any more as the machine restarted: the same*/
    },
    {
      clause: "a machine that restarted before the confirmation: a failed attempt",
      run: () => Run.confirming().restarted().inspected({ process: "gone", this_boot: false }).tell(...connect).tell({ _tag: "TaskReassigned", task_id: A }).answered("continue").inspected({ process: "gone", this_boot: false }),
      /*GEN rule 7: the end of a silent agent|a machine that restarted before the confirmation: a failed attempt*/
    },
    {
      clause: "an end that no life of the daemon saw, where the command blocks: the same as its end",
      run: () => Run.confirming({ wake_command_blocks: true }).timer("lease").inspected({ process: "gone" }),
      /*GEN rule 7: the end of a silent agent|an end that no life of the daemon saw, where the command blocks: the same as its end*/
    },
    {
      clause: "an unconfirmed command that ended may have left an agent behind: it has the rest of its time",
      run: () => Run.confirming().ended(exited(0)).after(10_000).timer("lease").inspected({ process: "gone" }),
      /*GEN rule 7: the end of a silent agent|an unconfirmed command that ended may have left an agent behind: it has the rest of its time*/
    },
    {
      clause: "task_timeout_ms: the tree is stopped",
      run: () => Run.working().after(86_400_000).timer("task_timeout"),
      /*GEN rule 7: the end of a silent agent|task_timeout_ms: the tree is stopped*/
    },
    {
      clause: "and the task fails",
      run: () => Run.working().after(86_400_000).timer("task_timeout").stopped().inspected({ process: "gone" }),
      /*GEN rule 7: the end of a silent agent|and the task fails*/
    },
    {
      clause: "the timer of the task before does not end this one",
      run: () => Run.working().after(86_399_999).timer("task_timeout"),
      /*GEN rule 7: the end of a silent agent|the timer of the task before does not end this one*/
    },
    {
      clause: "a task that is being reported takes no longer",
      run: () => Run.reporting().after(86_400_000).timer("task_timeout"),
      /*GEN rule 7: the end of a silent agent|a task that is being reported takes no longer*/
    },
    {
      clause: "an attempt that is being stopped is not tried again after that",
      run: () => Run.confirming().timer("confirmation").after(86_400_000).timer("task_timeout"),
      /*GEN rule 7: the end of a silent agent|an attempt that is being stopped is not tried again after that*/
    },
    {
      clause: "a task that waits for its retry fails too",
      run: () => Run.retrying().after(86_400_000).timer("task_timeout"),
      /*GEN rule 7: the end of a silent agent|a task that waits for its retry fails too*/
    },
    {
      clause: "a task that waits for the agent before it fails too, though both are gone at once",
      run: () => Run.failing().reconnected().assigned(3).after(86_400_000).timer("task_timeout").stopped(),
      /*GEN rule 7: the end of a silent agent|a task that waits for the agent before it fails too, though both are gone at once*/
    },
    {
      clause: "without a task nothing takes too long",
      run: () => Run.idle().timer("task_timeout"),
      /*GEN rule 7: the end of a silent agent|without a task nothing takes too long*/
    }
  ])
})
