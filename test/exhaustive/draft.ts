import type { Command } from "../../src/domain/Command.ts"
import type { Answer, Evidence, FolderEvidence, ProcessEvidence } from "../../src/domain/Evidence.ts"
import { mayHaveLaunched } from "../../src/domain/Evidence.ts"
import { domainLimits } from "../../src/domain/limits.ts"
import type { Message } from "../../src/domain/Message.ts"
import type { SidecarState, TimerName } from "../../src/domain/SidecarState.ts"
import type { Task, TaskFound, WakeEnd, Work } from "../../src/domain/Work.ts"
import { line, stateLine } from "../domain/support.ts"
import { isMeant } from "../support/isMeant.ts"
import { hubRestarted, replies, settled, socketClosed } from "./hub.ts"
import type { Outcome, Sides, When } from "./side.ts"
import { clock, unusable } from "./side.ts"
import type { AnswerKind, Body, Config, Daemon, End, Files, Frame, Ghost, Hub, Net, Note, T, World } from "./world.ts"
import { both, freshDaemon, indexOf, noNet, put, taskIds } from "./world.ts"

/** Something that must never happen, has. */
export class Violation extends Error {}

export const answers: Record<Exclude<AnswerKind, "half">, Answer> = {
  good: { _tag: "Success", result: {}, tokens_used: null },
  bad: { _tag: "Failure", reason: "" },
  ended: { _tag: "Failure", reason: "", of_command: true },
  unusable: { _tag: "Unusable", reason: unusable }
}

export const ends: Record<End, WakeEnd> = {
  "exited 0": { how: "exited", code: 0, output: "all done" },
  "exited 1": { how: "exited", code: 1, output: "out of memory" },
  "killed": { how: "killed", code: null, output: "" },
  "unseen": { how: "unseen", code: null, output: "" },
  "unspawned": { how: "unspawned", code: null, output: "" },
  "unwritten": { how: "unwritten", code: null, output: "" },
  "unwritten for 30 s": { how: "unwritten", code: null, output: "" }
}

/** When such an end is handled. */
export const whenOf = (end: End): When => end === "unwritten for 30 s" ? "late" : "early"

/** When the last sign of life was, against the wake at 0, and the silence that is longer than all waits. */
const signs: Record<Files["started"], number | null> = {
  no: null,
  fresh: clock.late,
  earlier: -1,
  stale: -100 * clock.late
}

/** A crash before these makes a difference to one after them. */
const outlives: ReadonlySet<Command["_tag"]> = new Set<Command["_tag"]>([
  "ClearEvidence",
  "WakeAgent",
  "SetAside",
  "RemoveFiles",
  "InspectAgent",
  "SendReport",
  "CloseConnection"
])

/** What judges an agent, or puts another in its place. */
const judging: ReadonlySet<Command["_tag"]> = new Set<Command["_tag"]>([
  "AdoptAgent",
  "ClearEvidence",
  "SendReport",
  "StopAgent",
  "WakeAgent"
])

/** Where a crash strikes within a step: before the command of that number among those that outlive the daemon. */
export class Crashed extends Error {}
const crashed = new Crashed()

const attempts = 1 + domainLimits.wake_retries_ms.length
const idle: ReadonlyArray<string> = []

export type Blind = "processes" | "folder"
export const blinds: ReadonlyArray<Blind> = ["processes", "folder"]

/** A world in the making: the actor, as src/actor runs it, over what it works on; each part is replaced, never changed. */
export class Draft {
  side: World["side"]
  saved: World["saved"]
  hub: Hub
  net: Net
  daemon: Daemon
  body: Body
  ghost: Ghost
  /** How many points a crash could strike at were passed. */
  points = 0
  crashAt = Infinity
  saveFails = false
  /** What of the evidence cannot be read in this step. */
  blind: Blind | null = null
  looked = false
  saveTried = false
  readonly trace: Array<string> | null
  readonly from: World
  private readonly sides: Sides
  readonly config: Config

