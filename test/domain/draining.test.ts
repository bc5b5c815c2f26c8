import { describe } from "vitest"
import { B, Run, table } from "./support.ts"

describe("rule 13: draining", () => {
  table([
    {
      clause: "nothing held: the connection is closed and that was it",
      run: () => Run.idle().tell({ _tag: "DrainRequested", exit_code: 0 }),
      /*GEN rule 13: draining|nothing held: the connection is closed and that was it*/
    },
    {
      clause: "the task at hand is finished first",
      run: () => Run.working().tell({ _tag: "DrainRequested", exit_code: 0 }),
      /*GEN rule 13: draining|the task at hand is finished first*/
    },
    {
      clause: "a recovering task too",
      run: () => Run.working().restarted().tell({ _tag: "DrainRequested", exit_code: 75 }),
      /*GEN rule 13: draining|a recovering task too*/
    },
    {
      clause: "the connection is closed on the final acknowledgement",
      run: () => Run.reporting().tell({ _tag: "DrainRequested", exit_code: 75 }).acked("complete"),
      /*GEN rule 13: draining|the connection is closed on the final acknowledgement*/
    },
    {
      clause: "and that is it when no agent of ours lives",
      run: () => Run.reporting().tell({ _tag: "DrainRequested", exit_code: 75 }).acked("complete").stopped(),
      /*GEN rule 13: draining|and that is it when no agent of ours lives*/
    },
    {
      clause: "asked for while an agent is on its way out: the same",
      run: () => Run.reporting().acked("complete").tell({ _tag: "DrainRequested", exit_code: 75 }),
      /*GEN rule 13: draining|asked for while an agent is on its way out: the same*/
    },
    {
      clause: "a new task is not accepted: the connection is closed",
      run: () => Run.reporting().tell({ _tag: "DrainRequested", exit_code: 75 }).acked("complete").assigned(1, B),
      /*GEN rule 13: draining|a new task is not accepted: the connection is closed*/
    },
    {
      clause: "the task at hand under a new generation is accepted",
      run: () => Run.working().tell({ _tag: "DrainRequested", exit_code: 75 }).assigned(3),
      /*GEN rule 13: draining|the task at hand under a new generation is accepted*/
    },
    {
      clause: "restart_sidecar: it is announced, and the task at hand finished first",
      run: () => Run.working().tell({ _tag: "RestartRequested", reason: "update" }),
      /*GEN rule 13: draining|restart_sidecar: it is announced, and the task at hand finished first*/
    },
    {
      clause: "restart_sidecar with nothing held: a restart is wanted at once",
      run: () => Run.idle().tell({ _tag: "RestartRequested", reason: "update" }),
      /*GEN rule 13: draining|restart_sidecar with nothing held: a restart is wanted at once*/
    }
  ])
})
