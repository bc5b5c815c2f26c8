import { expect, test } from "vitest"
import type { AgentPhase, Slot } from "../../src/domain/agent/AgentSlot.ts"
import type { Command } from "../../src/domain/Command.ts"
import type { Answer, Evidence } from "../../src/domain/Evidence.ts"
import type { Message, TaskLocation } from "../../src/domain/Message.ts"
import { defaultMessagePolicy } from "../../src/domain/messages/MessagePolicy.ts"
import type { Obstacle, Readiness } from "../../src/domain/Readiness.ts"
import type { FrameKind, Policy, SidecarState, TimerName } from "../../src/domain/SidecarState.ts"
import { emptyStore, initialState } from "../../src/domain/SidecarState.ts"
import { transition } from "../../src/domain/transition.ts"
import { type Assignment, type Batch, type Task, unstarted, type WakeEnd, type Work } from "../../src/domain/Work.ts"

export const policy: Policy = {
  agent_silence_ms: 1_800_000,
  wake_command_blocks: false,
  confirmation_timeout_ms: 30_000,
  task_timeout_ms: 86_400_000,
  messages: defaultMessagePolicy
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

/** What such a task is given. */
export const payloadOf = (id: string, generation: number): Task["payload"] => {
  const { generation: _g, task_id: _t, ...payload } = assignment(id, generation)
  return payload
}

/** Messages to be delivered. */
export const batch = (id: string): Batch => ({
  ...unstarted,
  kind: "messages",
  id,
  generation: 1,
  payload: { message_ids: ["message-1"] }
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
export const refused = (error: string, frame: FrameKind | "another" | null = null, unknown_type = false): Message => ({
  _tag: "HubRefused",
  error,
  frame,
  unknown_type
})

export const success: Answer = { _tag: "Success", result: { status: "success", output: "done" }, tokens_used: null }
export const failure: Answer = { _tag: "Failure", reason: "it went wrong" }
export const unusable: Answer = { _tag: "Unusable", reason: "the answer is not JSON" }

export const nothing: Evidence = { process: "none", this_boot: true, started: false, last_sign_at: null, answer: null }
export const inspected = (task_id: string, evidence: Partial<Evidence> = {}): Message => ({
  _tag: "AgentInspected",
  work_id: task_id,
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
  "cancel lookup",
  "cancel half_open",
  "start readiness 30000"
]
export const exited = (code: number, output = ""): WakeEnd => ({ how: "exited", code, output })

export const saveFailed: Message = { _tag: "SaveFailed", reason: "queue.json: no space" }

// ---- a run of the rules ----

const ofEveryConnection: ReadonlySet<Command["_tag"]> = new Set(["Log", "ReadHub", "ShowPresence", "TestDelivery"])

const isTimer = (tag: Command["_tag"]): boolean => tag === "StartTimer" || tag === "CancelTimer"

const talkTimers: ReadonlySet<TimerName> = new Set(["catch_up", "renew", "presence", "self_test"])

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
    const task = this.state.stored.task
    if (task === null) throw new Error("no task is held")
    return task
  }

  get wakeId(): string {
    const { wake } = this.task
    if (wake === null) throw new Error("there was no wake")
    return wake.id
  }

  /** The commands in a line each, but for the log, the timers and what every connection does about messages and presence. */
  get said(): ReadonlyArray<string> {
    return this.commands.filter(({ _tag }) => !isTimer(_tag) && !ofEveryConnection.has(_tag)).map(line)
  }

  /** The timers, but for those that every connection has. */
  get timers(): ReadonlyArray<string> {
    return this.commands.flatMap((command) =>
      "timer" in command && !talkTimers.has(command.timer) ? [line(command)] : []
    )
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
    return this.tell({ _tag: "WakeSpawned", work_id: this.task.id, wake_id: this.wakeId })
  }

  started(): this {
    return this.tell({ _tag: "AgentStarted", work_id: this.task.id, wake_id: this.wakeId })
  }

  ended(end: WakeEnd): this {
    return this.tell({ _tag: "WakeExited", work_id: this.task.id, wake_id: this.wakeId, end })
  }

  /** The command ends with 1 before its confirmation, and nothing of it is left. */
  attemptFailed(output = ""): this {
    return this.ended(exited(1, output)).inspected({ process: "gone" }).stopped(false).inspected({ process: "gone" })
  }

  found(answer: Answer): this {
    return this.tell({ _tag: "ResultFound", work_id: this.task.id, answer })
  }

  stopped(was_alive = true, task_id = A): this {
    return this.tell({ _tag: "AgentStopped", work_id: task_id, was_alive })
  }

  inspected(evidence: Partial<Evidence> = {}): this {
    return this.tell(inspected(this.task.id, evidence))
  }

  timer(name: TimerName): this {
    return this.tell(timer(name))
  }

  /** The time for the confirmation is over, and the look at the evidence shows none. */
  unconfirmed(output?: string): this {
    return this.timer("task_confirmation").inspected({ process: "alive", ...(output === undefined ? {} : { output }) })
  }

  refused(error: string, frame: FrameKind | "another" | null = null, unknown_type = false): this {
    return this.tell(refused(error, frame, unknown_type))
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

  lookedUp(location: TaskLocation): this {
    return this.tell({ _tag: "TaskLookedUp", task_id: A, location })
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
      return `${command._tag} ${command.task.id} g${command.task.generation}`
    case "WakeAgent":
    case "AdoptAgent":
    case "InspectAgent":
      return `${command._tag} ${command.work.id} g${command.work.generation}`
    case "SendReport":
      return `SendReport ${command.task.id} g${command.task.generation} ${command.report._tag}` +
        (command.report._tag === "Failed" ? `: ${command.report.reason}` : "")
    case "SendProgress":
      return `SendProgress ${command.task.id} ${command.progress.progress ?? "-"}` +
        (command.progress.execution_event === null ? "" : ` ${JSON.stringify(command.progress.execution_event)}`)
    case "SendWakeResult":
      return `SendWakeResult ${command.task.id} ${command.status}${
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
      return `${command._tag} ${command.task_id}`
    case "ClearEvidence":
    case "ExpireFiles":
    case "RevokeWake":
      return `${command._tag} ${command.work_id}`
    case "WatchResults":
      return `WatchResults ${command.work_id} ${command.wake_id ?? "-"}`
    case "RetryWake":
      return `RetryWake ${command.work_id} after ${command.failed_attempts}`
    case "StopAgent":
      return `StopAgent ${command.work_id} linger ${command.linger_ms}`
    case "SetAside":
      return `SetAside ${command.work_id} ${command.folder}`
    case "RemoveFiles":
      return `RemoveFiles ${command.work_id}${command.keep_answer ? " but a late answer" : ""}`
    case "StartTimer":
      return `start ${command.timer} ${command.after_ms}`
    case "CancelTimer":
      return `cancel ${command.timer}`
    case "Log":
      return `log ${command.event.event}`
    case "Exit":
      return `Exit ${command.code}`
    case "BeginDelivery":
      return `BeginDelivery ${command.batch.id}`
    case "EndDelivery":
      return `EndDelivery ${command.batch.id} ${command.end._tag}`
    case "RecordMessages":
      return `RecordMessages ${command.judged.map(({ message }) => message.id).join(" ")}`
    case "SettlePushed":
      return `SettlePushed ${command.until}`
    case "AcknowledgeMailbox":
      return `AcknowledgeMailbox ${command.up_to}`
    case "ReadHub":
      return `ReadHub ${command.reading._tag}`
    case "Subscribe":
    case "Unsubscribe":
      return `${command._tag} ${command.channel}`
    case "ShowPresence":
      return `ShowPresence ${command.text}`
    case "ShowMessages":
      return `ShowMessages ${command.task_id}`
    case "TestDelivery":
    case "NoteKnown":
    case "ChooseBatch":
    case "SendNext":
      return command._tag
  }
}

const list = (name: string, items: ReadonlyArray<string>): ReadonlyArray<string> =>
  items.length === 0 ? [] : [`${name}: ${items.join(", ")}`]

const workLine = (work: Work): string => {
  const { generation, id, status, wake, wake_attempts } = work
  const attempts = wake_attempts === 0 ? "" : ` wakes ${wake_attempts}`
  const end = wake?.end ? ` ended ${wake.end.how} ${wake.end.code ?? "-"}` : ""
  const sent = work.failure?.sent_generation ?? null
  const failed = work.failure === null
    ? ""
    : ` failed (${work.failure.reason}${sent === null ? "" : `; sent g${sent}`})`
  return `${id} g${generation} ${status}${attempts}${end}${failed}`
}

const phaseLine = (phase: AgentPhase): string => {
  if (!("because" in phase)) return phase._tag
  const { because } = phase
  return `${phase._tag} ${typeof because === "string" ? because : `${because._tag} (${because.reason})`}`
}

const leftLines = ({ stopping, terminating }: Slot): ReadonlyArray<string> => [
  ...list("terminating", terminating.map(({ files, work_id }) => `${work_id} ${files}`)),
  ...list("stopping", stopping)
]

const readinessWords = ({ failures, link, not_ready }: Readiness): ReadonlyArray<string> => [
  ...link === "open" ? [] : [`link ${link}`],
  ...failures === 0 ? [] : [`failures ${failures}`],
  ...not_ready === null || not_ready.cause === "draining" || not_ready.cause === "disk"
    ? []
    : [`not ready: ${not_ready.cause}`]
]

/** How everything stands after a message, in one line; what is as in an idle sidecar is left out. */
export const stateLine = (state: SidecarState): string => {
  const { connection, disk, draining, outbound, slots, stored: { messages, recovering, task } } = state
  const { accept_refused, half_open, in_flight, pending, phase, recovery_answer, refused_frames, ownership } =
    connection
  return [
    ...task === null ? [] : [`${recovering ? "recovering " : ""}${workLine(task)}`],
    ...slots.task.agent.phase._tag === "Idle" ? [] : [phaseLine(slots.task.agent.phase)],
    ...outbound.answer === null ? [] : [`has ${outbound.answer._tag}`],
    ...outbound.progress === null ? [] : ["has progress"],
    ...phase === "identified" ? [] : [phase],
    ...ownership === "unknown" ? [] : [ownership],
    ...recovery_answer === null ? [] : [`recovery ${recovery_answer}`],
    ...in_flight === null
      ? []
      : [`in flight: ${in_flight.kind} ${in_flight.task_id}${in_flight.limited ? " limited" : ""}`],
    ...list("pending", pending.map(({ kind, task_id }) => `${kind} ${task_id}`)),
    ...leftLines(slots.task),
    ...messages === null ? [] : [workLine(messages)],
    ...slots.messages.agent.phase._tag === "Idle" ? [] : [phaseLine(slots.messages.agent.phase)],
    ...leftLines(slots.messages),
    ...list("refused", refused_frames),
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