  constructor(world: World, sides: Sides, config: Config, trace: Array<string> | null) {
    this.from = world
    this.side = world.side
    this.saved = world.saved
    this.hub = world.hub
    this.net = world.net
    this.daemon = world.daemon
    this.body = world.body
    this.ghost = world.ghost
    this.sides = sides
    this.config = config
    this.trace = trace
  }

  get state(): SidecarState {
    return this.side.state
  }

  get held(): Task | null {
    return this.side.state.stored.task
  }

  check(holds: boolean, what: string): void {
    if (!holds) throw new Violation(what)
  }

  daemonIs(patch: Partial<Daemon>): void {
    this.daemon = { ...this.daemon, ...patch }
  }

  bodyIs(patch: Partial<Body>): void {
    this.body = { ...this.body, ...patch }
  }

  netIs(patch: Partial<Net>): void {
    this.net = { ...this.net, ...patch }
  }

  ghostIs(patch: Partial<Ghost>): void {
    this.ghost = { ...this.ghost, ...patch }
  }

  filesAre(task: T, patch: Partial<Files>): void {
    this.bodyIs({ files: put(this.body.files, task, { ...this.body.files[task], ...patch }) })
  }

  // ---- the actor ----

  /** Handles a message, and what its commands know at once. */
  handle(first: Message, when: When = "early"): void {
    const messages: Array<Message> = [first]
    for (let message = messages.shift(); message !== undefined; message = messages.shift()) {
      this.step(message, when, messages)
    }
  }

  private step(message: Message, when: When, messages: Array<Message>): void {
    const before = this.side
    const outcome = this.sides.step(before, message, when)
    const failed = outcome.saves && !this.save(before, messages)
    if (failed && outcome.next.state.disk === "ok") {
      this.step({ _tag: "SaveFailed", reason: "" }, when, messages)
      return message._tag === "SaveSucceeded" ? undefined : this.step(message, when, messages)
    }
    this.tell(message, outcome)
    if (message._tag === "AgentInspected") this.checkJudgment(message.evidence, outcome)
    this.side = outcome.next
    if (message._tag !== "Restarted") this.forget(before, outcome)
    if (outcome.saves && !failed) this.mayCrash()
    this.learn(message, before.held)
    for (const command of outcome.commands) {
      const learnt = this.run(command)
      if (learnt !== null) messages.push(learnt)
    }
    this.check(this.state.stored.task !== null || !this.state.stored.recovering, "nothing is held, and is recovering")
    this.checkReadiness(before, message)
  }

  /** Rule 13: who is not ready takes no task, and without one keeps no connection by which it could be given one. */
  private checkReadiness(before: World["side"], message: Message): void {
    const taken = assignedBy(message) !== null && this.side.held !== null && this.side.held !== before.held
    this.check(!taken || before.state.readiness.not_ready === null, "a task was taken by who is not ready")
    const mayBeGiven = this.side.held === null && this.state.readiness.not_ready !== null && this.net.open
    this.check(!mayBeGiven, "who holds no task and is not ready keeps its connection")
  }

  private nobodyLives(task: T): boolean {
    const { files, launcher, process } = this.body
    return process?.task !== task && launcher?.task !== task && !files[task].worker
  }

  /**
   * What could not be read says nothing, but for an answer or a process that is there. A task that is given back as nothing
   * has begun of it has nobody to be stopped.
   */
  private checkJudgment({ answer, process }: Evidence, { commands }: Outcome): void {
    if ((answer !== "unknown" && process !== "unknown") || (typeof answer === "object" && answer !== null)) return
    const mayBe = (command: Command) =>
      command._tag === "StopAgent"
        ? process === "none" && this.nobodyLives(indexOf(command.work_id))
        : command._tag === "AdoptAgent" && process === "alive"
    const act = commands.find((command) => judging.has(command._tag) && !mayBe(command))
    this.check(act === undefined, `${act?._tag} upon what could not be read`)
  }

  private tell(message: Message, { commands, next }: Outcome): void {
    if (this.trace === null) return
    const { _tag, ...fields } = message
    const short = "task" in fields ? { task_id: fields.task.task_id, generation: fields.task.generation } : fields
    this.trace.push(`    > ${_tag} ${JSON.stringify(short)}`)
    const said = commands.filter((command) => command._tag !== "Log").map(line)
    this.trace.push(`      ${said.join("; ")}`, `      = ${stateLine(next.state)}`)
  }

