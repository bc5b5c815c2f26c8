import { expect, test } from "vitest"
import type { Command } from "../../src/domain/Command.ts"
import type { Answer, Evidence } from "../../src/domain/Evidence.ts"
import type { Message, Whereabouts } from "../../src/domain/Message.ts"
import type { Obstacle, Readiness } from "../../src/domain/Readiness.ts"
import type { Policy, SidecarState, TimerName } from "../../src/domain/SidecarState.ts"
import { emptyStore, heldTask, initialState } from "../../src/domain/SidecarState.ts"
import type { Assignment, Task, WakeEnd } from "../../src/domain/Task.ts"
import { transition } from "../../src/domain/transition.ts"

export const policy: Policy = {
  agent_silence_ms: 1_800_000,
  wake_command_blocks: false,
  confirmation_timeout_ms: 30_000,
  task_timeout_ms: 86_400_000
}

export const T0 = 1_000_000

// ---- messages ----

export const A = "task-a"
export const B = "task-b"

export const assignment = (task_id: string, generation: number): Assignment => ({
  task_id,
  generation,
  description: "do it",
  metadata: {},
  assigned_at: 5,
  assignment: { task_id, generation, description: "do it", repo: null }
})

export const assigned = (task_id: string, generation = 1): Message => ({
  _tag: "TaskAssigned",
  task: assignment(task_id, generation)
})
export const connect: ReadonlyArray<Message> = [{ _tag: "Connected" }, { _tag: "Identified" }]
export const disconnected: Message = { _tag: "Disconnected", half_open: false }
export const acked = (task_id: string, status = "accepted"): Message => ({ _tag: "TaskAcknowledged", task_id, status })
/** The timer of that name, which runs: a run of the rules puts in when it is due. */
export const timer = (name: TimerName): Message => ({ _tag: "TimerFired", timer: name, due: Infinity })
const meant = (message: Message, { timers }: SidecarState): Message =>
  message._tag === "TimerFired" && message.due === Infinity
    ? { ...message, due: timers[message.timer] ?? Infinity }
    : message
export const refused = (error: string, message_type: string | null = null, unknown_type = false): Message => ({
  _tag: "HubRefused",
  error,
  message_type,
  unknown_type
})

export const success: Answer = { _tag: "Success", result: { status: "success", output: "done" }, tokens_used: null }
export const failure: Answer = { _tag: "Failure", reason: "it went wrong" }
export const unusable: Answer = { _tag: "Unusable", reason: "the answer is not JSON" }

export const nothing: Evidence = { process: "none", this_boot: true, started: false, last_sign_at: null, answer: null }
export const inspected = (task_id: string, evidence: Partial<Evidence> = {}): Message => ({
  _tag: "AgentInspected",
  task_id,
  evidence: { ...nothing, ...evidence }
})
/** What keeps this machine from waking an agent, or nothing. */
export const checked = (obstacle: Obstacle | null = null, programs = "as ever"): Message => ({
  _tag: "ReadinessChecked",
  obstacle,
  programs
})
/** What closing the connection does to the timers. */
export const closing: ReadonlyArray<string> = [
  "cancel answer",
  "cancel resend",
  "cancel assign_grace",
  "cancel half_open",
  "start readiness 30000"
]
export const exited = (code: number, output = ""): WakeEnd => ({ how: "exited", code, output })

export const saveFailed: Message = { _tag: "SaveFailed", reason: "queue.json: no space" }

// ---- a run of the rules ----

/** Follows a task through the rules: tells messages, remembers what was commanded. */
export class Run {
  state: SidecarState
  now = T0
  commands: ReadonlyArray<Command> = []

  constructor(over: Partial<Policy> = {}) {
    this.state = initialState({ ...policy, ...over })
  }

