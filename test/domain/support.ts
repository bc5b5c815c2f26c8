import { expect, test } from "vitest"
import type { Command } from "../../src/domain/Command.ts"
import type { Answer, Evidence } from "../../src/domain/Evidence.ts"
import type { Message } from "../../src/domain/Message.ts"
import { heldTask, initialState, type Policy, type SidecarState } from "../../src/domain/SidecarState.ts"
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

export const assigned = (task_id: string, generation = 1): Message => ({ _tag: "TaskAssigned", task: assignment(task_id, generation) })
export const connect: ReadonlyArray<Message> = [{ _tag: "Connected" }, { _tag: "Identified" }]
export const disconnected: Message = { _tag: "Disconnected", half_open: false }
export const acked = (task_id: string, status = "accepted"): Message => ({ _tag: "TaskAcknowledged", task_id, status })
export const timer = (name: Extract<Message, { _tag: "TimerFired" }>["timer"]): Message => ({ _tag: "TimerFired", timer: name })
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
export const exited = (code: number, output = ""): WakeEnd => ({ how: "exited", code, output })

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
      const [next, commands] = transition(this.state, message, this.now)
      this.state = next
      this.commands = [...this.commands, ...commands]
    }
    return this
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

  /** The commands in a line each, without log lines and timers unless asked for. */
  get said(): ReadonlyArray<string> {
    return this.commands.filter(({ _tag }) => _tag !== "Log" && _tag !== "StartTimer" && _tag !== "CancelTimer").map(line)
  }

  get timers(): ReadonlyArray<string> {
    return this.commands.filter(({ _tag }) => _tag === "StartTimer" || _tag === "CancelTimer").map(line)
  }

  get logged(): ReadonlyArray<string> {
    return this.commands.flatMap((command) => command._tag === "Log" ? [command.event.event] : [])
  }

  // ---- well-trodden ways ----

  spawned(): this {
    return this.tell({ _tag: "WakeSpawned", task_id: this.task.task_id, wake_id: this.wakeId })
  }

  started(): this {
    return this.tell({ _tag: "AgentStarted", task_id: this.task.task_id, wake_id: this.wakeId })
  }

  ended(end: WakeEnd): this {
    return this.tell({ _tag: "WakeExited", task_id: this.task.task_id, wake_id: this.wakeId, end })
  }

  found(answer: Answer): this {
    return this.tell({ _tag: "ResultFound", task_id: this.task.task_id, answer })
  }

  stopped(): this {
    return this.tell({ _tag: "AgentStopped", task_id: this.task.task_id, was_alive: true })
  }

  inspected(evidence: Partial<Evidence> = {}): this {
    return this.tell(inspected(this.task.task_id, evidence))
  }

  /** A fresh start: nothing stored, connected and identified. */
  static idle(over: Partial<Policy> = {}): Run {
    return new Run(over).tell({ _tag: "Restarted", stored: { version: 1, active: null, recovering: null }, survivors: [] }, ...connect)
  }

  static accepted(over: Partial<Policy> = {}): Run {
    return Run.idle(over).tell(assigned(A), acked(A))
  }

  static confirming(over: Partial<Policy> = {}): Run {
    return Run.accepted(over).inspected().spawned()
  }

  static working(over: Partial<Policy> = {}): Run {
    return Run.confirming(over).started()
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
      return `SendProgress ${command.task.task_id} ${command.progress.progress ?? "-"}`
    case "SendWakeResult":
      return `SendWakeResult ${command.task.task_id} ${command.status}${command.reason === null ? "" : `: ${command.reason}`}`
    case "AnnounceRestart":
    case "Reconnect":
      return `${command._tag} ${command.reason}`
    case "CloseConnection":
    case "StopWatching":
      return command._tag
    case "LookUpTask":
    case "ClearEvidence":
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

/** One clause of a rule: what led here, what happens, what is to be done, and how the task stands after it. */
export interface Clause {
  readonly clause: string
  readonly run: () => Run
  readonly said: ReadonlyArray<string>
  readonly timers?: ReadonlyArray<string>
  readonly logged?: ReadonlyArray<string>
  readonly then?: (run: Run) => void
}

/** Makes each row a test with the clause as its name. `said` is everything that was commanded by the last `tell`. */
export const table = (rows: ReadonlyArray<Clause>): void => {
  for (const row of rows) {
    test(row.clause, () => {
      const run = row.run()
      expect(run.said).toEqual(row.said)
      if (row.timers !== undefined) expect(run.timers).toEqual(row.timers)
      if (row.logged !== undefined) expect(run.logged).toEqual(row.logged)
      row.then?.(run)
    })
  }
}
