import { describe, expect } from "vitest"
import { A, assignment, B, exited, Run, success, T0, table } from "./support.ts"

describe("rule 2: an assignment", () => {
  table([
    {
      clause: "an idle sidecar accepts, and looks at the evidence",
      run: () => Run.idle().assigned(),
      /*GEN rule 2: an assignment|an idle sidecar accepts, and looks at the evidence*/,
      then: (run) => expect(run.task).toMatchObject({ ...assignment(A, 1), accepted_at: T0, wake: null, failure: null })
    },
    {
      clause: "the task we hold with our generation is accepted again",
      run: () => Run.working().assigned(1),
      /*GEN rule 2: an assignment|the task we hold with our generation is accepted again*/
    },
    {
      clause: "the task we hold with a higher generation: the generation is taken and accepted",
      run: () => Run.working().tell({ _tag: "TaskAssigned", task: { ...assignment(A, 3), description: "do it now", metadata: { a: 1 }, assigned_at: 9 } }),
      /*GEN rule 2: an assignment|the task we hold with a higher generation: the generation is taken and accepted*/,
      then: (run) => expect(run.task).toMatchObject({ description: "do it now", metadata: { a: 1 }, assigned_at: 9 })
    },
    {
      clause: "the same generation again brings its fields with it",
      run: () => Run.working().tell({ _tag: "TaskAssigned", task: { ...assignment(A, 1), description: "do it now" } }),
      /*GEN rule 2: an assignment|the same generation again brings its fields with it*/,
      then: (run) => expect(run.task.description).toBe("do it now")
    },
    {
      clause: "a lower generation is late, and is ignored",
      run: () => Run.idle().assigned(3).assigned(2),
      /*GEN rule 2: an assignment|a lower generation is late, and is ignored*/
    },
    {
      clause: "an accept that waits already is not asked for twice, and carries the newest generation",
      run: () => Run.idle().assigned(1).assigned(3).assigned(5).acked(),
      /*GEN rule 2: an assignment|an accept that waits already is not asked for twice, and carries the newest generation*/
    },
    {
      clause: "the recovering task with our generation is ours again",
      run: () => Run.working().restarted().tell(...connect).inspected({ process: "alive", started: true }).assigned(1),
      /*GEN rule 2: an assignment|the recovering task with our generation is ours again*/
    },
    {
      clause: "the recovering task with a higher generation is ours again",
      run: () => Run.working().restarted().tell(...connect).inspected({ process: "alive", started: true }).assigned(3),
      /*GEN rule 2: an assignment|the recovering task with a higher generation is ours again*/
    },
    {
      clause: "a recovering task whose agent is not at work is looked at again, and woken as the evidence says",
      run: () => Run.working().restarted().tell(...connect).inspected({ process: "gone" }).assigned(3),
      /*GEN rule 2: an assignment|a recovering task whose agent is not at work is looked at again, and woken as the evidence says*/
    },
    {
      clause: "a recovering task with a lower generation stays as it is",
      run: () => Run.working().restarted().tell(...connect).inspected({ process: "alive", started: true }).assigned(0),
      /*GEN rule 2: an assignment|a recovering task with a lower generation stays as it is*/
    },
    {
      clause: "a waiting report goes out after the accept",
      run: () => Run.working().offline().found(success).tell(...connect).answered("abort").assigned(3),
      /*GEN rule 2: an assignment|a waiting report goes out after the accept*/
    },
    {
      clause: "and when the accept is acknowledged, with the new generation",
      run: () => Run.working().offline().found(success).tell(...connect).answered("abort").assigned(3).acked(),
      /*GEN rule 2: an assignment|and when the accept is acknowledged, with the new generation*/
    },
    {
      clause: "a task in doubt comes back with a higher generation: it is ours",
      run: () => Run.working().inDoubt().assigned(3),
      /*GEN rule 2: an assignment|a task in doubt comes back with a higher generation: it is ours*/
    },
    {
      clause: "a task that is not at work any more starts anew under a new generation: what is stale is removed and it is woken",
      run: () => Run.working().restarted().tell(...connect).inspected({ process: "gone" }).assigned(3).inspected({ process: "gone" }),
      /*GEN rule 2: an assignment|a task that is not at work any more starts anew under a new generation: what is stale is removed and it is woken*/
    },
    {
      clause: "under the same generation it ends instead",
      run: () => Run.working().restarted().tell(...connect).inspected({ process: "gone" }).assigned(1).inspected({ process: "gone" }),
      /*GEN rule 2: an assignment|under the same generation it ends instead*/
    },
    {
      clause: "a new generation ends the wait for a late answer: the evidence decides",
      run: () => Run.working().ended(exited(1)).assigned(3),
      /*GEN rule 2: an assignment|a new generation ends the wait for a late answer: the evidence decides*/
    },
    {
      clause: "the same generation does not",
      run: () => Run.working().ended(exited(1)).assigned(1),
      /*GEN rule 2: an assignment|the same generation does not*/
    },
    {
      clause: "a new generation while the agent is looked at leaves the decision to the evidence",
      run: () => Run.confirming().restarted().assigned(3),
      /*GEN rule 2: an assignment|a new generation while the agent is looked at leaves the decision to the evidence*/
    },
    {
      clause: "a new generation while an agent at work is looked at changes nothing for it",
      run: () => Run.working().timer("lease").assigned(3),
      /*GEN rule 2: an assignment|a new generation while an agent at work is looked at changes nothing for it*/
    },
    {
      clause: "a new generation during a wake leaves the wake alone",
      run: () => Run.spawning().assigned(3),
      /*GEN rule 2: an assignment|a new generation during a wake leaves the wake alone*/
    },
    {
      clause: "a new generation while a wake that may have begun is looked at leaves its number",
      run: () => Run.spawning().restarted().assigned(3).inspected(),
      /*GEN rule 2: an assignment|a new generation while a wake that may have begun is looked at leaves its number*/
    },
    {
      clause: "a new generation while the agent is being stopped leaves that alone",
      run: () => Run.confirming().timer("confirmation").assigned(3),
      /*GEN rule 2: an assignment|a new generation while the agent is being stopped leaves that alone*/
    },
    {
      clause: "a task whose id cannot be a file name is not accepted",
      run: () => Run.idle().assigned(1, "../task"),
      /*GEN rule 2: an assignment|a task whose id cannot be a file name is not accepted*/
    },
    {
      clause: "nor is it refused as busy",
      run: () => Run.working().assigned(1, "../task"),
      /*GEN rule 2: an assignment|nor is it refused as busy*/
    }
  ])
})

