import { describe } from "vitest"
import { emptyStore } from "../../src/domain/SidecarState.ts"
import { A, B, failure, Run, success, table } from "./support.ts"

describe("rule 4: ask first", () => {
  table([
    {
      clause: "without a task there is nothing to ask, and we are idle",
      run: () => new Run().tell({ _tag: "Restarted", stored: emptyStore, survivors: [] }, ...connect),
      /*GEN rule 4: ask first|without a task there is nothing to ask, and we are idle*/
    },
    {
      clause: "with a task we identify as working",
      run: () => Run.working().offline().tell({ _tag: "Connected" }),
      /*GEN rule 4: ask first|with a task we identify as working*/
    },
    {
      clause: "after every identified with a task held, state_report is sent",
      run: () => Run.working().offline().tell({ _tag: "Connected" }).tell({ _tag: "Identified" }),
      /*GEN rule 4: ask first|after every identified with a task held, state_report is sent*/
    },
    {
      clause: "after a restart task_recovering goes first",
      run: () => Run.working().restarted().inspected({ process: "alive", started: true }).tell(...connect),
      /*GEN rule 4: ask first|after a restart task_recovering goes first*/
    },
    {
      clause: "and then state_report",
      run: () => Run.working().restarted().inspected({ process: "alive", started: true }).tell(...connect).tell({ _tag: "TaskReassigned", task_id: A }),
      /*GEN rule 4: ask first|and then state_report*/
    },
    {
      clause: "before any report",
      run: () => Run.working().offline().found(success).tell(...connect),
      /*GEN rule 4: ask first|before any report*/
    },
    {
      clause: "continue: it is ours, accepted again, and the waiting report follows",
      run: () => Run.working().offline().found(success).tell(...connect).answered("continue"),
      /*GEN rule 4: ask first|continue: it is ours, accepted again, and the waiting report follows*/
    },
    {
      clause: "the report goes when the accept is acknowledged",
      run: () => Run.working().offline().found(success).tell(...connect).answered("continue").acked(),
      /*GEN rule 4: ask first|the report goes when the accept is acknowledged*/
    },
    {
      clause: "continue: rule 1 for a task that nobody is at work on",
      run: () => Run.accepted().offline().restarted().tell(...connect).inspected().tell({ _tag: "TaskReassigned", task_id: A }).answered("continue"),
      /*GEN rule 4: ask first|continue: rule 1 for a task that nobody is at work on*/
    },
    {
      clause: "continue: an agent at work is not looked at anew",
      run: () => Run.working().reconnected().answered("continue"),
      /*GEN rule 4: ask first|continue: an agent at work is not looked at anew*/
    },
    {
      clause: "the answer of state_report counts, whatever task_recovering said",
      run: () => Run.working().restarted().inspected({ process: "alive", started: true }).tell(...connect).tell({ _tag: "TaskReassigned", task_id: A }).answered("continue"),
      /*GEN rule 4: ask first|the answer of state_report counts, whatever task_recovering said*/
    },
    {
      clause: "the answer of state_report counts, though task_continue said otherwise",
      run: () => Run.working().restarted().inspected({ process: "alive", started: true }).tell(...connect).tell({ _tag: "TaskContinued", task_id: A, generation: 1 }).answered("abort"),
      /*GEN rule 4: ask first|the answer of state_report counts, though task_continue said otherwise*/
    },
    {
      clause: "where the hub does not know state_report, task_continue counts with the generation we hold",
      run: () => Run.working().restarted().inspected({ process: "alive", started: true }).tell(...connect).tell({ _tag: "TaskContinued", task_id: A, generation: 1 }).refused("validation_failed", "state_report", true),
      /*GEN rule 4: ask first|where the hub does not know state_report, task_continue counts with the generation we hold*/
    },
    {
      clause: "but not with another",
      run: () => Run.working().restarted().inspected({ process: "alive", started: true }).tell(...connect).tell({ _tag: "TaskContinued", task_id: A, generation: 3 }).refused("validation_failed", "state_report", true),
      /*GEN rule 4: ask first|but not with another*/
    },
    {
      clause: "unless the task is assigned with it within 5 s",
      run: () => Run.working().restarted().inspected({ process: "alive", started: true }).tell(...connect).tell({ _tag: "TaskContinued", task_id: A, generation: 3 }).refused("validation_failed", "state_report", true).assigned(3),
      /*GEN rule 4: ask first|unless the task is assigned with it within 5 s*/
    },
    {
      clause: "where the hub does not know state_report, task_reassign counts",
      run: () => Run.working().restarted().inspected({ process: "alive", started: true }).tell(...connect).tell({ _tag: "TaskReassigned", task_id: A }).refused("validation_failed", "state_report", true),
      /*GEN rule 4: ask first|where the hub does not know state_report, task_reassign counts*/
    },
    {
      clause: "where the hub refuses both questions it is not ours as far as we know",
      run: () => Run.working().restarted().inspected({ process: "alive", started: true }).tell(...connect).refused("validation_failed", "task_recovering", true).refused("validation_failed", "state_report", true),
      /*GEN rule 4: ask first|where the hub refuses both questions it is not ours as far as we know*/
    },
    {
      clause: "a refused task_recovering leaves the word to state_report",
      run: () => Run.working().restarted().inspected({ process: "alive", started: true }).tell(...connect).refused("validation_failed", "task_recovering", true),
      /*GEN rule 4: ask first|a refused task_recovering leaves the word to state_report*/
    },
    {
      clause: "an older hub that refuses state_report is asked task_recovering, also without a restart",
      run: () => Run.working().reconnected().refused("validation_failed", "state_report", true),
      /*GEN rule 4: ask first|an older hub that refuses state_report is asked task_recovering, also without a restart*/
    },
    {
      clause: "and its answer counts",
      run: () => Run.working().reconnected().refused("validation_failed", "state_report", true).tell({ _tag: "TaskContinued", task_id: A, generation: 1 }),
      /*GEN rule 4: ask first|and its answer counts*/
    },
    {
      clause: "and its denial counts",
      run: () => Run.working().reconnected().refused("validation_failed", "state_report", true).tell({ _tag: "TaskReassigned", task_id: A }),
      /*GEN rule 4: ask first|and its denial counts*/
    },
    {
      clause: "and if it refuses that too, it is not ours as far as we know",
      run: () => Run.working().reconnected().refused("validation_failed", "state_report", true).refused("validation_failed", "task_recovering", true),
      /*GEN rule 4: ask first|and if it refuses that too, it is not ours as far as we know*/
    },
    {
      clause: "a state_report refused for another reason: not ours as far as we know",
      run: () => Run.working().reconnected().refused("validation_failed", "state_report"),
      /*GEN rule 4: ask first|a state_report refused for another reason: not ours as far as we know*/
    },
    {
      clause: "abort: not ours, unless it is assigned to us within 5 s",
      run: () => Run.working().denied(),
      /*GEN rule 4: ask first|abort: not ours, unless it is assigned to us within 5 s*/
    },
    {
      clause: "assigned to us before the abort, after we asked: ours, and the abort is late",
      run: () => Run.working().reconnected().assigned(3).answered("abort"),
      /*GEN rule 4: ask first|assigned to us before the abort, after we asked: ours, and the abort is late*/
    },
    {
      clause: "assigned to us before the continue: ours already",
      run: () => Run.working().reconnected().assigned(3).answered("continue"),
      /*GEN rule 4: ask first|assigned to us before the continue: ours already*/
    },
    {
      clause: "assigned to us within 5 s after the abort: ours",
      run: () => Run.working().denied().assigned(3),
      /*GEN rule 4: ask first|assigned to us within 5 s after the abort: ours*/
    },
    {
      clause: "the questions that an assignment has settled are not asked any more",
      run: () => Run.working().restarted().inspected({ process: "alive", started: true }).tell(...connect).assigned(3).tell({ _tag: "TaskReassigned", task_id: A }),
      /*GEN rule 4: ask first|the questions that an assignment has settled are not asked any more*/
    },
    {
      clause: "a question refused after an assignment changes nothing",
      run: () => Run.working().reconnected().assigned(3).refused("validation_failed", "state_report", true),
      /*GEN rule 4: ask first|a question refused after an assignment changes nothing*/
    },
    {
      clause: "a question refused after the task has gone changes nothing",
      run: () => Run.working().reconnected().cancelled().refused("validation_failed", "state_report", true),
      /*GEN rule 4: ask first|a question refused after the task has gone changes nothing*/
    },
    {
      clause: "an answer about a task that has gone changes nothing",
      run: () => Run.working().reconnected().cancelled().answered("abort"),
      /*GEN rule 4: ask first|an answer about a task that has gone changes nothing*/
    },
    {
      clause: "an answer about another task is not the answer",
      run: () => Run.working().reconnected().tell({ _tag: "StateReportAnswered", task_id: B, action: "abort" }),
      /*GEN rule 4: ask first|an answer about another task is not the answer*/
    },
    {
      clause: "an answer to another question is not the answer",
      run: () => Run.working().reconnected().tell({ _tag: "TaskReassigned", task_id: A }),
      /*GEN rule 4: ask first|an answer to another question is not the answer*/
    },
    {
      clause: "an answer that was not asked for changes nothing",
      run: () => Run.working().answered("abort"),
      /*GEN rule 4: ask first|an answer that was not asked for changes nothing*/
    },
    {
      clause: "no assignment in 5 s: the task is looked up, once",
      run: () => Run.working().inDoubt(),
      /*GEN rule 4: ask first|no assignment in 5 s: the task is looked up, once*/
    },
    {
      clause: "the 5 s of a task that is ours by now mean nothing",
      run: () => Run.working().denied().assigned(3).timer("assign_grace"),
      /*GEN rule 4: ask first|the 5 s of a task that is ours by now mean nothing*/
    },
    {
      clause: "the 5 s of a task that has gone mean nothing",
      run: () => Run.working().denied().cancelled().timer("assign_grace"),
      /*GEN rule 4: ask first|the 5 s of a task that has gone mean nothing*/
    },
    {
      clause: "with another agent, finished or gone: its agent is stopped, the slot is free, its files are kept",
      run: () => Run.working().inDoubt().lookedUp("elsewhere"),
      /*GEN rule 4: ask first|with another agent, finished or gone: its agent is stopped, the slot is free, its files are kept*/
    },
    {
      clause: "queued: the agent works on in its slot",
      run: () => Run.working().inDoubt().lookedUp("queued"),
      /*GEN rule 4: ask first|queued: the agent works on in its slot*/
    },
    {
      clause: "no look-up to be had: the agent works on in its slot",
      run: () => Run.working().inDoubt().lookedUp("unknown"),
      /*GEN rule 4: ask first|no look-up to be had: the agent works on in its slot*/
    },
    {
      clause: "with us, as the hub has it: it comes by push",
      run: () => Run.working().inDoubt().lookedUp("ours"),
      /*GEN rule 4: ask first|with us, as the hub has it: it comes by push*/
    },
    {
      clause: "a look-up of a task that is ours by now means nothing",
      run: () => Run.working().inDoubt().assigned(3).lookedUp("elsewhere"),
      /*GEN rule 4: ask first|a look-up of a task that is ours by now means nothing*/
    },
    {
      clause: "a look-up of another task means nothing",
      run: () => Run.working().inDoubt().tell({ _tag: "TaskLookedUp", task_id: B, whereabouts: "elsewhere" }),
      /*GEN rule 4: ask first|a look-up of another task means nothing*/
    },
    {
      clause: "a look-up without a task means nothing",
      run: () => Run.idle().lookedUp("elsewhere"),
      /*GEN rule 4: ask first|a look-up without a task means nothing*/
    },
    {
      clause: "while the task is in doubt, other tasks are busy",
      run: () => Run.working().inDoubt().assigned(1, B),
      /*GEN rule 4: ask first|while the task is in doubt, other tasks are busy*/
    },
    {
      clause: "an answer found in doubt is kept until the task comes back",
      run: () => Run.working().inDoubt().found(success),
      /*GEN rule 4: ask first|an answer found in doubt is kept until the task comes back*/
    },
    {
      clause: "and is delivered then",
      run: () => Run.working().inDoubt().found(success).assigned(3).acked(),
      /*GEN rule 4: ask first|and is delivered then*/
    },
    {
      clause: "a task in doubt is looked up again at every lease tick",
      run: () => Run.working().inDoubt().lookedUp("queued").timer("lease"),
      /*GEN rule 4: ask first|a task in doubt is looked up again at every lease tick*/
    },
    {
      clause: "a denied agent works on, but no progress is sent",
      run: () => Run.working().denied().tell({ _tag: "ProgressFound", task_id: A, progress: { progress: 10, execution_event: null } }),
      /*GEN rule 4: ask first|a denied agent works on, but no progress is sent*/
    },
    {
      clause: "nor its lease renewed",
      run: () => Run.working().denied().timer("lease").inspected({ process: "alive" }),
      /*GEN rule 4: ask first|nor its lease renewed*/
    },
    {
      clause: "a denied task is not woken",
      run: () => Run.retrying().denied().tell({ _tag: "RetryDue", task_id: A }).inspected({ process: "gone" }),
      /*GEN rule 4: ask first|a denied task is not woken*/
    },
    {
      clause: "a task in doubt is not woken",
      run: () => Run.retrying().inDoubt().tell({ _tag: "RetryDue", task_id: A }).inspected({ process: "gone" }),
      /*GEN rule 4: ask first|a task in doubt is not woken*/
    },
    {
      clause: "a recovering task is not woken before it is ours",
      run: () => Run.accepted().restarted().tell(...connect).inspected(),
      /*GEN rule 4: ask first|a recovering task is not woken before it is ours*/
    },
    {
      clause: "one that was ours when the connection was lost is woken",
      run: () => Run.accepted().offline().inspected(),
      /*GEN rule 4: ask first|one that was ours when the connection was lost is woken*/
    },
    {
      clause: "a failure that was sent and is not ours any more is not worth a wait",
      run: () => Run.failing().reconnected().answered("abort").timer("assign_grace"),
      /*GEN rule 4: ask first|a failure that was sent and is not ours any more is not worth a wait*/
    },
    {
      clause: "a failure that was never sent is",
      run: () => Run.working().offline().found(failure).tell(...connect).answered("abort").timer("assign_grace"),
      /*GEN rule 4: ask first|a failure that was never sent is*/
    }
  ])
})