  /** Handles what our own machine has told, in the order in which it was, and what that leads to at once. */
  drain(exitFirst: boolean): void {
    while (this.drainOne(exitFirst)) { /* the next */ }
  }

  private drainOne(exitFirst: boolean): boolean {
    const { exited, impossible, lookUp, spawned, stopped } = this.daemon
    const task_id = this.side.held === null ? "" : taskIds[this.side.held]
    const wake_id = this.held?.wake?.id ?? ""
    if (spawned) return this.hear({ spawned: false }, { _tag: "WakeSpawned", work_id: task_id, wake_id })
    if (impossible) {
      return this.hear({ impossible: false }, { _tag: "WakeImpossible", work_id: task_id, wake_id, reason: "" })
    }
    const task = stopped[0] !== null ? 0 : stopped[1] !== null ? 1 : null
    if (exited !== null && (exitFirst || task === null)) {
      const message = { _tag: "WakeExited", work_id: task_id, wake_id, end: ends[exited] } as const
      return this.hear({ exited: null }, message, whenOf(exited))
    }
    if (task !== null) {
      return this.hear({ stopped: put(stopped, task, null) }, {
        _tag: "AgentStopped",
        work_id: taskIds[task],
        was_alive: stopped[task] === "lived"
      })
    }
    if (lookUp !== null) {
      return this.hear({ lookUp: null }, {
        _tag: "TaskLookedUp",
        task_id: taskIds[lookUp],
        location: this.truthOf(lookUp)
      })
    }
    if (this.net.closing) {
      this.disconnect("by us", false)
      return true
    }
    const nobody = both.find((one) =>
      this.daemon.stops[one] && this.body.process?.task !== one && this.body.launcher?.task !== one
    )
    if (nobody === undefined) return false
    this.stopDone(nobody)
    return true
  }

  private hear(patch: Partial<Daemon>, message: Message, when: When = "early"): true {
    this.daemonIs(patch)
    this.handle(message, when)
    return true
  }

  truthOf(task: T): "queued" | "ours" | "elsewhere" {
    const { at } = this.hub.tasks[task]
    return at === "queued" || at === "ours" ? at : "elsewhere"
  }

  /** Rule 12: whether it could be saved. */
  private save(before: World["side"], messages: Array<Message>): boolean {
    this.saveTried = true
    if (this.saveFails) {
      this.saved ??= this.sides.storedOnly(before)
      return false
    }
    this.saved = null
    if (before.state.disk !== "ok") messages.push({ _tag: "SaveSucceeded" })
    return true
  }

  private mayCrash(): void {
    if (this.points === this.crashAt) throw crashed
    this.points++
  }

  /** What was told of an earlier wake than the current one means nothing any more. */
  private forget(before: World["side"], { newWake, next }: Outcome): void {
    const lost = before.held !== null && (next.held !== before.held || next.state.stored.task?.wake === null)
    if (!newWake && !lost) return
    if (newWake && before.held !== null) {
      this.checkNotAtWork(before, before.held)
      if (this.body.files[before.held].started === "fresh") this.filesAre(before.held, { started: "earlier" })
    }
    const { launcher, process } = this.body
    this.bodyIs({
      ran: false,
      rebooted: false,
      launcher: launcher === null || launcher.revoked ? null : { ...launcher, current: false, heard: false },
      process: process && { ...process, current: false, watched: "no" }
    })
    this.daemonIs({ spawned: false, impossible: false, exited: null, started: false })
  }

  private learn(message: Message, heldBefore: T | null): void {
    if (this.side.held === null) return this.ghost.given === null ? undefined : this.ghostIs({ given: null })
    const assigned = assignedBy(message)
    if (assigned === null || indexOf(assigned.task_id) !== this.side.held) return
    const { generation } = assigned
    const given = heldBefore === this.side.held ? Math.max(generation, this.ghost.given ?? 0) : generation
    if (given !== this.ghost.given) this.ghostIs({ given })
  }

  // ---- what lasts ----

