import { describe, expect, test } from "vitest"
import type { Message } from "../../src/domain/Message.ts"
import { type Obstacle, pauseAfter, remedyFor, whyNotReady } from "../../src/domain/Readiness.ts"
import { emptyStore } from "../../src/domain/SidecarState.ts"
import type { WakeEnd } from "../../src/domain/Work.ts"
import { A, B, checked, closing, connect, exited, Run, success, table, unusable } from "./support.ts"

const noClaude = "there is no program ./claude"
const missing: Obstacle = { cause: "program", reason: noClaude }
const unusableFolder: Obstacle = { cause: "folders", reason: "EROFS: results" }
const unspawned: WakeEnd = { how: "unspawned", code: null, output: noClaude }
const unwritten: WakeEnd = { how: "unwritten", code: null, output: "EROFS: results" }
const saveFailed: Message = { _tag: "SaveFailed", reason: "no space" }

const toldOf = (cause: Obstacle["cause"] | "failures", reason: string): string =>
  `not_ready ${cause} ${reason} ${remedyFor({ cause, reason })}`

const paused = (tasks: string, after_s: number, last: string): string =>
  `${tasks} failed within 30 s of the wake, without an answer of the agent's own; the next is taken after ${after_s} s: ${last}`

const endOfTask = [
  "cancel progress",
  "cancel assign_grace",
  "cancel lookup",
  "cancel task_confirmation",
  "cancel task_late_answer",
  "cancel task_timeout",
  "cancel task_check",
  "cancel task_inspection"
]

const notLoggedIn = "the command ./claude ended with exit code 1: Not logged in"
/** `exec` has confirmed the wake and written the end of its command. */
const failedByExec = (run: Run): Run =>
  run.spawned().started().tell({
    _tag: "ResultFound",
    work_id: run.task.id,
    answer: { _tag: "Failure", reason: notLoggedIn, of_command: true }
  })
const dead = (run: Run): Run => run.tell({ _tag: "TaskAcknowledged", task_id: run.task.id, status: "retried" })

/** The first task has failed so, and its agent is gone. */
const failedOnce = (): Run => dead(failedByExec(Run.spawning())).stopped()
/** The pause is over, the connection open again, and the next task is being woken for. */
const next = (run: Run, task_id: string): Run =>
  run.timer("pause").timer("readiness").tell(checked(), ...connect).assigned(1, task_id).acked("accepted", task_id)
    .inspected()
const failedTwice = (): Run => dead(failedByExec(next(failedOnce(), B))).stopped(true, B)