  tell(...messages: ReadonlyArray<Message>): this {
    this.commands = []
    for (const message of messages) {
      const [next, commands] = transition(this.state, meant(message, this.state), this.now)
      this.state = next
      this.commands = [...this.commands, ...commands]
    }
    return this
  }

  /** Tells it where the disk does not take what comes of it. */
  unsaved(message: Message): this {
    return this.tell(saveFailed, message)
  }

  after(ms: number): this {
    this.now += ms
    return this
  }

  get task(): Task {
    const task = heldTask(this.state)
    if (task === null) throw new Error("no task is held")
    return task
  }

  get wakeId(): string {
    const { wake } = this.task
    if (wake === null) throw new Error("there was no wake")
    return wake.id
  }

  /** The commands in a line each, but for the log and the timers. */
  get said(): ReadonlyArray<string> {
    return this.commands.filter(({ _tag }) => _tag !== "Log" && _tag !== "StartTimer" && _tag !== "CancelTimer").map(
      line
    )
  }

  get timers(): ReadonlyArray<string> {
    return this.commands.filter(({ _tag }) => _tag === "StartTimer" || _tag === "CancelTimer").map(line)
  }

  get logged(): ReadonlyArray<string> {
    return this.commands.flatMap((command) => {
      if (command._tag !== "Log") return []
      const { event, ...fields } = command.event
      return [[event, ...Object.values(fields)].join(" ")]
    })
  }

  // ---- well-trodden ways ----

  assigned(generation = 1, task_id = A): this {
    return this.tell(assigned(task_id, generation))
  }

  acked(status = "accepted", task_id = A): this {
    return this.tell(acked(task_id, status))
  }

  spawned(): this {
    return this.tell({ _tag: "WakeSpawned", task_id: this.task.task_id, wake_id: this.wakeId })
  }

  started(): this {
    return this.tell({ _tag: "AgentStarted", task_id: this.task.task_id, wake_id: this.wakeId })
  }

  ended(end: WakeEnd): this {
    return this.tell({ _tag: "WakeExited", task_id: this.task.task_id, wake_id: this.wakeId, end })
  }

  /** The command ends with 1 before its confirmation, and nothing of it is left. */
  attemptFailed(output = ""): this {
    return this.ended(exited(1, output)).inspected({ process: "gone" }).stopped(false).inspected({ process: "gone" })
  }

  found(answer: Answer): this {
    return this.tell({ _tag: "ResultFound", task_id: this.task.task_id, answer })
  }

  stopped(was_alive = true, task_id = A): this {
    return this.tell({ _tag: "AgentStopped", task_id, was_alive })
  }

  inspected(evidence: Partial<Evidence> = {}): this {
    return this.tell(inspected(this.task.task_id, evidence))
  }

  timer(name: TimerName): this {
    return this.tell(timer(name))
  }

  /** The time for the confirmation is over, and the look at the evidence shows none. */
  unconfirmed(output?: string): this {
    return this.timer("confirmation").inspected({ process: "alive", ...(output === undefined ? {} : { output }) })
  }

  refused(error: string, message_type: string | null = null, unknown_type = false): this {
    return this.tell(refused(error, message_type, unknown_type))
  }

  offline(): this {
    return this.tell(disconnected)
  }

  reconnected(): this {
    return this.tell(disconnected, ...connect)
  }

  answered(action: "continue" | "abort"): this {
    return this.tell({ _tag: "StateReportAnswered", task_id: A, action })
  }

  reassigned(): this {
    return this.tell({ _tag: "TaskReassigned", task_id: A })
  }

  denied(): this {
    return this.reconnected().answered("abort")
  }

  inDoubt(): this {
    return this.denied().timer("assign_grace")
  }

  lookedUp(whereabouts: Whereabouts): this {
    return this.tell({ _tag: "TaskLookedUp", task_id: A, whereabouts })
  }

  cancelled(task_id = A): this {
    return this.tell({ _tag: "TaskCancelled", task_id })
  }

