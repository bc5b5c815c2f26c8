import { describe } from "vitest"
import { A, B, Run, success, table } from "./support.ts"

describe("files that nobody came back for", () => {
  table([
    {
      clause: "are moved away when they are old enough",
      run: () => Run.working().tell({ _tag: "OrphanFound", work_id: B }),
      said: ["ExpireFiles task-b"],
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "those of the task that is held stay, whatever their age",
      run: () => Run.working().tell({ _tag: "OrphanFound", work_id: A }),
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "those of a task that is recovering too",
      run: () => Run.working().restarted().tell({ _tag: "OrphanFound", work_id: A }),
      state: "recovering task-a g1 working wakes 1 | Inspecting evidence | down"
    },
    {
      clause: "and those of a task whose agent is on its way out",
      run: () => Run.working().found(success).acked("complete").tell({ _tag: "OrphanFound", work_id: A }),
      state: "terminating: task-a remove | stopping: task-a"
    }
  ])
})