  /** The daemon dies, here and now, and its successor starts. */
  restart(machine: boolean): void {
    this.trace?.push(machine ? "    -- the machine restarts --" : "    -- the daemon crashes and starts again --")
    const stored = this.config.loses ? null : (this.saved ?? this.side).state.stored
    const at_work = this.config.loses ? this.leftAtWork() : null
    const held = stored === null
      ? at_work && { id: at_work.assignment.task_id, generation: at_work.assignment.generation }
      : stored.task
    this.net = noNet
    if (this.hub.socket === "ours" || this.hub.socket === "lost") this.hub = socketClosed(this.hub, "none")
    this.daemon = freshDaemon
    this.side = this.sides.initial
    const { launcher, process } = this.body
    if (machine) {
      this.bodyIs({ launcher: null, process: null, rebooted: this.body.ran })
      for (const task of both) this.filesAre(task, { worker: false })
    } else {
      this.bodyIs({
        launcher: launcher === null || launcher.revoked ? null : { ...launcher, mine: false, heard: false },
        process: process && { ...process, watched: "no" }
      })
    }
    // Of a wake that nobody holds a task for, the launcher has come up by now, or never will.
    const orphan = this.body.launcher !== null && (held === null || indexOf(held.id) !== this.body.launcher.task)
    if (orphan) this.bodyIs({ launcher: null })
    const survivors = this.body.process === null ? idle : [taskIds[this.body.process.task]]
    this.ghostIs({ given: held && held.generation })
    this.handle({ _tag: "Restarted", stored, survivors, at_work })
    if (this.config.prompt) this.drain(true)
  }

  /** Of the agent that lives, when the state is lost; its wake is the one that is known from then on. */
  private leftAtWork(): TaskFound | null {
    const { process } = this.body
    if (process === null) return null
    const task = this.held
    const known = process.current && task !== null
    this.bodyIs({ ran: true, rebooted: false, process: { ...process, current: true } })
    // Whether a failure of it was counted nobody can know any more.
    this.ghostIs({ attempted: put(this.ghost.attempted, process.task, true) })
    const generation = known ? task.generation : 0
    const task_id = taskIds[process.task]
    return {
      wake: { generation, attempt: known ? Math.max(1, task.wake_attempts) : 1, at: 0 },
      assignment: { task_id, description: "", metadata: {}, generation, assigned_at: 0, assignment: {} }
    }
  }

  /** The connection is gone, and the sidecar learns of it. */
  disconnect(how: Config["breaks"][number] | "by us", half_open: boolean): void {
    this.net = { ...noNet, wanted: this.net.wanted }
    const { socket } = this.hub
    if (how === "hub_restart") this.hub = hubRestarted(this.hub)
    else if (socket === "ours" || socket === "lost") {
      this.hub = how === "half_open" && socket === "ours"
        ? { ...this.hub, socket: "old" }
        : socketClosed(this.hub, "none")
    }
    this.handle({ _tag: "Disconnected", half_open })
  }

  // ---- the agent ----

  /** The launcher has made its record and becomes the command. */
  begin(): void {
    const { launcher } = this.body
    if (launcher === null) return
    const { current, heard, mine, task } = launcher
    this.check(!mine || !heard || isMeant(this.state), "a wake begins that is not meant any more")
    this.check(this.body.process === null, "a second agent of ours began while one lived")
    // An agent that comes up late may answer at the same moment.
    const answered = this.body.files[task].answer === "good" && !this.config.late
    this.check(!answered, "an agent began whose answer was there already")
    this.bodyIs({
      launcher: null,
      ran: this.body.ran || current,
      process: { task, current, watched: heard ? "spawned" : "no" }
    })
    this.filesAre(task, { worker: true })
    if (heard) this.daemonIs({ spawned: true })
  }

  exit(end: End, worksOn: boolean): void {
    const { process } = this.body
    if (process === null) return
    this.bodyIs({ process: null })
    this.filesAre(process.task, { worker: worksOn })
    if (process.watched !== "no") this.daemonIs({ exited: process.watched === "adopted" ? "unseen" : end })
  }

