import { describe } from "vitest"
import { A, B, Run, table } from "./support.ts"

describe("rule 9: task_cancelled", () => {
  table([
    {
      clause: "the active task: the slot is free, its tree is stopped at once",
      run: () => Run.working().cancelled(),
      /*GEN rule 9: task_cancelled|the active task: the slot is free, its tree is stopped at once*/
    },
    {
      clause: "and then its files go",
      run: () => Run.working().cancelled().stopped(),
      /*GEN rule 9: task_cancelled|and then its files go*/
    },
    {
      clause: "the recovering task",
      run: () => Run.working().restarted().inspected({ process: "alive" }).tell(...connect).cancelled(),
      /*GEN rule 9: task_cancelled|the recovering task*/
    },
    {
      clause: "one that is left running",
      run: () => Run.idle().restarted([A]).cancelled(),
      /*GEN rule 9: task_cancelled|one that is left running*/
    },
    {
      clause: "and then its files go too",
      run: () => Run.idle().restarted([A]).cancelled().stopped(),
      /*GEN rule 9: task_cancelled|and then its files go too*/
    },
    {
      clause: "one whose agent is on its way out after its report",
      run: () => Run.reporting().acked("complete").cancelled(),
      /*GEN rule 9: task_cancelled|one whose agent is on its way out after its report*/
    },
    {
      clause: "one whose agent is being stopped is not stopped twice",
      run: () => Run.confirming().timer("confirmation").cancelled(),
      /*GEN rule 9: task_cancelled|one whose agent is being stopped is not stopped twice*/
    },
    {
      clause: "another is not touched",
      run: () => Run.working().cancelled(B),
      /*GEN rule 9: task_cancelled|another is not touched*/
    },
    {
      clause: "one that we know nothing of is ignored",
      run: () => Run.idle().cancelled(),
      /*GEN rule 9: task_cancelled|one that we know nothing of is ignored*/
    },
    {
      clause: "one that is only accepted",
      run: () => Run.accepted().cancelled(),
      /*GEN rule 9: task_cancelled|one that is only accepted*/
    },
    {
      clause: "one that waits for its retry",
      run: () => Run.retrying().cancelled(),
      /*GEN rule 9: task_cancelled|one that waits for its retry*/
    },
    {
      clause: "its frames that wait are not sent",
      run: () => Run.idle().assigned().assigned(3).cancelled().acked(),
      /*GEN rule 9: task_cancelled|its frames that wait are not sent*/
    },
    {
      clause: "the frames of others are",
      run: () => Run.idle().assigned().assigned(1, B).cancelled().acked(),
      /*GEN rule 9: task_cancelled|the frames of others are*/
    },
    {
      clause: "assigned anew while its old agent is not gone: accepted, but looked at when that is gone",
      run: () => Run.working().cancelled().assigned(3),
      /*GEN rule 9: task_cancelled|assigned anew while its old agent is not gone: accepted, but looked at when that is gone*/
    },
    {
      clause: "and looked at then, without its old files",
      run: () => Run.working().cancelled().assigned(3).stopped(),
      /*GEN rule 9: task_cancelled|and looked at then, without its old files*/
    },
    {
      clause: "a task in doubt",
      run: () => Run.working().inDoubt().cancelled(),
      /*GEN rule 9: task_cancelled|a task in doubt*/
    },
    {
      clause: "one whose 5 s run",
      run: () => Run.working().denied().cancelled(),
      /*GEN rule 9: task_cancelled|one whose 5 s run*/
    }
  ])
})