describe("rule 13: looking whether an agent can be woken here", () => {
  table([
    {
      clause: "before anything is connected",
      run: () => new Run().tell({ _tag: "Restarted", stored: emptyStore, survivors: [] }),
      said: ["CheckReadiness"],
      timers: ["start readiness 30000"],
      state: "down | link closed"
    },
    {
      clause: "nothing keeps it from that: the connection is opened",
      run: () => new Run().tell({ _tag: "Restarted", stored: emptyStore, survivors: [] }, checked()),
      said: ["CheckReadiness", "OpenConnection"],
      timers: ["start readiness 30000"],
      state: "down"
    },
    {
      clause: "the program is missing: nothing is opened, and that is told with its remedy",
      run: () => new Run().tell({ _tag: "Restarted", stored: emptyStore, survivors: [] }).tell(checked(missing)),
      logged: [toldOf("program", noClaude)],
      state: "down | link closed | not ready: program"
    },
    {
      clause: "every 30 s while no task is held",
      run: () => Run.idle().timer("readiness"),
      said: ["CheckReadiness"],
      timers: ["start readiness 30000"],
      state: ""
    },
    {
      clause: "a program that vanishes while we wait: the connection is closed",
      run: () => Run.idle().tell(checked(missing)),
      said: ["CloseConnection"],
      timers: closing,
      logged: [toldOf("program", noClaude)],
      state: "down | link resting | not ready: program"
    },
    {
      clause: "it is told once",
      run: () => Run.idle().tell(checked(missing)).tell(checked(missing)),
      state: "down | link resting | not ready: program"
    },
    {
      clause: "another reason is told too, and it is not ready since the first",
      run: () =>
        Run.idle().tell(checked(missing)).after(5).tell(checked({ cause: "program", reason: "not executable" })),
      logged: [toldOf("program", "not executable")],
      state: "down | link resting | not ready: program",
      then: (run) => expect(run.state.readiness.not_ready?.since).toBe(1_000_000)
    },
    {
      clause: "another cause begins anew",
      run: () => Run.idle().tell(checked(missing)).after(5).tell(checked(unusableFolder)),
      logged: [toldOf("folders", "EROFS: results")],
      state: "down | link resting | not ready: folders",
      then: (run) => expect(run.state.readiness.not_ready?.since).toBe(1_000_005)
    },
    {
      clause: "folders that could not be used are then tried by writing",
      run: () => Run.idle().tell(checked(unusableFolder)).timer("readiness"),
      said: ["CheckReadiness by writing"],
      timers: ["start readiness 30000"],
      state: "down | link closed | not ready: folders"
    },
    {
      clause: "the program is back within 30 s of the closing: told, and nothing is opened yet",
      run: () => Run.idle().tell(checked(missing)).tell(checked()),
      logged: ["ready_again"],
      state: "down | link resting"
    },
    {
      clause: "30 s after the closing it is opened",
      run: () => Run.idle().tell(checked(missing)).tell(checked()).timer("readiness").tell(checked()),
      said: ["OpenConnection"],
      state: "down"
    },
    {
      clause: "later it is opened as soon as the program is found",
      run: () => Run.idle().tell(checked(missing)).timer("readiness").tell(checked(missing)).tell(checked()),
      said: ["OpenConnection"],
      logged: ["ready_again"],
      state: "down"
    },
    {
      clause: "what is open is not opened again",
      run: () => Run.idle().tell(checked()),
      state: ""
    },
    {
      clause: "while a task is held nothing is looked for",
      run: () => Run.working().timer("readiness"),
      timers: ["start readiness 30000"],
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "what a look before the task has found comes too late: its wake will tell",
      run: () => Run.working().tell(checked(missing)),
      state: "task-a g1 working wakes 1 | Running | ours"
    },
    {
      clause: "with a task to recover the connection is opened at once, as its report is owed",
      run: () => Run.working().restarted(),
      said: ["WatchResults task-a g1a1t1000000", "InspectAgent task-a g1", "OpenConnection"],
      timers: ["start task_check 60000", "start task_timeout 86400000", "start readiness 30000"],
      logged: ["recovery_found task-a working 1"],
      state: "recovering task-a g1 working wakes 1 | Inspecting evidence | down"
    },
    {
      clause: "a task that was under way when the connection was closed is not taken: the hub has it back",
      run: () => Run.idle().tell(checked(missing)).assigned(),
      logged: ["task_refused task-a not ready: program"],
      state: "down | link resting | not ready: program"
    },
    {
      clause: "nor when it has become ready in between",
      run: () => Run.idle().tell(checked(missing)).tell(checked()).assigned(),
      logged: ["task_refused task-a not ready: the connection is closed"],
      state: "down | link resting"
    },
    {
      clause: "a disk that fails while a task is held closes nothing before its report is answered",
      run: () => Run.reporting().tell(saveFailed),
      timers: ["start disk 5000"],
      logged: ["state_unsaved no space"],
      state: "task-a g1 reporting wakes 1 | has Success | ours | in flight: report task-a | disk failing"
    },
    {
      clause: "then it does",
      run: () => Run.reporting().tell(saveFailed).acked("complete"),
      said: ["StopWatching", "StopAgent task-a linger 15000", "CloseConnection"],
      timers: ["cancel answer", "cancel resend", ...endOfTask, ...closing],
      logged: ["report_acknowledged task-a complete 0"],
      state: "down | terminating: task-a remove | stopping: task-a | disk failing | link resting"
    },
    {
      clause: "draining goes before all else",
      run: () => Run.idle().tell(checked(missing)).tell({ _tag: "DrainRequested", exit_code: 75 }),
      said: ["Exit 75"],
      logged: ["draining 75"],
      state: "down | draining 75 | link resting",
      then: (run) => expect(run.state.readiness.not_ready?.cause).toBe("draining")
    }
  ])
})

