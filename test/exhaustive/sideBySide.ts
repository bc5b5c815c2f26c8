import type { Command } from "../../src/domain/Command.ts"
import type { Answer, Evidence } from "../../src/domain/Evidence.ts"
import type { Message } from "../../src/domain/Message.ts"
import { defaultMessagePolicy } from "../../src/domain/messages/MessagePolicy.ts"
import { noTalk, nothingHeld } from "../../src/domain/messages/Talk.ts"
import { emptyStore, initialState, type Policy, type SidecarState } from "../../src/domain/SidecarState.ts"
import { transition } from "../../src/domain/transition.ts"
import { type Batch, kindOf, unstarted, type WorkKind } from "../../src/domain/Work.ts"
import { explore, type Found } from "./explore.ts"
import { currentWake, plainAgent, plainWork } from "./side.ts"

// A task at work beside one batch of messages after the other. The hub is a good one, and always there: what it may do wrong is
// walked through with tasks alone. Agents may fail, the daemon may crash, and the disk may be full for a while.

const kinds = ["task", "messages"] as const
const task_id = "task-a"
const ids = [task_id, "batch-1", "batch-2"] as const
type Id = typeof ids[number]
const other = { task: "messages", messages: "task" } as const

const policy: Policy = {
  agent_silence_ms: 1_800_000,
  wake_command_blocks: true,
  confirmation_timeout_ms: 30_000,
  task_timeout_ms: 86_400_000,
  messages: defaultMessagePolicy
}

const success: Answer = { _tag: "Success", result: {}, tokens_used: null }
const failure: Answer = { _tag: "Failure", reason: "" }
const answers = { good: success, bad: failure } as const

/** What there is of one agent beside what the sidecar knows. */
interface Body {
  readonly process: "none" | "spawning" | "alive" | "gone"
  readonly isWatched: boolean // whether its end is waited for
  readonly started: boolean
  readonly answer: keyof typeof answers | null
  readonly isSeen: boolean // whether somebody is told what it writes
  readonly isStopping: boolean
  readonly isRetryDue: boolean
}

const noBody: Body = {
  process: "none",
  isWatched: false,
  started: false,
  answer: null,
  isSeen: false,
  isStopping: false,
  isRetryDue: false
}

interface World {
  readonly state: SidecarState
  readonly bodies: Readonly<Record<Id, Body>>
  readonly given: ReadonlyArray<Id> // in this order
  readonly isFull: boolean // the disk
  readonly faults: number // that may still happen
  readonly failing: WorkKind | null // whose agents may fail
  readonly batches: ReadonlyArray<Id>
}

const batch = (id: Id): Batch => ({
  ...unstarted,
  kind: "messages",
  id,
  generation: 1,
  payload: { message_ids: [] }
})
const assignment = { task_id, generation: 1, description: "", metadata: {}, assigned_at: 0, assignment: {} }

const idOf = (work_id: string): Id => {
  const found = ids.find((id) => id === work_id)
  if (found === undefined) throw new Error(`there is no ${work_id}`)
  return found
}

/** The work that a command is about. */
const aboutOf = (command: Command): Id =>
  "work_id" in command ? idOf(command.work_id) : "work" in command ? idOf(command.work.id) : task_id

/** The state without what cannot change what follows: texts and times. */
const plain = (state: SidecarState): SidecarState => {
  const { in_flight } = state.connection
  const slot = (kind: WorkKind) => ({
    ...state.slots[kind],
    agent: plainAgent(state.slots[kind].agent, state.stored[kind])
  })
  return {
    ...state,
    stored: {
      ...state.stored,
      task: state.stored.task && plainWork(state.stored.task),
      messages: state.stored.messages && plainWork(state.stored.messages)
    },
    connection: { ...state.connection, in_flight: in_flight && { ...in_flight, sent_at: 0 } },
    slots: { task: slot("task"), messages: slot("messages") },
    readiness: { ...state.readiness, failures: 0, paused_by: null, not_ready: null },
    talk: noTalk,
    timers: Object.fromEntries(Object.keys(state.timers).map((name) => [name, 0]))
  }
}

/** One thing that happens, and all that follows at once. */
class Happening {
  world: World
  #sent: Array<Message> = []

  constructor(world: World) {
    this.world = world
  }

  body(id: Id, change: Partial<Body>): void {
    const { bodies } = this.world
    this.world = { ...this.world, bodies: { ...bodies, [id]: { ...bodies[id], ...change } } }
  }

  check(holds: boolean, what: string): void {
    if (!holds) throw new Error(what)
  }

  tell(message: Message): void {
    this.#sent.push(message)
    this.#takeAll()
    const { connection, readiness } = this.world.state
    if (readiness.link === "open" && connection.phase === "down") this.#connect()
  }

  #takeAll(): void {
    for (let next = this.#sent.shift(); next !== undefined; next = this.#sent.shift()) this.#take(next)
  }

