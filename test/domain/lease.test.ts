import { describe } from "vitest"
import { A, B, disconnected, exited, Run, success, table } from "./support.ts"

describe("rule 8: the lease", () => {
  table([
    {
      clause: "every 60 s it is looked at whether the agent is at work",
      run: () => Run.working().timer("lease"),
      /*GEN rule 8: the lease|every 60 s it is looked at whether the agent is at work*/
    },
    {
      clause: "one at work renews its lease",
      run: () => Run.working().timer("lease").inspected({ process: "alive" }),
      /*GEN rule 8: the lease|one at work renews its lease*/
    },
    {
      clause: "so does one that has not confirmed yet",
      run: () => Run.confirming().timer("lease").inspected({ process: "alive" }),
      /*GEN rule 8: the lease|so does one that has not confirmed yet*/
    },
    {
      clause: "so does one with a half-written answer",
      run: () => Run.working().ended(exited(0)).timer("lease").inspected({ process: "gone", answer: "half-written" }),
      /*GEN rule 8: the lease|so does one with a half-written answer*/
    },
    {
      clause: "an answer that is found so is reported",
      run: () => Run.working().timer("lease").inspected({ process: "gone", answer: success }),
      /*GEN rule 8: the lease|an answer that is found so is reported*/
    },
    {
      clause: "none is sent while another frame is in flight",
      run: () => Run.working().assigned(1).timer("lease").inspected({ process: "alive" }),
      /*GEN rule 8: the lease|none is sent while another frame is in flight*/
    },
    {
      clause: "nor without a connection",
      run: () => Run.working().offline().timer("lease").inspected({ process: "alive" }),
      /*GEN rule 8: the lease|nor without a connection*/
    },
    {
      clause: "nor before we are identified",
      run: () => Run.working().tell(disconnected, { _tag: "Connected" }).timer("lease").inspected({ process: "alive" }),
      /*GEN rule 8: the lease|nor before we are identified*/
    },
    {
      clause: "nor to a hub that does not know the frame",
      run: () => Run.working().refused("validation_failed", "task_progress", true).timer("lease").inspected({ process: "alive" }),
      /*GEN rule 8: the lease|nor to a hub that does not know the frame*/
    },
    {
      clause: "one that waits to be woken has none",
      run: () => Run.retrying().timer("lease"),
      /*GEN rule 8: the lease|one that waits to be woken has none*/
    },
    {
      clause: "one that is being reported has none",
      run: () => Run.reporting().timer("lease"),
      /*GEN rule 8: the lease|one that is being reported has none*/
    },
    {
      clause: "without a task there is none",
      run: () => Run.idle().timer("lease"),
      /*GEN rule 8: the lease|without a task there is none*/
    },
    {
      clause: "a new .progress is relayed",
      run: () => Run.working().tell({ _tag: "ProgressFound", task_id: A, progress: { progress: 10, execution_event: { type: "text" } } }),
      /*GEN rule 8: the lease|a new .progress is relayed*/
    },
    {
      clause: "at most one in 5 s",
      run: () => Run.working().tell({ _tag: "ProgressFound", task_id: A, progress: { progress: 10, execution_event: { type: "text" } } }).after(1_000).tell({ _tag: "ProgressFound", task_id: A, progress: { progress: 10, execution_event: { type: "text" } } }),
      /*GEN rule 8: the lease|at most one in 5 s*/
    },
    {
      clause: "the newest one when the 5 s are over",
      run: () => Run.working().tell({ _tag: "ProgressFound", task_id: A, progress: { progress: 10, execution_event: { type: "text" } } }).tell({ _tag: "ProgressFound", task_id: A, progress: { progress: 10, execution_event: { type: "text" } } }).tell({ _tag: "ProgressFound", task_id: A, progress: { progress: 30, execution_event: null } }).after(5_000).timer("progress"),
      /*GEN rule 8: the lease|the newest one when the 5 s are over*/
    },
    {
      clause: "also after a clock that was set back, no later than that",
      run: () => Run.working().tell({ _tag: "ProgressFound", task_id: A, progress: { progress: 10, execution_event: { type: "text" } } }).after(-60_000).tell({ _tag: "ProgressFound", task_id: A, progress: { progress: 10, execution_event: { type: "text" } } }),
      /*GEN rule 8: the lease|also after a clock that was set back, no later than that*/
    },
    {
      clause: "none while another frame is in flight",
      run: () => Run.working().assigned(1).tell({ _tag: "ProgressFound", task_id: A, progress: { progress: 10, execution_event: { type: "text" } } }),
      /*GEN rule 8: the lease|none while another frame is in flight*/
    },
    {
      clause: "but when that is answered",
      run: () => Run.working().assigned(1).tell({ _tag: "ProgressFound", task_id: A, progress: { progress: 10, execution_event: { type: "text" } } }).acked(),
      /*GEN rule 8: the lease|but when that is answered*/
    },
    {
      clause: "none of another task",
      run: () => Run.working().tell({ _tag: "ProgressFound", task_id: B, progress: { progress: 10, execution_event: null } }),
      /*GEN rule 8: the lease|none of another task*/
    },
    {
      clause: "none when the answer is there",
      run: () => Run.reporting().tell({ _tag: "ProgressFound", task_id: A, progress: { progress: 10, execution_event: { type: "text" } } }),
      /*GEN rule 8: the lease|none when the answer is there*/
    },
    {
      clause: "one that was not relayed before the answer never is",
      run: () => Run.working().assigned(1).tell({ _tag: "ProgressFound", task_id: A, progress: { progress: 10, execution_event: { type: "text" } } }).found(success).timer("progress"),
      /*GEN rule 8: the lease|one that was not relayed before the answer never is*/
    },
    {
      clause: "none without a task",
      run: () => Run.idle().tell({ _tag: "ProgressFound", task_id: A, progress: { progress: 10, execution_event: { type: "text" } } }),
      /*GEN rule 8: the lease|none without a task*/
    },
    {
      clause: "none to a hub that does not know the frame",
      run: () => Run.working().refused("validation_failed", "task_progress", true).tell({ _tag: "ProgressFound", task_id: A, progress: { progress: 10, execution_event: { type: "text" } } }),
      /*GEN rule 8: the lease|none to a hub that does not know the frame*/
    }
  ])
})
