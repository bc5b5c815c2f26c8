import type { Command, Report } from "../../src/domain/Command.ts"
import type { Answer, Evidence } from "../../src/domain/Evidence.ts"
import type { Message } from "../../src/domain/Message.ts"
import { nothingKnown } from "../../src/domain/messages/Talk.ts"
import type { SidecarState, TimerName } from "../../src/domain/SidecarState.ts"
import { emptyStore, initialState } from "../../src/domain/SidecarState.ts"
import { transition } from "../../src/domain/transition.ts"
import { kindOf, type Task, type WakeEnd, type Work } from "../../src/domain/Work.ts"
import { isMeant } from "../support/isMeant.ts"
import { A, acked, assigned, B, failure, line, policy, refused, stateLine, success, unusable } from "./support.ts"
import { TalkWorld } from "./talkWorld.ts"

/** A small seeded generator (mulberry32): the same seed, the same run. */
const generator = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
}

interface Agent {
  readonly work_id: string
  readonly wake_id: string
  watched: boolean // whether somebody in this life of the daemon waits for its end
}

interface Files {
  startedAt: number | null
  answer: Answer | "half-written" | null
}

type Question = Extract<
  Command,
  { readonly _tag: "AcceptTask" | "RejectTask" | "AskRecovery" | "ReportState" | "SendReport" }
>

const questions: ReadonlySet<string> = new Set(["AcceptTask", "RejectTask", "AskRecovery", "ReportState", "SendReport"])
const isQuestion = (command: Command): command is Question => questions.has(command._tag)
const news: ReadonlySet<string> = new Set(["SendProgress", "SendWakeResult"])

const withMessages = { ...policy, messages: { ...policy.messages, agent_id: "us", delivers: true } }

/** A tiny hub, agent, folder and clock around the rules, run as the actor runs them, with what must never happen. */
export class World {
  readonly random: () => number
  readonly trace: Array<string> = []
  state: SidecarState = initialState(withMessages)
  now = 1_000_000
  over = false

  private mailbox: Array<Message> = []
  private owed: Array<Question> = []
  private agents: Array<Agent> = []
  private ran = new Set<string>()
  private spawns: Array<Extract<Command, { readonly _tag: "WakeAgent" }>> = []
  private stops = new Set<string>()
  private timers = new Map<TimerName, number>()
  private retries = new Set<string>()
  private watches = new Map<string, string | null>() // by work, with the wake
  private files = new Map<string, Files>()
  private socket = false
  private closed = false
  private reconnecting = false
  private mayRemove = new Set<string>()
  private generations = new Map<string, number>()
  private lastFailure = new Map<string, { readonly generation: number; readonly reason: string }>()

  private readonly talk: TalkWorld

  constructor(seed: number) {
    this.random = generator(seed)
    this.talk = new TalkWorld({
      random: this.random,
      post: (message) => this.mailbox.push(message),
      check: (holds, what) => this.check(holds, what)
    })
    this.handle({ _tag: "Restarted", stored: emptyStore, survivors: [] })
  }

  check(holds: boolean, what: string): void {
    if (!holds) throw new Error(`${what}\n${this.trace.slice(-60).join("\n")}`)
  }

  private pick<T>(...choices: readonly [T, ...Array<T>]): T {
    return choices[Math.floor(this.random() * choices.length)] ?? choices[0]
  }

  private folder(task_id: string): Files {
    const files = this.files.get(task_id) ?? { startedAt: null, answer: null }
    this.files.set(task_id, files)
    return files
  }

  private isAlive(task_id: string, wake_id: string): boolean {
    return this.agents.some((agent) => agent.work_id === task_id && agent.wake_id === wake_id)
  }

  // ---- the actor ----

  private handle(first: Message): void {
    const messages = [first]
    for (let message = messages.shift(); message !== undefined; message = messages.shift()) {
      const before = this.state
      this.trace.push(`> ${JSON.stringify(message).slice(0, 160)}`)
      const [after, commands] = transition(before, message, this.now)
      this.state = after
      this.learn(before, message)
      this.trace.push(`  ${commands.map(line).join("; ")}`, `  = ${stateLine(after)}`)
      this.checkFrames(before, commands)
      this.check(after.stored.task !== null || !after.stored.recovering, "nothing is held, and is recovering")
      for (const command of commands) {
        const outcome = this.run(command)
        if (outcome !== undefined) messages.push(outcome)
      }
    }
  }