describe("rule 3: another task", () => {
  table([
    {
      clause: "another task while one is held is rejected with busy",
      run: () => Run.working().assigned(1, B),
      /*GEN rule 3: another task|another task while one is held is rejected with busy*/
    },
    {
      clause: "it is rejected when the frame in flight is answered",
      run: () => Run.idle().assigned().assigned(1, B),
      /*GEN rule 3: another task|it is rejected when the frame in flight is answered*/
    },
    {
      clause: "in the order that was asked for",
      run: () => Run.idle().assigned().assigned(1, B).acked(),
      /*GEN rule 3: another task|in the order that was asked for*/
    },
    {
      clause: "another task while one is recovering is rejected with busy",
      run: () => Run.working().restarted().tell(...connect).tell({ _tag: "TaskReassigned", task_id: A }).answered("abort").assigned(1, B),
      /*GEN rule 3: another task|another task while one is recovering is rejected with busy*/
    },
    {
      clause: "once the hub has refused that frame, nothing is said",
      run: () => Run.working().assigned(1, B).refused("validation_failed", "task_rejected", true).assigned(1, B),
      /*GEN rule 3: another task|once the hub has refused that frame, nothing is said*/
    },
    {
      clause: "nor are rejections that waited",
      run: () => Run.working().assigned(1, B).assigned(1, "task-c").refused("validation_failed", "task_rejected", true),
      /*GEN rule 3: another task|nor are rejections that waited*/
    },
    {
      clause: "on the next connection it is tried again",
      run: () => Run.working().assigned(1, B).refused("validation_failed", "task_rejected", true).reconnected().answered("continue").acked().assigned(1, B),
      /*GEN rule 3: another task|on the next connection it is tried again*/
    },
    {
      clause: "a rejection that was refused for another reason is tried again",
      run: () => Run.working().assigned(1, B).refused("validation_failed", "task_rejected").assigned(1, B),
      /*GEN rule 3: another task|a rejection that was refused for another reason is tried again*/
    },
    {
      clause: "a rejection of a task that we hold by now is not sent",
      run: () => Run.idle().assigned().assigned(1, B).cancelled().assigned(3, B).acked(),
      /*GEN rule 3: another task|a rejection of a task that we hold by now is not sent*/
    },
    {
      clause: "a rejection that a newer hub acknowledges is answered",
      run: () => Run.working().assigned(1, B).acked("rejected", B),
      /*GEN rule 3: another task|a rejection that a newer hub acknowledges is answered*/
    },
    {
      clause: "a rejection that a newer hub accepts in silence is over after 15 s, and what waited goes out",
      run: () => Run.working().assigned(1, B).found(success).after(15_000).timer("answer"),
      /*GEN rule 3: another task|a rejection that a newer hub accepts in silence is over after 15 s, and what waited goes out*/
    },
    {
      clause: "so many rejections wait and no more",
      run: () => Array.from({ length: 17 }).reduce<Run>((run, _, n) => run.assigned(1, `task-${n}`), Run.idle().assigned()),
      /*GEN rule 3: another task|so many rejections wait and no more*/
    },
    {
      clause: "but what is owed always finds room",
      run: () => Array.from({ length: 17 }).reduce<Run>((run, _, n) => run.assigned(1, `task-${n}`), Run.idle().assigned()).assigned(3),
      /*GEN rule 3: another task|but what is owed always finds room*/
    }
  ])
})

describe("rules 13 and 15: refusing without harm, and push alone", () => {
  table([
    {
      clause: "while draining another task is not accepted: the connection is closed",
      run: () => Run.idle().tell({ _tag: "DrainRequested", exit_code: 0 }).assigned(),
      /*GEN rules 13 and 15: refusing without harm, and push alone|while draining another task is not accepted: the connection is closed*/
    }
  ])
})