  /** A fresh start: nothing stored, connected and identified. */
  static idle(over: Partial<Policy> = {}): Run {
    return new Run(over).tell({ _tag: "Restarted", stored: emptyStore, survivors: [] }, checked(), ...connect)
  }

  static accepted(over: Partial<Policy> = {}): Run {
    return Run.idle(over).tell(assigned(A), acked(A))
  }

  static spawning(over: Partial<Policy> = {}): Run {
    return Run.accepted(over).inspected()
  }

  static confirming(over: Partial<Policy> = {}): Run {
    return Run.spawning(over).spawned()
  }

  static working(over: Partial<Policy> = {}): Run {
    return Run.confirming(over).started()
  }

  /** The answer is there and its report is on the way. */
  static reporting(over: Partial<Policy> = {}): Run {
    return Run.working(over).found(success)
  }

  /** The task has failed by the agent's own word and the report is on the way. */
  static failing(over: Partial<Policy> = {}): Run {
    return Run.working(over).found(failure)
  }

  /** The first attempt has failed and its agent is gone; the delay of the retry runs. */
  static retrying(over: Partial<Policy> = {}): Run {
    return Run.confirming(over).attemptFailed()
  }

  /** Restarted with the task this run held; nothing else is known any more. */
  restarted(survivors: ReadonlyArray<string> = []): Run {
    const next = new Run(this.state.policy)
    next.now = this.now
    return next.tell({ _tag: "Restarted", stored: this.state.stored, survivors })
  }
}

/** One command as a short line, e.g. `WakeAgent task-a g1`. */
export const line = (command: Command): string => {
  switch (command._tag) {
    case "Identify":
      return `Identify ${command.status}`
    case "RejectTask":
      return `RejectTask ${command.task_id} ${command.reason}`
    case "AcceptTask":
    case "AskRecovery":
    case "ReportState":
    case "WakeAgent":
    case "AdoptAgent":
    case "InspectAgent":
      return `${command._tag} ${command.task.task_id} g${command.task.generation}`
    case "SendReport":
      return `SendReport ${command.task.task_id} g${command.task.generation} ${command.report._tag}` +
        (command.report._tag === "Failed" ? `: ${command.report.reason}` : "")
    case "SendProgress":
      return `SendProgress ${command.task.task_id} ${command.progress.progress ?? "-"}` +
        (command.progress.execution_event === null ? "" : ` ${JSON.stringify(command.progress.execution_event)}`)
    case "SendWakeResult":
      return `SendWakeResult ${command.task.task_id} ${command.status}${
        command.reason === null ? "" : `: ${command.reason}`
      }`
    case "AnnounceRestart":
    case "Reconnect":
      return `${command._tag} ${command.reason}`
    case "CloseConnection":
    case "OpenConnection":
    case "SaveState":
    case "StopWatching":
      return command._tag
    case "CheckReadiness":
      return `CheckReadiness${command.by_writing ? " by writing" : ""}`
    case "LookUpTask":
    case "ClearEvidence":
    case "ExpireFiles":
    case "RevokeWake":
      return `${command._tag} ${command.task_id}`
    case "WatchResults":
      return `WatchResults ${command.task_id} ${command.wake_id ?? "-"}`
    case "RetryWake":
      return `RetryWake ${command.task_id} after ${command.failed_attempts}`
    case "StopAgent":
      return `StopAgent ${command.task_id} linger ${command.linger_ms}`
    case "SetAside":
      return `SetAside ${command.task_id} ${command.folder}`
    case "RemoveFiles":
      return `RemoveFiles ${command.task_id}${command.keep_answer ? " but a late answer" : ""}`
    case "StartTimer":
      return `start ${command.timer} ${command.after_ms}`
    case "CancelTimer":
      return `cancel ${command.timer}`
    case "Log":
      return `log ${command.event.event}`
    case "Exit":
      return `Exit ${command.code}`
  }
}