  write(task: T, patch: Partial<Files>): void {
    if (patch.started === "fresh") this.ghostIs({ attempted: put(this.ghost.attempted, task, true) })
    const answered = patch.answer !== undefined && patch.answer !== "half"
    this.filesAre(task, answered ? { ...patch, worker: false } : patch)
    const { watch } = this.daemon
    if (watch === null || watch.task !== task) return
    if (patch.started === "fresh") this.daemonIs({ started: true })
    if (patch.answer !== undefined && patch.answer !== "half") this.daemonIs({ answer: patch.answer })
  }

  /** The whole tree of the task's agent is gone. */
  stopDone(task: T): void {
    const { launcher, process } = this.body
    const lived = process !== null && process.task === task
    this.daemonIs({
      stops: put(this.daemon.stops, task, false),
      stopped: put(this.daemon.stopped, task, lived ? "lived" : "was gone")
    })
    if (launcher !== null && launcher.task === task && launcher.mine) this.revoke()
    if (lived) this.exit("killed", false)
    if (!this.config.late) this.filesAre(task, { worker: false })
  }

  /** What has not been spawned never will be: only a launcher that is there already may yet become the command. */
  private hold(task: T): void {
    const { launcher } = this.body
    if (launcher === null || launcher.task !== task) return
    this.bodyIs({ launcher: launcher.revoked ? null : { ...launcher, heard: false } })
  }

  /** A record is there before the launcher could make it, so it ends without running the command. */
  private revoke(): void {
    const { launcher } = this.body
    this.bodyIs({ launcher: launcher?.heard === true ? { ...launcher, revoked: true } : null })
  }

  private look(task: Work): Evidence {
    this.looked = true
    return { ...this.lookAtProcess(task), ...this.lookAtFolder(indexOf(task.id)) }
  }

  private lookAtFolder(task: T): FolderEvidence {
    if (this.blind === "folder") return { started: false, last_sign_at: null, answer: "unknown" }
    const { answer, started } = this.body.files[task]
    return {
      started: started !== "no",
      last_sign_at: signs[started],
      answer: answer === null || answer === "half" ? answer && "half-written" : answers[answer]
    }
  }

  private lookAtProcess({ id: task_id, wake }: Work): ProcessEvidence {
    if (this.blind === "processes") return { process: "unknown", this_boot: true }
    const task = indexOf(task_id)
    const { launcher, process, ran, rebooted } = this.body
    if (launcher !== null && launcher.current && launcher.task === task) this.revoke()
    const alive = wake !== null && process !== null && process.task === task && process.current
    return {
      ...(alive ? {} : { output: "out of memory" }),
      process: alive ? "alive" : wake !== null && ran ? "gone" : "none",
      this_boot: !(wake !== null && rebooted)
    }
  }

  // ---- commands ----

  private send(frame: Frame): void {
    const { connection } = this.state
    this.check(connection.phase === "identified", `a ${frame.kind} frame without a connection`)
    const owed = this.net.out.length + this.net.in.filter(isOwed).length
    this.check(owed === 0, `a ${frame.kind} frame while another is in flight`)
    if (!this.net.open || this.net.closing) return
    const { limited, unfit } = this.ghost
    const isReport = frame.kind === "complete" || frame.kind === "failed"
    if (isReport || limited + unfit > 0) return this.netIs({ out: [frame] })
    // What the hub does between our sending and its reading it could as well have done before: so it reads at once.
    const [reply] = replies(this.hub, frame, this.config.olderHub)
    if (reply === undefined) return
    this.trace?.push(`      (the hub reads ${frame.kind}: ${reply.what})`)
    this.hub = reply.hub
    this.netIs({ in: [...this.net.in, ...reply.notes] })
  }

  private report(command: Extract<Command, { readonly _tag: "SendReport" }>): void {
    const { report, task } = command
    const index = indexOf(task.id)
    this.check(task.generation === this.ghost.given, "a report under another generation than the newest given")
    this.check(this.state.connection.ownership === "ours", "a report of a task that is not ours")
    const waits = this.state.connection.pending.some(({ kind, task_id }) => kind === "accept" && task_id === task.id)
    this.check(!waits, "a report before the accept of its task")
    const earlier = this.from.side.state.stored.task
    const again = earlier?.id === task.id && earlier.failure?.sent_generation === task.generation
    if (report._tag === "Failed" && !again) this.checkFailure(index)
    this.send({ kind: report._tag === "Complete" ? "complete" : "failed", task: index, generation: task.generation })
  }