  private learn(before: SidecarState, message: Message): void {
    if (message._tag === "TaskCancelled" || message._tag === "TaskAcknowledged") this.mayRemove.add(message.task_id)
    if (message._tag === "TaskAssigned" && this.state.stored.task?.id === message.task.task_id) {
      const { generation, task_id } = message.task
      const held = before.stored.task?.id === task_id
      this.generations.set(task_id, held ? Math.max(generation, this.generations.get(task_id) ?? 0) : generation)
    }
  }

  private checkFrames(before: SidecarState, commands: ReadonlyArray<Command>): void {
    const { in_flight } = this.state.connection
    let busy = in_flight !== null && in_flight === before.connection.in_flight
    for (const command of commands) {
      if (isQuestion(command) || news.has(command._tag)) {
        this.check(!busy, `${line(command)} while a frame is in flight`)
        this.check(this.state.connection.phase === "identified", `${line(command)} without a connection`)
        busy = isQuestion(command)
      }
    }
  }

  private checkReport(task: Task, report: Report): void {
    const { generation, id: task_id } = task
    this.check(generation === this.generations.get(task_id), "a report under an old generation")
    const { pending, ownership } = this.state.connection
    this.check(ownership === "ours", "a report of a task that is not ours")
    const isAccepted = !pending.some((exchange) => exchange.kind === "accept" && exchange.task_id === task_id)
    this.check(isAccepted, "a report before the accept of its task")
    if (report._tag === "Complete") return
    const last = this.lastFailure.get(task_id)
    const again = last !== undefined && last.reason === report.reason && last.generation !== generation
    this.check(!again, "a failure was sent again under a new generation")
    this.lastFailure.set(task_id, { generation, reason: report.reason })
  }

  private checkWake(work_id: string): void {
    const isOfSlot = (id: string) => kindOf(id) === kindOf(work_id)
    const lives = this.agents.some((agent) => isOfSlot(agent.work_id)) ||
      this.spawns.some(({ work }) => isOfSlot(work.id))
    this.check(!lives, "a wake while an agent of the same slot is not gone")
    this.check(this.folder(work_id).answer === null, "a wake of work whose answer is there")
  }

  private run(command: Command): Message | void {
    if (isQuestion(command) && this.socket) this.owed.push(command)
    switch (command._tag) {
      case "SendReport":
        this.checkReport(command.task, command.report)
        return
      case "InspectAgent":
        return { _tag: "AgentInspected", work_id: command.work.id, evidence: this.look(command.work) }
      case "ClearEvidence":
        this.checkWake(command.work_id)
        this.files.delete(command.work_id)
        return
      case "WakeAgent":
        this.checkWake(command.work.id)
        this.check(
          command.work.wake_attempts >= 1 && command.work.wake_attempts <= 4,
          "a fifth wake, or one without number"
        )
        this.lastFailure.delete(command.work.id)
        this.spawns.push(command)
        return
      case "RevokeWake":
        this.spawns = this.spawns.filter((spawn) => spawn.work.id !== command.work_id)
        return
      case "AdoptAgent":
        for (const agent of this.agents) agent.watched ||= agent.wake_id === command.wake_id
        if (!this.isAlive(command.work.id, command.wake_id)) {
          this.tellEnd(command.work.id, command.wake_id, "unseen")
        }
        return
      case "WatchResults": {
        this.watches.set(command.work_id, command.wake_id)
        const { answer, startedAt } = this.folder(command.work_id)
        if (startedAt !== null) {
          this.mailbox.push({ _tag: "AgentStarted", work_id: command.work_id, wake_id: command.wake_id })
        }
        if (answer !== null) this.tellAnswer(command.work_id)
        return
      }
      case "StopWatching":
        this.watches.delete(command.work_id)
        return
      case "RetryWake":
        this.retries.add(command.work_id)
        return
      case "StopAgent":
        this.stops.add(command.work_id)
        return
      case "SetAside":
        this.files.delete(command.work_id)
        return
      case "RemoveFiles":
        this.remove(command.work_id, command.keep_answer)
        return
      case "StartTimer":
        this.timers.set(command.timer, this.now + command.after_ms)
        return
      case "CancelTimer":
        this.timers.delete(command.timer)
        return
      case "LookUpTask":
        this.mailbox.push({
          _tag: "TaskLookedUp",
          task_id: command.task_id,
          location: this.pick("queued", "ours", "elsewhere", "unknown")
        })
        return
      case "Reconnect":
        this.reconnecting = true
        return
      case "CloseConnection":
        this.closed = true
        this.socket = false
        this.owed = []
        return
      case "Exit":
        this.over = true
        return
      default:
        return this.talk.run(command, this.state)
    }
  }