const list = (name: string, items: ReadonlyArray<string>): ReadonlyArray<string> =>
  items.length === 0 ? [] : [`${name}: ${items.join(", ")}`]

const taskLine = (task: Task): string => {
  const { generation, status, task_id, wake, wake_attempts } = task
  const attempts = wake_attempts === 0 ? "" : ` wakes ${wake_attempts}`
  const end = wake?.end ? ` ended ${wake.end.how} ${wake.end.code ?? "-"}` : ""
  const sent = task.failure?.sent_generation ?? null
  const failed = task.failure === null
    ? ""
    : ` failed (${task.failure.reason}${sent === null ? "" : `; sent g${sent}`})`
  return `${task_id} g${generation} ${status}${attempts}${end}${failed}`
}

const activityLine = ({ activity }: SidecarState["agent"]): string => {
  if (!("because" in activity)) return activity._tag
  const { because } = activity
  return `${activity._tag} ${typeof because === "string" ? because : `${because._tag} (${because.reason})`}`
}

const readinessWords = ({ failures, link, not_ready }: Readiness): ReadonlyArray<string> => [
  ...link === "open" ? [] : [`link ${link}`],
  ...failures === 0 ? [] : [`failures ${failures}`],
  ...not_ready === null || not_ready.cause === "draining" || not_ready.cause === "disk"
    ? []
    : [`not ready: ${not_ready.cause}`]
]

/** How everything stands after a message, in one line; what is as in an idle sidecar is left out. */
export const stateLine = (state: SidecarState): string => {
  const { agent, connection, disk, draining, leaving, stopping, stored } = state
  const { accept_refused, half_open, in_flight, pending, phase, recovery_answer, refused_types, standing } = connection
  return [
    ...stored.active === null ? [] : [taskLine(stored.active)],
    ...stored.recovering === null ? [] : [`recovering ${taskLine(stored.recovering)}`],
    ...agent.activity._tag === "Idle" ? [] : [activityLine(agent)],
    ...agent.answer === null ? [] : [`has ${agent.answer._tag}`],
    ...agent.progress === null ? [] : ["has progress"],
    ...phase === "identified" ? [] : [phase],
    ...standing === "unknown" ? [] : [standing],
    ...recovery_answer === null ? [] : [`recovery ${recovery_answer}`],
    ...in_flight === null
      ? []
      : [`in flight: ${in_flight.kind} ${in_flight.task_id}${in_flight.limited ? " limited" : ""}`],
    ...list("pending", pending.map(({ kind, task_id }) => `${kind} ${task_id}`)),
    ...list("leaving", leaving.map(({ files, task_id }) => `${task_id} ${files}`)),
    ...list("stopping", stopping),
    ...list("refused", refused_types),
    ...accept_refused ? ["accept refused"] : [],
    ...half_open ? ["half open"] : [],
    ...disk === "ok" ? [] : [`disk ${disk}`],
    ...draining === null ? [] : [`draining ${draining}`],
    ...readinessWords(state.readiness)
  ].join(" | ")
}

/** One clause of a rule: what led here, and all that follows from the last `tell`: frames and acts, timers, log, state. */
export interface Clause {
  readonly clause: string
  readonly run: () => Run
  readonly said?: ReadonlyArray<string>
  readonly timers?: ReadonlyArray<string>
  readonly logged?: ReadonlyArray<string>
  readonly state: string
  readonly then?: (run: Run) => void
}

/** Makes each row a test with the clause as its name; what a row does not name must not happen. */
export const table = (rows: ReadonlyArray<Clause>): void => {
  for (const { clause, logged = [], run: lead, said = [], state, then, timers = [] } of rows) {
    test(clause, () => {
      const run = lead()
      expect({ said: run.said, timers: run.timers, logged: run.logged, state: stateLine(run.state) })
        .toEqual({ said, timers, logged, state })
      then?.(run)
    })
  }
}