  #take(message: Message): void {
    const before = this.world.state
    const [after, commands] = transition(before, message, 1)
    const isUnsaved = after.stored !== before.stored && this.world.isFull
    if (isUnsaved && after.disk === "ok") {
      this.#take({ _tag: "SaveFailed", reason: "" })
      return message._tag === "SaveSucceeded" ? undefined : this.#take(message)
    }
    if ("work_id" in message) this.#checkOther(before, after, kindOf(message.work_id))
    this.world = { ...this.world, state: plain(after) }
    for (const command of commands) this.#run(command)
  }

  /** What happens to one agent leaves the other as it is. */
  #checkOther(before: SidecarState, after: SidecarState, kind: WorkKind): void {
    const of = other[kind]
    this.check(after.stored[of] === before.stored[of], `${of} work has changed upon a message about the other`)
    const [was, is] = [before.slots[of], after.slots[of]]
    this.check(was.agent === is.agent && was.terminating === is.terminating, `the slot for ${of} has changed`)
  }

  #run(command: Command): void {
    const id = aboutOf(command)
    switch (command._tag) {
      case "InspectAgent": {
        if (this.world.bodies[id].process === "spawning") this.body(id, { process: "none" })
        return void this.#sent.unshift({ _tag: "AgentInspected", work_id: id, evidence: this.#look(id) })
      }
      case "ClearEvidence":
        this.check(this.world.bodies[id].answer === null, "an answer is cleared")
        return this.body(id, { started: false })
      case "WatchResults":
        this.body(id, { isSeen: true })
        return this.#see(id)
      case "StopWatching":
        return this.body(id, { isSeen: false })
      case "WakeAgent": {
        const living = ids.filter((one) =>
          kindOf(one) === kindOf(id) && ["alive", "spawning"].includes(this.world.bodies[one].process)
        )
        this.check(living.length === 0, `${id} is woken beside ${living.join()}`)
        return this.body(id, { process: "spawning" })
      }
      case "RevokeWake":
        return this.world.bodies[id].process === "spawning" ? this.body(id, { process: "none" }) : undefined
      case "AdoptAgent":
        return this.body(id, { isWatched: true })
      case "RetryWake":
        return this.body(id, { isRetryDue: true })
      case "EndDelivery":
        return void this.#sent.push({ _tag: "DeliveryMarked", end: command.end._tag, held: nothingHeld })
      case "StopAgent":
        if (this.world.bodies[id].process === "spawning") this.body(id, { process: "none" })
        return this.body(id, { isStopping: true })
      case "SetAside":
        return this.body(id, { started: false, answer: null })
      case "RemoveFiles":
        this.check(this.world.state.stored[kindOf(id)]?.id !== id, "the files of work in hand are removed")
        return this.body(id, { started: false, answer: null })
      case "CheckReadiness":
        return void this.#sent.push({ _tag: "ReadinessChecked", obstacle: null, programs: "" })
      case "AskRecovery":
        return void this.#sent.push({ _tag: "TaskContinued", task_id, generation: 1 })
      case "ReportState":
        return void this.#sent.push({ _tag: "StateReportAnswered", task_id, action: "continue" })
      case "AcceptTask":
        return this.#acknowledge("accepted")
      case "SendReport":
        return this.#acknowledge(command.report._tag === "Complete" ? "complete" : "retried")
      case "SaveState":
        return void this.#sent.push(
          this.world.isFull ? { _tag: "SaveFailed", reason: "" } : { _tag: "SaveSucceeded" }
        )
    }
  }

  #acknowledge(status: string): void {
    this.#sent.push({ _tag: "TaskAcknowledged", task_id, status })
  }

  #look(id: Id): Evidence {
    const { answer, process, started } = this.world.bodies[id]
    return {
      process: process === "spawning" ? "none" : process,
      this_boot: true,
      started,
      last_sign_at: started ? 1 : null,
      answer: answer && answers[answer]
    }
  }

  #see(id: Id): void {
    const { answer, isSeen, started } = this.world.bodies[id]
    if (!isSeen) return
    const wake_id = this.world.state.stored[kindOf(id)]?.wake?.id ?? null
    if (started) this.#sent.push({ _tag: "AgentStarted", work_id: id, wake_id })
    if (answer !== null) this.#sent.push({ _tag: "ResultFound", work_id: id, answer: answers[answer] })
  }

  writes(id: Id, change: Pick<Partial<Body>, "started" | "answer">): void {
    this.body(id, change)
    this.#see(id)
    this.#takeAll()
  }

  ends(id: Id, code: number | null): void {
    const { isWatched } = this.world.bodies[id]
    this.body(id, { process: "gone", isWatched: false })
    if (!isWatched) return
    const end = code === null
      ? { how: "killed", code, output: "" } as const
      : { how: "exited", code, output: "" } as const
    this.tell({ _tag: "WakeExited", work_id: id, wake_id: currentWake, end })
  }

  /** The daemon dies and starts again. What was being spawned may still come up. */
  crash(comesUp: boolean): void {
    const { stored } = this.world.state
    for (const id of ids) {
      const { answer, process, started } = this.world.bodies[id]
      const left = process === "spawning" ? comesUp ? "alive" : "none" : process
      this.body(id, { ...noBody, answer, started, process: left })
    }
    const survivors = ids.filter((id) => this.world.bodies[id].process === "alive")
    this.world = { ...this.world, state: initialState(policy), faults: this.world.faults - 1 }
    this.tell({ _tag: "Restarted", stored, survivors })
  }

  #connect(): void {
    this.#sent.push({ _tag: "Connected" }, { _tag: "Identified" })
    this.#takeAll()
  }
}