  private remove(task_id: string, keep_answer: boolean): void {
    const isDelivered = kindOf(task_id) === "messages"
    this.check(isDelivered || this.mayRemove.has(task_id), "files removed before an acknowledgement")
    const held = this.state.stored[kindOf(task_id)]
    this.check(
      held?.id !== task_id || held.status !== "reporting",
      "the files of work that is reported were removed"
    )
    if (keep_answer) this.folder(task_id).startedAt = null
    else this.files.delete(task_id)
  }

  private look({ id: task_id, wake }: Work): Evidence {
    const { answer, startedAt } = this.folder(task_id)
    this.spawns = this.spawns.filter((spawn) => spawn.wake_id !== wake?.id)
    const gone = wake !== null && this.ran.has(wake.id) ? "gone" : "none"
    const process = wake !== null && this.isAlive(task_id, wake.id) ? "alive" : gone
    return { process, this_boot: true, started: startedAt !== null, last_sign_at: startedAt, answer }
  }

  // ---- the agent ----

  private tellAnswer(task_id: string): void {
    const { answer } = this.folder(task_id)
    if (!this.watches.has(task_id) || answer === null || answer === "half-written") return
    this.mailbox.push({ _tag: "ResultFound", work_id: task_id, answer })
  }

  private tellEnd(task_id: string, wake_id: string, how: WakeEnd["how"], code: number | null = null): void {
    this.mailbox.push({ _tag: "WakeExited", work_id: task_id, wake_id, end: { how, code, output: "" } })
  }

  private end(agent: Agent, how: WakeEnd["how"], code: number | null): void {
    this.agents = this.agents.filter((other) => other !== agent)
    if (agent.watched) this.tellEnd(agent.work_id, agent.wake_id, how, code)
  }

  private answer(task_id: string, answer: Answer | "half-written"): void {
    this.folder(task_id).answer = answer
    if (answer !== "half-written") this.lastFailure.delete(task_id)
    this.tellAnswer(task_id)
  }

  private start(agent: Agent): void {
    this.folder(agent.work_id).startedAt = this.now
    const wake_id = this.watches.get(agent.work_id)
    if (wake_id !== undefined) this.mailbox.push({ _tag: "AgentStarted", work_id: agent.work_id, wake_id })
  }

  private agentActs(agent: Agent): void {
    const { work_id: task_id } = agent
    this.pick(
      () => this.start(agent),
      () => this.start(agent),
      () =>
        this.mailbox.push({
          _tag: "ProgressFound",
          work_id: task_id,
          progress: { progress: 5, execution_event: null }
        }),
      () => this.answer(task_id, this.pick<Answer | "half-written">(success, failure, unusable, "half-written")),
      () => this.end(agent, "exited", this.pick(0, 1))
    )()
  }

  private spawn(): void {
    const command = this.spawns.shift()
    if (command === undefined) return
    const { wake_id, work: { id: task_id, kind } } = command
    this.check(this.stops.size > 0 || isMeant(this.state, kind), "a wake begins that is not meant any more")
    if (this.random() < 0.1) {
      this.mailbox.push({ _tag: "WakeImpossible", work_id: task_id, wake_id, reason: "too large" })
      return
    }
    this.ran.add(wake_id)
    this.agents.push({ work_id: task_id, wake_id, watched: true })
    this.mailbox.push({ _tag: "WakeSpawned", work_id: task_id, wake_id })
  }