describe("rule 13: giving a task back", () => {
  table([
    {
      clause: "a command that this machine cannot run is no attempt: the hub has the task back, and its files stay",
      run: () => Run.confirming().ended(unspawned),
      said: ["StopWatching", "StopAgent task-a linger 0", "CloseConnection"],
      timers: [...endOfTask, ...closing],
      logged: [`task_given_back task-a ${noClaude}`, toldOf("program", noClaude)],
      state: "down | terminating: task-a keep | stopping: task-a | link resting | not ready: program"
    },
    {
      clause: "also at a later attempt",
      run: () => {
        const run = Run.retrying().tell({ _tag: "RetryDue", work_id: A }).inspected({ process: "gone" })
        return run.spawned().ended(unspawned)
      },
      said: ["StopWatching", "StopAgent task-a linger 0", "CloseConnection"],
      timers: [...endOfTask, ...closing],
      logged: [`task_given_back task-a ${noClaude}`, toldOf("program", noClaude)],
      state: "down | terminating: task-a keep | stopping: task-a | link resting | not ready: program"
    },
    {
      clause: "told while its agent is being stopped it changes nothing",
      run: () => Run.confirming().timer("task_timeout").ended(unspawned),
      state:
        "task-a g1 confirming wakes 1 | Stopping Failed (the task took longer than 86400000 ms) | ours | stopping: task-a"
    },
    {
      clause: "while it drains as well, and then it ends",
      run: () => Run.confirming().tell({ _tag: "DrainRequested", exit_code: 0 }).ended(unspawned).stopped(false),
      said: ["Exit 0"],
      state: "down | draining 0 | link resting"
    },
    {
      clause: "assigned again when the program is there, it is a new task",
      run: () =>
        Run.confirming().ended(unspawned).stopped(false).timer("readiness").tell(checked(), ...connect).assigned(3),
      said: ["InspectAgent task-a g3", "AcceptTask task-a g3"],
      timers: [
        "cancel half_open",
        "start task_check 60000",
        "cancel assign_grace",
        "cancel lookup",
        "start answer 15000"
      ],
      logged: ["task_received task-a 3 false"],
      state: "task-a g3 accepted | Inspecting evidence | ours | in flight: accept task-a"
    },
    {
      clause: "what could not be written is tried again for 30 s",
      run: () =>
        Run.confirming().ended(unwritten).after(29_999).timer("task_inspection").inspected()
          .spawned().ended(unwritten),
      timers: ["cancel task_confirmation", "start task_inspection 5000"],
      state: "task-a g1 confirming wakes 1 | ours"
    },
    {
      clause: "then it is given back",
      run: () =>
        Run.confirming().ended(unwritten).after(30_000).timer("task_inspection").inspected()
          .spawned().ended(unwritten),
      said: ["StopWatching", "StopAgent task-a linger 0", "CloseConnection"],
      timers: [...endOfTask, ...closing],
      logged: ["task_given_back task-a EROFS: results", toldOf("folders", "EROFS: results")],
      state: "down | terminating: task-a keep | stopping: task-a | link resting | not ready: folders"
    },
    {
      clause: "a wake that could run in between begins the 30 s anew",
      run: () => {
        const run = Run.confirming().ended(unwritten).timer("task_inspection").inspected().spawned()
        run.attemptFailed().tell({ _tag: "RetryDue", work_id: A }).inspected({ process: "gone" })
        return run.spawned().after(30_000).ended(unwritten)
      },
      timers: ["cancel task_confirmation", "start task_inspection 5000"],
      state: "task-a g1 confirming wakes 2 | ours"
    },
    {
      clause: "a command that can never run for this task fails at once, and says nothing about this machine",
      run: () =>
        dead(Run.spawning().tell({ _tag: "WakeImpossible", work_id: A, wake_id: "g1a1t1000000", reason: "too large" })),
      said: ["StopWatching", "StopAgent task-a linger 15000"],
      timers: ["cancel answer", "cancel resend", ...endOfTask],
      logged: ["report_acknowledged task-a retried 0"],
      state: "terminating: task-a keep_answer | stopping: task-a"
    }
  ])
})