type Move = (happening: Happening) => void

/** All that may happen next to one agent. */
const agentMoves = ({ bodies, failing }: World, id: Id): ReadonlyArray<Move> => {
  const { answer, isRetryDue, isStopping, process, started } = bodies[id]
  const fails = kindOf(id) === failing
  const moves: Array<Move> = []
  if (process === "spawning") {
    moves.push((next) => {
      next.body(id, { process: "alive", isWatched: true })
      next.tell({ _tag: "WakeSpawned", work_id: id, wake_id: currentWake })
    })
  }
  if (process === "alive") {
    if (!started) moves.push((next) => next.writes(id, { started: true }))
    if (answer === null) moves.push((next) => next.writes(id, { answer: "good" }))
    if (answer === null && fails) moves.push((next) => next.writes(id, { answer: "bad" }))
    if (answer !== null || fails) moves.push((next) => next.ends(id, 0))
    if (fails) moves.push((next) => next.ends(id, 1))
  }
  if (isStopping) {
    moves.push((next) => {
      const was_alive = process === "alive"
      if (was_alive) next.ends(id, null)
      next.body(id, { isStopping: false })
      next.tell({ _tag: "AgentStopped", work_id: id, was_alive })
    })
  }
  if (isRetryDue) {
    moves.push((next) => {
      next.body(id, { isRetryDue: false })
      next.tell({ _tag: "RetryDue", work_id: id })
    })
  }
  return moves
}

const timerMoves = ({ failing, state: { timers } }: World): ReadonlyArray<Move> =>
  kinds.flatMap((kind) => {
    const ofFailures = kind === failing ? ["confirmation", "timeout"] as const : []
    return (["late_answer", "check", "inspection", ...ofFailures] as const).map((name) => `${kind}_${name}` as const)
  }).filter((timer) => timers[timer] !== undefined)
    .map((timer) => (next) => next.tell({ _tag: "TimerFired", timer, due: 0 }))

const give = (id: Id, message: Message): Move => (next) => {
  next.world = { ...next.world, given: [...next.world.given, id] }
  next.tell(message)
}

const moves = (world: World): ReadonlyArray<Move> => {
  const { batches, faults, given, isFull, state } = world
  const next_batch = batches.find((id) => !given.includes(id))
  return [
    ...ids.flatMap((id) => agentMoves(world, id)),
    ...timerMoves(world),
    ...given.includes(task_id) || state.connection.phase !== "identified"
      ? []
      : [give(task_id, { _tag: "TaskAssigned", task: assignment })],
    ...next_batch === undefined || state.stored.messages !== null || state.disk !== "ok"
      ? []
      : [give(next_batch, { _tag: "BatchReady", batch: batch(next_batch) })],
    ...faults === 0 ? [] : [
      (next: Happening) => next.crash(true),
      (next: Happening) => next.crash(false),
      ...isFull ? [] : [(next: Happening) => {
        next.world = { ...next.world, isFull: true, faults: faults - 1 }
      }]
    ],
    ...state.readiness.link === "open" ? [] : [(next: Happening) => {
      next.tell({ _tag: "TimerFired", timer: "readiness", due: 0 })
    }],
    ...!isFull ? [] : [(next: Happening) => {
      next.world = { ...next.world, isFull: false }
      if (next.world.state.timers.disk !== undefined) next.tell({ _tag: "TimerFired", timer: "disk", due: 0 })
    }]
  ]
}

const isDone = ({ batches, given, state: { slots, stored } }: World): boolean =>
  given.length === batches.length + 1 && stored.task === null && stored.messages === null &&
  kinds.every((kind) => slots[kind].terminating.length === 0)

/** What each move makes of a world. None is a fault that the end could not rely on. */
const successors = function*(world: World): Iterable<readonly [World, boolean]> {
  for (const move of moves(world)) {
    const next = new Happening(world)
    move(next)
    yield [next.world, false]
  }
}

/** Walks through everything that may happen, from both idle to both done. */
export const walkSideBySide = (from: Pick<World, "faults" | "failing" | "batches">): Found => {
  const start = new Happening({
    state: initialState(policy),
    bodies: { "task-a": noBody, "batch-1": noBody, "batch-2": noBody },
    given: [],
    isFull: false,
    ...from
  })
  start.tell({ _tag: "Restarted", stored: emptyStore, survivors: [] })
  return explore({ begin: start.world, successors, isDone })
}