  private stop(task_id: string): void {
    this.stops.delete(task_id)
    this.spawns = this.spawns.filter((spawn) => spawn.work.id !== task_id)
    const living = this.agents.filter((agent) => agent.work_id === task_id)
    const stopped: Message = { _tag: "AgentStopped", work_id: task_id, was_alive: living.length > 0 }
    const first = this.random() < 0.5
    if (first) this.mailbox.push(stopped)
    for (const agent of living) this.end(agent, "killed", null)
    if (!first) this.mailbox.push(stopped)
  }

  // ---- the hub ----

  private reply(nice: boolean): void {
    const frame = this.owed.shift()
    if (frame === undefined) return
    const task_id = frame._tag === "RejectTask" ? frame.task_id : frame.task.id
    if (!nice && this.random() < 0.15) {
      this.mailbox.push({ _tag: "RateLimited", retry_after_ms: 1_000 })
      return
    }
    const harsh = !nice && this.random() < 0.3
    switch (frame._tag) {
      case "AcceptTask":
        this.mailbox.push(acked(task_id))
        return
      case "RejectTask":
        this.mailbox.push(refused("validation_failed", "reject", true))
        return
      case "AskRecovery":
        this.mailbox.push(
          this.pick<Message>(
            { _tag: "TaskReassigned", task_id },
            { _tag: "TaskContinued", task_id, generation: frame.task.generation + (harsh ? 2 : 0) },
            refused("validation_failed", "recovery", true)
          )
        )
        return
      case "ReportState":
        this.mailbox.push(
          harsh && this.random() < 0.3
            ? refused("validation_failed", "state", true)
            : { _tag: "StateReportAnswered", task_id, action: harsh ? "abort" : "continue" }
        )
        return
      case "SendReport":
        this.mailbox.push(
          harsh
            ? this.pick(
              refused("task_complete_failed: stale_generation"),
              refused("invalid_json"),
              refused("validation_failed")
            )
            : acked(task_id, frame.report._tag === "Complete" ? "complete" : "retried")
        )
    }
  }

  private dropped(half_open: boolean): void {
    if (!this.socket) return
    this.socket = false
    this.owed = []
    this.reconnecting = false
    this.mailbox.push({ _tag: "Disconnected", half_open })
  }

  private connect(): void {
    this.socket = true
    this.mailbox.push({ _tag: "Connected" }, { _tag: "Identified" })
  }

  private generation = 1

  private hubActs(): void {
    const task_id = this.pick(A, B)
    this.pick<() => void>(
      () => this.mailbox.push(assigned(task_id, this.generation += 2)),
      () => this.mailbox.push(assigned(task_id, this.generation += 2)),
      () => this.mailbox.push(assigned(task_id, Math.max(0, this.generation - this.pick(0, 2)))),
      () => this.mailbox.push({ _tag: "TaskCancelled", task_id }),
      () => this.dropped(this.random() < 0.5),
      () => this.noise(task_id)
    )()
  }

  private noise(task_id: string): void {
    this.mailbox.push(
      this.pick<Message>(
        { _tag: "HubLostUs" },
        { _tag: "RateLimited", retry_after_ms: 500 },
        { _tag: "RetryDue", work_id: task_id },
        { _tag: "TaskReassigned", task_id },
        { _tag: "TaskContinued", task_id, generation: this.generation },
        { _tag: "StateReportAnswered", task_id, action: this.pick("abort", "continue") },
        acked(task_id),
        refused("validation_failed", this.pick("wake_result", "progress"), true),
        { _tag: "TaskLookedUp", task_id, location: "elsewhere" },
        { _tag: "WakeExited", work_id: task_id, wake_id: "another", end: { how: "exited", code: 1, output: "" } },
        {
          _tag: "TimerFired",
          due: 0,
          timer: this.pick(
            "answer",
            "resend",
            "assign_grace",
            "half_open",
            "task_confirmation",
            "task_late_answer",
            "lookup",
            "progress"
          )
        },
        ...this.random() < 0.05 ? [{ _tag: "DrainRequested", exit_code: 0 } as const] : [],
        ...this.random() < 0.05 ? [{ _tag: "RestartRequested", reason: "update" } as const] : []
      )
    )
  }

  // ---- the messages ----

