import { describe } from "vitest"
import { A, B, Run, success, table } from "./support.ts"

describe("files that nobody came back for", () => {
  table([
    {
      clause: "are moved away when they are old enough",
      run: () => Run.working().tell({ _tag: "OrphanFound", task_id: B }),
      said: ["ExpireFiles task-b"],
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "those of the task that is held stay, whatever their age",
      run: () => Run.working().tell({ _tag: "OrphanFound", task_id: A }),
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "those of a task that is recovering too",
      run: () => Run.working().restarted().tell({ _tag: "OrphanFound", task_id: A }),
      state: "recovering task-a g1 working wakes 1 | Inspecting assess | down"
    },
    {
      clause: "and those of a task whose agent is on its way out",
      run: () => Run.working().found(success).acked("complete").tell({ _tag: "OrphanFound", task_id: A }),
      state: "leaving: task-a remove | stopping: task-a"
    }
  ])
})