  /** A task that was worked on may have failed, as may one that nobody can work on. */
  mayFail(task: T): boolean {
    return this.ghost.attempted[task] || (this.config.oversized && task === 0)
  }

  private checkFailure(task: T): void {
    const { files, process } = this.body
    this.check(this.mayFail(task), "task_failed that no failed work stands behind")
    const works = process !== null && process.task === task && files[task].worker
    this.check(!works, "task_failed while the agent is at work")
  }

  private checkWake(task: T): void {
    const { files, process } = this.body
    this.check(process === null, "a wake while an agent of ours lives")
    this.check(files[task].answer === null, "a wake of a task whose answer is there")
  }

  /** As the definition in docs/architecture.md has it, of the wake before the one that is meant now. */
  private checkNotAtWork({ state }: World["side"], task: T): void {
    const { files, ran, rebooted } = this.body
    const wake = state.stored.task?.wake ?? null
    const atWork = files[task].started === "fresh" && ran && !rebooted && wake !== null &&
      mayHaveLaunched(wake.end, state.policy)
    this.check(!atWork, "a wake of a task whose agent is at work")
  }

  private clear(task: T): void {
    this.checkWake(task)
    this.filesAre(task, { started: "no" })
  }

  private remove(task: T, keep_answer: boolean): void {
    const { answer } = this.body.files[task]
    const { at } = this.hub.tasks[task]
    const unheard = answer !== null && !keep_answer
    this.check(!unheard || at === "done" || at === "dead", "an answer was removed before its acknowledgement")
    const held = this.held
    this.check(
      held === null || indexOf(held.id) !== task || held.status === "accepted" || held.wake === null,
      "the files of a task in hand were removed"
    )
    this.filesAre(task, { started: "no", answer: keep_answer ? answer : null })
  }

  private watch(task: T, current: boolean): void {
    const { answer, started } = this.body.files[task]
    this.daemonIs({
      watch: { task, current },
      started: started !== "no",
      answer: answer === "half" ? null : answer
    })
  }

  private timer(name: TimerName, runs: boolean): void {
    const { timers } = this.daemon
    if (timers.includes(name) === runs || (name === "task_timeout" && !this.config.timeout)) return
    this.daemonIs({ timers: runs ? [...timers, name].toSorted() : timers.filter((timer) => timer !== name) })
  }

  private run(command: Command): Message | null {
    if (outlives.has(command._tag)) this.mayCrash()
    switch (command._tag) {
      case "AcceptTask": {
        const { task } = (this.saved ?? this.side).state.stored
        this.check(task?.id === command.task.id, "a task was accepted before it was saved")
        return this.ask("accept", command.task)
      }
      case "RejectTask":
        this.send({ kind: "reject", task: indexOf(command.task_id), generation: 0 })
        return null
      case "AskRecovery":
        return this.ask("recovery", command.task)
      case "ReportState":
        return this.ask("state", command.task)
      case "SendReport":
        this.report(command)
        return null
      case "InspectAgent":
        return { _tag: "AgentInspected", work_id: command.work.id, evidence: this.look(command.work) }
      case "CheckReadiness": {
        const obstacle = this.ghost.missing ? { cause: "program", reason: "" } as const : null
        return { _tag: "ReadinessChecked", obstacle, programs: "" }
      }
      case "SaveState":
        return this.saveState()
      default:
        this.runWithoutFrame(command)
        return null
    }
  }

  private ask(kind: Frame["kind"], { generation, id: task_id }: Task): null {
    this.send({ kind, task: indexOf(task_id), generation: kind === "state" ? generation : 0 })
    return null
  }

  private saveState(): Message {
    this.saveTried = true
    if (this.saveFails) return { _tag: "SaveFailed", reason: "" }
    this.saved = null
    return { _tag: "SaveSucceeded" }
  }