  private talks(): void {
    this.pick<() => void>(
      () => this.mailbox.push(this.talk.batchReady()),
      () => this.talk.say(),
      () => this.talk.answer(false) || this.deliver()
    )()
  }

  // ---- the run ----

  private restart(): void {
    this.trace.push("-- crash --")
    const { stored } = this.state
    while (this.spawns.length > 0) {
      if (this.random() < 0.5) this.spawn()
      else this.spawns.shift()
    }
    for (const agent of this.agents) agent.watched = false
    this.mailbox = []
    this.owed = []
    this.stops = new Set()
    this.timers = new Map()
    this.retries = new Set()
    this.watches = new Map()
    this.socket = false
    this.closed = false
    this.reconnecting = false
    this.talk.forget()
    this.state = initialState(withMessages)
    this.handle({
      _tag: "Restarted",
      stored,
      talk: { held: this.talk.held, known: nothingKnown, is_delivered: false },
      survivors: [...new Set(this.agents.map(({ work_id }) => work_id))]
    })
  }

  private fire(): void {
    const [next] = [...this.timers].toSorted(([, a], [, b]) => a - b)
    if (next === undefined) return
    this.timers.delete(next[0])
    if (next[0] === "task_timeout") this.lastFailure.clear() // a failure of its own
    this.now = Math.max(this.now, next[1])
    this.mailbox.push({ _tag: "TimerFired", timer: next[0], due: next[1] })
  }

  private retryDue(): void {
    for (const work_id of this.retries) this.mailbox.push({ _tag: "RetryDue", work_id })
    this.retries.clear()
  }

  private deliver(): void {
    const message = this.mailbox.shift()
    if (message !== undefined) this.handle(message)
  }

  /** One thing that may happen next, whatever it is. */
  step(): void {
    this.now += Math.floor(this.random() * 500)
    const { phase } = this.state.connection
    const [stopping] = this.stops
    const agent = this.agents[Math.floor(this.random() * this.agents.length)]
    if (!this.socket && !this.closed && this.random() < 0.3) this.connect()
    else if (this.reconnecting && this.random() < 0.5) this.dropped(false)
    else if (this.random() < 0.02) this.restart()
    else {
      this.pick<() => void>(
        () => this.deliver(),
        () => this.deliver(),
        () => this.deliver(),
        () => phase === "identified" && this.socket ? this.hubActs() : this.deliver(),
        () => this.reply(false),
        () => this.spawn(),
        () => agent === undefined ? this.deliver() : this.agentActs(agent),
        () => stopping === undefined ? this.deliver() : this.stop(stopping),
        () => this.retryDue(),
        () => this.talks(),
        () => this.fire()
      )()
    }
  }

  /** When faults stop: everybody does what is best, until nothing is owed; false where that is never reached. */
  settle(): boolean {
    for (let steps = 0; steps < 800; steps++) {
      const { draining, slots, stored, talk } = this.state
      const isIdle = stored.task === null && stored.messages === null && slots.task.terminating.length === 0 &&
        slots.messages.terminating.length === 0 && (talk.held.waiting + talk.held.outgoing === 0 || draining !== null)
      if (this.over || (isIdle && this.mailbox.length === 0)) return true
      this.settleOn()
    }
    return false
  }

  private settleOn(): void {
    const [stopping] = this.stops
    const [agent] = this.agents
    if (this.mailbox.length > 0) return this.deliver()
    if (this.reconnecting && this.socket) return this.dropped(false)
    if (!this.socket && !this.closed) return this.connect()
    if (this.owed.length > 0) return this.reply(true)
    if (this.talk.answer(true)) return
    if (this.spawns.length > 0) return this.spawn()
    if (stopping !== undefined) return this.stop(stopping)
    for (const [task_id, { answer }] of this.files) if (answer === "half-written") this.answer(task_id, success)
    if (agent !== undefined) {
      if (this.folder(agent.work_id).answer === null) this.answer(agent.work_id, success)
      return this.end(agent, "exited", 0)
    }
    if (this.retries.size > 0) return this.retryDue()
    if (this.state.connection.ownership === "unresolved") {
      const task = this.state.stored.task
      if (task !== null) this.mailbox.push(assigned(task.id, this.generation += 2))
      return
    }
    this.fire()
  }
}