describe("rule 13: the pause after failures", () => {
  const lasting = (ms: number): Run => {
    const run = Run.spawning().spawned().started().after(ms)
    return run.ended(exited(1)).after(10_000).timer("task_late_answer").stopped(false).inspected({
      process: "gone",
      started: true
    })
  }
  const short = paused("the last task", 30, notLoggedIn)

  table([
    {
      clause: "a task whose command failed at once, behind exec: no other is taken for 30 s",
      run: () => dead(failedByExec(Run.spawning())),
      said: ["StopWatching", "StopAgent task-a linger 15000", "CloseConnection"],
      timers: ["cancel answer", "cancel resend", "start pause 30000", ...endOfTask, ...closing],
      logged: ["report_acknowledged task-a retried 0", toldOf("failures", short)],
      state:
        "down | terminating: task-a keep_answer | stopping: task-a | link resting | failures 1 | not ready: failures"
    },
    {
      clause: "the pause is over: it is looked whether the agent can be woken",
      run: () => failedOnce().timer("pause"),
      said: ["CheckReadiness"],
      logged: ["ready_again"],
      state: "down | link resting | failures 1"
    },
    {
      clause: "and connected",
      run: () => failedOnce().timer("pause").timer("readiness").tell(checked()),
      said: ["OpenConnection"],
      state: "down | failures 1"
    },
    {
      clause: "not before",
      run: () => failedOnce().timer("readiness").tell(checked()),
      state: "down | link closed | failures 1 | not ready: failures"
    },
    {
      clause: "the second in a row, of whatever task: 1 minute",
      run: () => dead(failedByExec(next(failedOnce(), B))),
      said: ["StopWatching", "StopAgent task-b linger 15000", "CloseConnection"],
      timers: ["cancel answer", "cancel resend", "start pause 60000", ...endOfTask, ...closing],
      logged: [
        "report_acknowledged task-b retried 0",
        toldOf("failures", paused("the last 2 tasks", 60, notLoggedIn))
      ],
      state:
        "down | terminating: task-b keep_answer | stopping: task-b | link resting | failures 2 | not ready: failures"
    },
    {
      clause: "the third: 5 minutes",
      run: () => dead(failedByExec(next(failedTwice(), A))),
      said: ["StopWatching", "StopAgent task-a linger 15000", "CloseConnection"],
      timers: ["cancel answer", "cancel resend", "start pause 300000", ...endOfTask, ...closing],
      logged: [
        "report_acknowledged task-a retried 0",
        toldOf("failures", paused("the last 3 tasks", 300, notLoggedIn))
      ],
      state:
        "down | terminating: task-a keep_answer | stopping: task-a | link resting | failures 3 | not ready: failures"
    },
    {
      clause: "a success ends it",
      run: () => next(failedOnce(), B).spawned().started().found(success).acked("complete", B),
      said: ["StopWatching", "StopAgent task-b linger 15000"],
      timers: ["cancel answer", "cancel resend", "cancel pause", ...endOfTask],
      logged: ["report_acknowledged task-b complete 0"],
      state: "terminating: task-b remove | stopping: task-b"
    },
    {
      clause: "the agent's own verdict too, though it is a failure",
      run: () => dead(next(failedOnce(), B).spawned().started().found({ _tag: "Failure", reason: "the tests fail" })),
      said: ["StopWatching", "StopAgent task-b linger 15000"],
      timers: ["cancel answer", "cancel resend", "cancel pause", ...endOfTask],
      logged: ["report_acknowledged task-b retried 0"],
      state: "terminating: task-b keep_answer | stopping: task-b"
    },
    {
      clause: "a success that the hub does not take is one of the agent all the same",
      run: () => dead(Run.reporting().refused("validation_failed")),
      said: ["StopWatching", "StopAgent task-a linger 15000"],
      timers: ["cancel answer", "cancel resend", ...endOfTask],
      logged: ["report_acknowledged task-a retried 0"],
      state: "terminating: task-a keep_answer | stopping: task-a"
    },
    {
      clause: "a restart too",
      run: () => failedOnce().restarted().tell(checked()),
      said: ["OpenConnection"],
      state: "down"
    },
    {
      clause: "a program that was replaced too",
      run: () => failedOnce().timer("readiness").tell(checked(null, "installed anew")),
      said: ["OpenConnection"],
      timers: ["cancel pause"],
      logged: ["ready_again"],
      state: "down"
    },
    {
      clause: "where none was counted, one that was replaced is no news",
      run: () => Run.idle().tell(checked(null, "installed anew")),
      state: ""
    },
    {
      clause: "an agent that ended without an answer after less than 30 s counts, whenever the task failed",
      run: () => dead(lasting(29_999)),
      said: ["StopWatching", "StopAgent task-a linger 15000", "CloseConnection"],
      timers: ["cancel answer", "cancel resend", "start pause 30000", ...endOfTask, ...closing],
      logged: [
        "report_acknowledged task-a retried 0",
        toldOf("failures", paused("the last task", 30, "the wake command ended with exit code 1; there is no answer"))
      ],
      state:
        "down | terminating: task-a keep_answer | stopping: task-a | link resting | failures 1 | not ready: failures"
    },
    {
      clause: "one that worked for 30 s does not",
      run: () => dead(lasting(30_000)),
      said: ["StopWatching", "StopAgent task-a linger 15000"],
      timers: ["cancel answer", "cancel resend", ...endOfTask],
      logged: ["report_acknowledged task-a retried 0"],
      state: "terminating: task-a keep_answer | stopping: task-a"
    },
    {
      clause: "nor what exec tells of a command that ran so long",
      run: () => {
        const run = Run.spawning().spawned().started().after(30_000)
        return dead(run.found({ _tag: "Failure", reason: notLoggedIn, of_command: true }))
      },
      said: ["StopWatching", "StopAgent task-a linger 15000"],
      timers: ["cancel answer", "cancel resend", ...endOfTask],
      logged: ["report_acknowledged task-a retried 0"],
      state: "terminating: task-a keep_answer | stopping: task-a"
    },
    {
      clause: "a command that only starts something has not ended the work with its own end",
      run: () => {
        const run = Run.spawning().spawned().started().ended(exited(0)).after(3_600_000).timer("task_timeout")
        return dead(run.stopped(false).inspected({ process: "gone", started: true }))
      },
      said: ["StopWatching", "StopAgent task-a linger 15000"],
      timers: ["cancel answer", "cancel resend", ...endOfTask],
      logged: ["report_acknowledged task-a retried 0"],
      state: "terminating: task-a keep_answer | stopping: task-a"
    },
    {
      clause: "of several attempts the last counts",
      run: () => {
        const run = Run.confirming().attemptFailed().tell({ _tag: "RetryDue", work_id: A })
          .inspected({ process: "gone" }).spawned().started().after(40_000)
        run.ended(exited(1)).timer("task_late_answer").stopped(false).inspected({ process: "gone", started: true })
        return dead(run)
      },
      said: ["StopWatching", "StopAgent task-a linger 15000"],
      timers: ["cancel answer", "cancel resend", ...endOfTask],
      logged: ["report_acknowledged task-a retried 0"],
      state: "terminating: task-a keep_answer | stopping: task-a"
    },
    {
      clause: "an answer that cannot be used is no verdict",
      run: () => dead(Run.working().found(unusable).stopped().inspected({ process: "gone", started: true })),
      said: ["StopWatching", "StopAgent task-a linger 15000", "CloseConnection"],
      timers: ["cancel answer", "cancel resend", "start pause 30000", ...endOfTask, ...closing],
      logged: [
        "report_acknowledged task-a retried 0",
        toldOf("failures", paused("the last task", 30, "the answer is not JSON"))
      ],
      state:
        "down | terminating: task-a keep_answer | stopping: task-a | link resting | failures 1 | not ready: failures"
    },
    {
      clause: "a failure that the hub refuses has happened all the same, and no reconnect shows that we are free",
      run: () => failedByExec(Run.spawning()).refused("task_fail_failed: stale_generation"),
      said: ["StopWatching", "StopAgent task-a linger 15000", "CloseConnection"],
      timers: ["cancel answer", "cancel resend", "start pause 30000", ...endOfTask, ...closing],
      logged: [
        "frame_refused report task_fail_failed: stale_generation",
        "report_refused task-a task_fail_failed: stale_generation the files are kept; POST /api/tasks/task-a/retry at the hub brings the task back, and with it the answer",
        toldOf("failures", short)
      ],
      state: "down | terminating: task-a keep | stopping: task-a | link resting | failures 1 | not ready: failures"
    },
    {
      clause: "its task, assigned anew before the answer came, is not taken up again at once",
      run: () => failedByExec(Run.spawning()).reconnected().assigned(3),
      said: ["StopWatching", "StopAgent task-a linger 15000", "CloseConnection"],
      timers: ["cancel half_open", "start pause 30000", ...endOfTask, ...closing],
      logged: ["task_refused task-a not ready: failures", toldOf("failures", short)],
      state: "down | terminating: task-a keep | stopping: task-a | link resting | failures 1 | not ready: failures"
    },
    {
      clause: "one that was cancelled before its report says nothing",
      run: () => Run.working().tell({ _tag: "DrainRequested", exit_code: 0 }).ended(exited(1)).cancelled(),
      said: ["StopWatching", "StopAgent task-a linger 0", "CloseConnection"],
      timers: [...endOfTask, ...closing],
      logged: ["task_cancelled task-a"],
      state: "down | terminating: task-a remove | stopping: task-a | draining 0 | link resting"
    }
  ])

  test.each([[1, 30_000], [2, 60_000], [3, 300_000], [9, 300_000]])("after %i in a row %i ms", (failures, ms) => {
    expect(pauseAfter(failures)).toBe(ms)
  })
})

describe("rule 13: every cause has its words", () => {
  const state = Run.idle().state
  test.each([
    ["draining", { draining: 0 as const }],
    ["disk", { disk: "failing" as const }],
    ["program", { readiness: { ...state.readiness, obstacle: missing } }],
    ["folders", { readiness: { ...state.readiness, obstacle: unusableFolder } }],
    ["failures", { readiness: { ...state.readiness, failures: 1, paused_by: "boom" } }]
  ])("%s", (cause, patch) => {
    const why = whyNotReady({ ...state, ...patch })
    expect(why).toMatchObject({ cause, reason: expect.stringMatching(/./) })
    expect(why && remedyFor(why)).toMatch(/./)
  })
  test("nothing", () => expect(whyNotReady(state)).toBeNull())
})