  private runWithoutFrame(command: Command): void {
    switch (command._tag) {
      case "ClearEvidence":
        return this.clear(indexOf(command.work_id))
      case "WakeAgent":
        return this.wake(command.work)
      case "RevokeWake":
        return this.hold(indexOf(command.work_id))
      case "AdoptAgent":
        return this.adopt()
      case "WatchResults":
        return this.watch(indexOf(command.work_id), command.wake_id !== null)
      case "StopWatching":
        return this.daemonIs({ watch: null, started: false, answer: null, progress: false })
      case "RetryWake":
        return this.daemonIs({ retry: true })
      case "StopAgent": {
        const task = indexOf(command.work_id)
        this.check(!this.daemon.stops[task], "an agent was stopped while it was being stopped")
        this.hold(task)
        return this.daemonIs({ stops: put(this.daemon.stops, task, true) })
      }
      case "SetAside":
        return this.setAside(indexOf(command.work_id))
      case "RemoveFiles":
        return this.remove(indexOf(command.work_id), command.keep_answer)
      case "StartTimer":
        return this.timer(command.timer, true)
      case "CancelTimer":
        return this.timer(command.timer, false)
      case "LookUpTask":
        return this.daemonIs({ lookUp: indexOf(command.task_id) })
      case "Reconnect":
        return this.net.open ? this.netIs({ closing: true }) : undefined
      case "CloseConnection":
        return this.close()
      case "OpenConnection":
        return this.netIs({ wanted: true })
      case "ExpireFiles":
        return this.expire(indexOf(command.work_id))
      case "Exit":
        return this.exits()
    }
  }

  private expire(task: T): void {
    const { process } = this.body
    this.check(this.side.held !== task, "the files of a task in hand have expired")
    this.check(process === null || process.task !== task, "the files of an agent that lives have expired")
    this.setAside(task)
  }

  /** A task in doubt is left for the next life of the daemon. */
  private exits(): void {
    const { connection, slots } = this.state
    this.check(this.held === null || connection.ownership === "unresolved", "the daemon ended with a task of its own")
    this.check(slots.task.terminating.length === 0, "the daemon ended before an agent whose task is over")
    this.daemonIs({ over: true })
  }

  private setAside(task: T): void {
    this.filesAre(task, { started: "no", answer: null })
  }

  private wake({ id: task_id, wake_attempts }: Work): void {
    const task = indexOf(task_id)
    this.checkWake(task)
    this.check(wake_attempts >= 1 && wake_attempts <= attempts, `a wake as attempt ${wake_attempts}`)
    this.check(this.body.launcher === null, "a wake while another is about to begin")
    // What an earlier attempt only launched, and what has shown no sign by now, never will, or only late.
    if (!this.config.late) this.filesAre(task, { worker: false })
    this.bodyIs({ launcher: { task, current: true, mine: true, heard: true, revoked: false } })
    this.ghostIs({ attempted: put(this.ghost.attempted, task, true) })
  }

  private adopt(): void {
    const { process } = this.body
    if (process === null || !process.current) throw new Violation("an agent was adopted that does not live")
    if (process.watched === "no") this.bodyIs({ process: { ...process, watched: "adopted" } })
  }

  private close(): void {
    const { socket } = this.hub
    if (this.net.open && (socket === "ours" || socket === "lost")) this.hub = socketClosed(this.hub, "none")
    this.netIs({ wanted: false, open: false, closing: false, out: [] })
  }

  /** The hub settles a task without us. */
  hubSettles(task: T, at: "dead" | "other"): void {
    this.hub = settled(this.hub, task, at)
  }
}

const answersSomething: ReadonlySet<string> = new Set(["ack", "continue", "reassign", "state", "refused", "limited"])

/** The task that the hub gives, whether it can be taken in or not. */
const assignedBy = (message: Message): { readonly task_id: string; readonly generation: number } | null => {
  if (message._tag === "TaskAssigned") return message.task
  return message._tag === "TaskUnworkable" ? message : null
}

/** What answers a frame, but for a rejection, which nobody waits long for: a late answer to one tells by its words what it is. */
const isOwed = ({ say, word }: Note): boolean => answersSomething.has(say) && word !== "unknown task_rejected"
