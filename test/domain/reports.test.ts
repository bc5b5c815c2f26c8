import { describe, expect } from "vitest"
import { A, B, failure, Run, success, T0, table, unusable } from "./support.ts"

describe("rule 5: reports are owed until answered", () => {
  table([
    {
      clause: "an answer is reported",
      run: () => Run.working().found(success),
      /*GEN rule 5: reports are owed until answered|an answer is reported*/,
      then: (run) => expect(run.commands).toContainEqual({ _tag: "SendReport", task: expect.objectContaining({ task_id: A, generation: 1 }), report: { _tag: "Complete", result: { status: "success", output: "done" }, tokens_used: null } })
    },
    {
      clause: "with the tokens it took",
      run: () => Run.working().found({ ...success, tokens_used: 7 }),
      /*GEN rule 5: reports are owed until answered|with the tokens it took*/,
      then: (run) => expect(run.commands).toContainEqual(expect.objectContaining({ report: { _tag: "Complete", result: { status: "success", output: "done" }, tokens_used: 7 } }))
    },
    {
      clause: "a failure is reported; it is marked as sent and its files are set aside before that",
      run: () => Run.working().found(failure),
      /*GEN rule 5: reports are owed until answered|a failure is reported; it is marked as sent and its files are set aside before that*/
    },
    {
      clause: "a report waits for the answer to the accept",
      run: () => Run.working().assigned(1).found(success),
      /*GEN rule 5: reports are owed until answered|a report waits for the answer to the accept*/
    },
    {
      clause: "and goes out when that is acknowledged",
      run: () => Run.working().assigned(1).found(success).acked(),
      /*GEN rule 5: reports are owed until answered|and goes out when that is acknowledged*/
    },
    {
      clause: "an acknowledgement of another task is not the answer",
      run: () => Run.reporting().acked("complete", B),
      /*GEN rule 5: reports are owed until answered|an acknowledgement of another task is not the answer*/
    },
    {
      clause: "an acknowledgement of an accept does not answer a report",
      run: () => Run.reporting().acked(),
      /*GEN rule 5: reports are owed until answered|an acknowledgement of an accept does not answer a report*/
    },
    {
      clause: "an acknowledgement of a report does not answer an accept",
      run: () => Run.idle().assigned().acked("complete"),
      /*GEN rule 5: reports are owed until answered|an acknowledgement of a report does not answer an accept*/
    },
    {
      clause: "an acknowledgement without a frame in flight changes nothing",
      run: () => Run.working().acked("complete"),
      /*GEN rule 5: reports are owed until answered|an acknowledgement without a frame in flight changes nothing*/
    },
    {
      clause: "acknowledged: the slot is free, the agent has its time to end, then the files go",
      run: () => Run.reporting().after(7).acked("complete"),
      /*GEN rule 5: reports are owed until answered|acknowledged: the slot is free, the agent has its time to end, then the files go*/
    },
    {
      clause: "the files go when the agent is gone",
      run: () => Run.reporting().acked("complete").stopped(),
      /*GEN rule 5: reports are owed until answered|the files go when the agent is gone*/
    },
    {
      clause: "a failure acknowledged as retried frees the slot",
      run: () => Run.failing().acked("retried"),
      /*GEN rule 5: reports are owed until answered|a failure acknowledged as retried frees the slot*/
    },
    {
      clause: "a failure acknowledged as dead letter frees the slot",
      run: () => Run.failing().acked("dead_letter"),
      /*GEN rule 5: reports are owed until answered|a failure acknowledged as dead letter frees the slot*/
    },
    {
      clause: "of a failure the files go, but an answer that came late is kept",
      run: () => Run.failing().acked("retried").stopped(),
      /*GEN rule 5: reports are owed until answered|of a failure the files go, but an answer that came late is kept*/
    },
    {
      clause: "the next task goes out with its accept when the report is acknowledged",
      run: () => Run.reporting().assigned(1, B).acked("complete"),
      /*GEN rule 5: reports are owed until answered|the next task goes out with its accept when the report is acknowledged*/
    },
    {
      clause: "rate limited: the frame waits as long as the hub says",
      run: () => Run.reporting().tell({ _tag: "RateLimited", retry_after_ms: 7_000 }),
      /*GEN rule 5: reports are owed until answered|rate limited: the frame waits as long as the hub says*/
    },
    {
      clause: "but no longer than a minute",
      run: () => Run.reporting().tell({ _tag: "RateLimited", retry_after_ms: 1e9 }),
      /*GEN rule 5: reports are owed until answered|but no longer than a minute*/
    },
    {
      clause: "and no shorter than a second",
      run: () => Run.reporting().tell({ _tag: "RateLimited", retry_after_ms: 0 }),
      /*GEN rule 5: reports are owed until answered|and no shorter than a second*/
    },
    {
      clause: "and goes again then",
      run: () => Run.reporting().tell({ _tag: "RateLimited", retry_after_ms: 7_000 }).after(7_000).timer("resend"),
      /*GEN rule 5: reports are owed until answered|and goes again then*/
    },
    {
      clause: "a failure goes again, and its files are not set aside again",
      run: () => Run.failing().tell({ _tag: "RateLimited", retry_after_ms: 7_000 }).timer("resend"),
      /*GEN rule 5: reports are owed until answered|a failure goes again, and its files are not set aside again*/
    },
    {
      clause: "an accept that was rate limited goes again",
      run: () => Run.idle().assigned().tell({ _tag: "RateLimited", retry_after_ms: 7_000 }).timer("resend"),
      /*GEN rule 5: reports are owed until answered|an accept that was rate limited goes again*/
    },
    {
      clause: "a question that was rate limited goes again",
      run: () => Run.working().reconnected().tell({ _tag: "RateLimited", retry_after_ms: 7_000 }).timer("resend"),
      /*GEN rule 5: reports are owed until answered|a question that was rate limited goes again*/
    },
    {
      clause: "before what waits behind it",
      run: () => Run.working().restarted().inspected({ process: "alive", started: true }).tell(...connect).tell({ _tag: "RateLimited", retry_after_ms: 7_000 }).timer("resend"),
      /*GEN rule 5: reports are owed until answered|before what waits behind it*/
    },
    {
      clause: "a rejection that was rate limited goes again",
      run: () => Run.working().assigned(1, B).tell({ _tag: "RateLimited", retry_after_ms: 7_000 }).timer("resend"),
      /*GEN rule 5: reports are owed until answered|a rejection that was rate limited goes again*/
    },
    {
      clause: "a question that was rate limited and is settled by an assignment does not go again",
      run: () => Run.working().reconnected().tell({ _tag: "RateLimited", retry_after_ms: 7_000 }).assigned(3).timer("resend"),
      /*GEN rule 5: reports are owed until answered|a question that was rate limited and is settled by an assignment does not go again*/
    },
    {
      clause: "a report that was rate limited goes after the accept of a new generation",
      run: () => Run.reporting().tell({ _tag: "RateLimited", retry_after_ms: 7_000 }).assigned(3).timer("resend"),
      /*GEN rule 5: reports are owed until answered|a report that was rate limited goes after the accept of a new generation*/
    },
    {
      clause: "and then with that generation",
      run: () => Run.reporting().tell({ _tag: "RateLimited", retry_after_ms: 7_000 }).assigned(3).timer("resend").acked(),
      /*GEN rule 5: reports are owed until answered|and then with that generation*/
    },
    {
      clause: "a frame of a task that has gone does not go again",
      run: () => Run.idle().assigned().tell({ _tag: "RateLimited", retry_after_ms: 7_000 }).cancelled().timer("resend"),
      /*GEN rule 5: reports are owed until answered|a frame of a task that has gone does not go again*/
    },
    {
      clause: "a rate limit without a frame in flight changes nothing",
      run: () => Run.working().tell({ _tag: "RateLimited", retry_after_ms: 7_000 }),
      /*GEN rule 5: reports are owed until answered|a rate limit without a frame in flight changes nothing*/
    },
    {
      clause: "an answer to a frame that was taken for rate limited counts",
      run: () => Run.reporting().tell({ _tag: "RateLimited", retry_after_ms: 7_000 }).acked("complete"),
      /*GEN rule 5: reports are owed until answered|an answer to a frame that was taken for rate limited counts*/
    },
    {
      clause: "a resend that is due too late changes nothing",
      run: () => Run.reporting().timer("resend"),
      /*GEN rule 5: reports are owed until answered|a resend that is due too late changes nothing*/
    },
    {
      clause: "a resend without a frame changes nothing",
      run: () => Run.working().timer("resend"),
      /*GEN rule 5: reports are owed until answered|a resend without a frame changes nothing*/
    },
    {
      clause: "no answer in 15 s: the connection is dead, and its socket may be half open",
      run: () => Run.reporting().after(15_000).timer("answer"),
      /*GEN rule 5: reports are owed until answered|no answer in 15 s: the connection is dead, and its socket may be half open*/
    },
    {
      clause: "a timer of an earlier frame does not condemn the one in flight",
      run: () => Run.reporting().after(14_999).timer("answer"),
      /*GEN rule 5: reports are owed until answered|a timer of an earlier frame does not condemn the one in flight*/
    },
    {
      clause: "after a clock that was set back it does",
      run: () => Run.reporting().after(-1).timer("answer"),
      /*GEN rule 5: reports are owed until answered|after a clock that was set back it does*/
    },
    {
      clause: "a frame that waits to be sent again owes no answer",
      run: () => Run.reporting().tell({ _tag: "RateLimited", retry_after_ms: 60_000 }).after(15_000).timer("answer"),
      /*GEN rule 5: reports are owed until answered|a frame that waits to be sent again owes no answer*/
    },
    {
      clause: "without a frame in flight no answer is owed",
      run: () => Run.working().after(15_000).timer("answer"),
      /*GEN rule 5: reports are owed until answered|without a frame in flight no answer is owed*/
    },
    {
      clause: "refused as stale_generation: slot cleared, files kept, one reconnect",
      run: () => Run.reporting().refused("task_complete_failed: stale_generation"),
      /*GEN rule 5: reports are owed until answered|refused as stale_generation: slot cleared, files kept, one reconnect*/
    },
    {
      clause: "refused as invalid_state: the same",
      run: () => Run.reporting().refused("task_complete_failed: invalid_state"),
      /*GEN rule 5: reports are owed until answered|refused as invalid_state: the same*/
    },
    {
      clause: "refused as not_found: the same",
      run: () => Run.failing().refused("task_fail_failed: not_found"),
      /*GEN rule 5: reports are owed until answered|refused as not_found: the same*/
    },
    {
      clause: "its files stay when its agent is gone",
      run: () => Run.reporting().refused("task_complete_failed: not_found").stopped(),
      /*GEN rule 5: reports are owed until answered|its files stay when its agent is gone*/
    },
    {
      clause: "refused while draining: no reconnect, that was all",
      run: () => Run.reporting().tell({ _tag: "DrainRequested", exit_code: 0 }).refused("task_complete_failed: not_found"),
      /*GEN rule 5: reports are owed until answered|refused while draining: no reconnect, that was all*/
    },
    {
      clause: "refused under an older generation: the report is owed under the new one, after its accept",
      run: () => Run.reporting().assigned(3).refused("task_complete_failed: stale_generation"),
      /*GEN rule 5: reports are owed until answered|refused under an older generation: the report is owed under the new one, after its accept*/
    },
    {
      clause: "refused by the schema: the answer is kept and a minimal failure is sent",
      run: () => Run.reporting().refused("validation_failed", "task_complete"),
      /*GEN rule 5: reports are owed until answered|refused by the schema: the answer is kept and a minimal failure is sent*/
    },
    {
      clause: "refused as invalid_json: the same",
      run: () => Run.reporting().refused("invalid_json"),
      /*GEN rule 5: reports are owed until answered|refused as invalid_json: the same*/
    },
    {
      clause: "and that refused too: as refused",
      run: () => Run.reporting().refused("invalid_json").refused("validation_failed", "task_failed"),
      /*GEN rule 5: reports are owed until answered|and that refused too: as refused*/
    },
    {
      clause: "a failure refused by the schema: as refused",
      run: () => Run.failing().refused("validation_failed", "task_failed"),
      /*GEN rule 5: reports are owed until answered|a failure refused by the schema: as refused*/
    },
    {
      clause: "an error that names the type of another frame does not answer the one in flight",
      run: () => Run.reporting().refused("validation_failed", "task_progress"),
      /*GEN rule 5: reports are owed until answered|an error that names the type of another frame does not answer the one in flight*/
    },
    {
      clause: "an error about a report of a task that has gone changes nothing",
      run: () => Run.reporting().cancelled().refused("task_complete_failed: invalid_state"),
      /*GEN rule 5: reports are owed until answered|an error about a report of a task that has gone changes nothing*/
    },
    {
      clause: "an acknowledgement of a report of a task that has gone changes nothing",
      run: () => Run.reporting().cancelled().acked("complete"),
      /*GEN rule 5: reports are owed until answered|an acknowledgement of a report of a task that has gone changes nothing*/
    },
    {
      clause: "an error about a report of the task before goes by, and what waits goes out",
      run: () => Run.reporting().cancelled().assigned(1, B).refused("task_complete_failed: invalid_state"),
      /*GEN rule 5: reports are owed until answered|an error about a report of the task before goes by, and what waits goes out*/
    },
    {
      clause: "an acknowledgement of an earlier generation is not that of the failure we owe now",
      run: () => Run.failing().assigned(3).stopped(false).inspected().tell({ _tag: "WakeImpossible", task_id: A, wake_id: "g3a1t1000000", reason: "too large" }).acked("retried"),
      /*GEN rule 5: reports are owed until answered|an acknowledgement of an earlier generation is not that of the failure we owe now*/
    },
    {
      clause: "a refused accept goes by, and what waits goes out",
      run: () => Run.working().assigned(1).found(success).refused("validation_failed", "task_accepted"),
      /*GEN rule 5: reports are owed until answered|a refused accept goes by, and what waits goes out*/
    },
    {
      clause: "a refused rejection goes by, and what waits goes out",
      run: () => Run.working().assigned(1, B).found(success).refused("validation_failed", "task_rejected", true),
      /*GEN rule 5: reports are owed until answered|a refused rejection goes by, and what waits goes out*/
    },
    {
      clause: "an error without a frame in flight is only logged",
      run: () => Run.working().refused("unspecified"),
      /*GEN rule 5: reports are owed until answered|an error without a frame in flight is only logged*/
    },
    {
      clause: "a frame type is remembered as refused once",
      run: () => Run.working().refused("validation_failed", "wake_result", true).refused("validation_failed", "wake_result", true),
      /*GEN rule 5: reports are owed until answered|a frame type is remembered as refused once*/
    },
    {
      clause: "an accept that the hub does not know is not sent again on that connection",
      run: () => Run.working().assigned(1).refused("validation_failed", "task_accepted", true).assigned(1),
      /*GEN rule 5: reports are owed until answered|an accept that the hub does not know is not sent again on that connection*/
    },
    {
      clause: "a lost connection takes the frame in flight with it, and what is owed stays owed",
      run: () => Run.reporting().offline(),
      /*GEN rule 5: reports are owed until answered|a lost connection takes the frame in flight with it, and what is owed stays owed*/
    },
    {
      clause: "a failure that was sent under this generation is sent again under it",
      run: () => Run.failing().reconnected().answered("continue").acked(),
      /*GEN rule 5: reports are owed until answered|a failure that was sent under this generation is sent again under it*/
    },
    {
      clause: "a failure that was sent is never sent under a new generation: the old agent is seen off and the task done anew",
      run: () => Run.failing().after(5).reconnected().assigned(3),
      /*GEN rule 5: reports are owed until answered|a failure that was sent is never sent under a new generation: the old agent is seen off and the task done anew*/,
      then: (run) => expect(run.task.accepted_at).toBe(T0 + 5)
    },
    {
      clause: "what is evidence is looked at when the old agent is gone",
      run: () => Run.failing().reconnected().assigned(3).stopped(false),
      /*GEN rule 5: reports are owed until answered|what is evidence is looked at when the old agent is gone*/
    },
    {
      clause: "while draining it is not done anew",
      run: () => Run.failing().tell({ _tag: "DrainRequested", exit_code: 0 }).assigned(3),
      /*GEN rule 5: reports are owed until answered|while draining it is not done anew*/
    },
    {
      clause: "a failure that was never sent is sent under the new generation",
      run: () => Run.working().offline().found(failure).tell(...connect).answered("abort").assigned(3).acked(),
      /*GEN rule 5: reports are owed until answered|a failure that was never sent is sent under the new generation*/
    },
    {
      clause: "a success that comes after a failure was sent is kept",
      run: () => Run.failing().found(success),
      /*GEN rule 5: reports are owed until answered|a success that comes after a failure was sent is kept*/
    },
    {
      clause: "another failure that comes after one was sent joins it",
      run: () => Run.failing().found({ _tag: "Failure", reason: "again" }),
      /*GEN rule 5: reports are owed until answered|another failure that comes after one was sent joins it*/
    },
    {
      clause: "a bad answer that comes after a failure was sent is moved away",
      run: () => Run.failing().found(unusable),
      /*GEN rule 5: reports are owed until answered|a bad answer that comes after a failure was sent is moved away*/
    },
    {
      clause: "a success that comes before the failure is sent takes its place",
      run: () => Run.working().assigned(1).found(failure).found(success),
      /*GEN rule 5: reports are owed until answered|a success that comes before the failure is sent takes its place*/
    },
    {
      clause: "another failure does not",
      run: () => Run.working().assigned(1).found(failure).found({ _tag: "Failure", reason: "again" }),
      /*GEN rule 5: reports are owed until answered|another failure does not*/
    },
    {
      clause: "nor does a bad answer",
      run: () => Run.working().assigned(1).found(failure).found(unusable),
      /*GEN rule 5: reports are owed until answered|nor does a bad answer*/
    },
    {
      clause: "a second answer is ignored",
      run: () => Run.reporting().found(success),
      /*GEN rule 5: reports are owed until answered|a second answer is ignored*/
    },
    {
      clause: "an answer of another task is ignored",
      run: () => Run.working().tell({ _tag: "ResultFound", task_id: B, answer: success }),
      /*GEN rule 5: reports are owed until answered|an answer of another task is ignored*/
    },
    {
      clause: "an answer without a task is ignored",
      run: () => Run.idle().tell({ _tag: "ResultFound", task_id: A, answer: success }),
      /*GEN rule 5: reports are owed until answered|an answer without a task is ignored*/
    }
  ])
})
