import type { Command } from "../../src/domain/Command.ts"
import type { Message } from "../../src/domain/Message.ts"
import type { Judged } from "../../src/domain/messages/Fate.ts"
import type { InboxMessage } from "../../src/domain/messages/InboxMessage.ts"
import { defaultMessagePolicy } from "../../src/domain/messages/MessagePolicy.ts"
import type { SendOutcome } from "../../src/domain/messages/Outgoing.ts"
import { type Held, noTalk, nothingKnown, type Reading } from "../../src/domain/messages/Talk.ts"
import { emptyStore, initialState, type SidecarState } from "../../src/domain/SidecarState.ts"
import { transition } from "../../src/domain/transition.ts"
import { type Batch, unstarted } from "../../src/domain/Work.ts"
import { explore, type Found } from "./explore.ts"
import { plainAgent, plainWork } from "./side.ts"

// Talk without tasks: two messages for us and a reply of ours, over a connection that may break, a hub that may not answer, a database
// that may refuse, and a daemon that may crash. What an agent may do wrong is walked through side by side with tasks.

const ids = ["m1", "m2"] as const
export type Id = typeof ids[number]
const reply_key = "reply-m1"
const early = 1
const late = 1e12
const ahead = 1e6 // of a wait that is not over
const store_retry_ms = 5_000 // until the database is asked again

type Place = "none" | "pushed" | "waiting" | "delivering" | "delivered"

/** What is under way at the hub. Only what was asked on this connection counts. */
type Asked =
  | { readonly _tag: "Read"; readonly reading: Reading; readonly pass: number }
  | { readonly _tag: "Acknowledge"; readonly up_to: number; readonly pass: number }

interface World {
  readonly state: SidecarState
  readonly said: ReadonlyArray<Id> // that the hub has in its history
  readonly onTheWay: ReadonlyArray<Id> // pushed, and not read yet
  readonly mailbox: ReadonlyArray<Id>
  readonly store: Readonly<Record<Id, Place>>
  readonly batch: Batch | null // that the marks speak of
  readonly reply: "none" | "queued" | "sending" | "sent"
  readonly hubHas: number // how often
  readonly asked: Asked | null
  readonly page: ReadonlyArray<Id> | null // of the mailbox, read last and not acknowledged
  readonly sending: boolean
  readonly ending: boolean // how the delivery ended is being marked
  readonly agent: "none" | "spawning" | "working" | "answered"
  readonly faults: number // that may still happen
}

const policy = {
  agent_silence_ms: 1_800_000,
  wake_command_blocks: true,
  confirmation_timeout_ms: 30_000,
  task_timeout_ms: 86_400_000,
  messages: { ...defaultMessagePolicy, agent_id: "us", delivers: true, batch_max: 2 }
}

const seqOf = (id: Id): number => ids.indexOf(id) + 1
const batch_id = "batch-1"

const messageOf = (id: Id, way: InboxMessage["way"]): InboxMessage => ({
  id,
  way,
  channel: null,
  from: "bob",
  type: "chat",
  payload: {},
  reply_to: null,
  sent_at: 0
})

const idOf = (text: string): Id => {
  const found = ids.find((id) => id === text)
  if (found === undefined) throw new Error(`there is no ${text}`)
  return found
}

const isPast = (time: number, now: number): number => time > now ? ahead : 0

/** The state without what cannot change what follows: texts and times. */
const plain = (state: SidecarState, now: number): SidecarState => {
  const { messages } = state.stored
  const { talk } = state
  return {
    ...state,
    stored: { ...state.stored, messages: messages && plainWork(messages) },
    slots: {
      ...state.slots,
      messages: { ...state.slots.messages, agent: plainAgent(state.slots.messages.agent, messages) }
    },
    readiness: { ...state.readiness, not_ready: null },
    talk: {
      ...talk,
      met_at: null,
      delivered_at: talk.delivered_at === null ? null : early,
      held_until: talk.held_until === null ? null : isPast(talk.held_until, now),
      send_after: isPast(talk.send_after, now),
      send_failures: Math.min(1, talk.send_failures),
      sends: noTalk.sends,
      to_read: talk.to_read.map(plainReading),
      reading: talk.reading && plainReading(talk.reading)
    },
    timers: Object.fromEntries(Object.keys(state.timers).map((name) => [name, 0]))
  }
}

const plainReading = (reading: Reading): Reading =>
  reading._tag === "History" ? { ...reading, start: 0, end: reading.end && 0 } : reading

/** One thing that happens, and all that follows at once. */
class Happening {
  world: World
  #learnt: Array<Message> = []
  readonly #refuses: boolean
  #now = early

  /** `refuses`: the database takes nothing while this happens. */
  constructor(world: World, refuses = false) {
    this.world = world
    this.#refuses = refuses
  }

  is(change: Partial<World>): void {
    this.world = { ...this.world, ...change }
  }

  check(holds: boolean, what: string): void {
    if (!holds) throw new Error(what)
  }

  tell(message: Message, now = early): void {
    this.#now = now
    this.#learnt.push(message)
    for (let next = this.#learnt.shift(); next !== undefined; next = this.#learnt.shift()) {
      const [after, commands] = transition(this.world.state, next, now)
      this.is({ state: plain(after, now) })
      for (const command of commands) this.#run(command)
    }
  }

  get held(): Held {
    const { reply, store } = this.world
    const waiting = ids.filter((id) => store[id] === "waiting").length
    const isPushed = ids.some((id) => store[id] === "pushed")
    return {
      revision: 0, // what happens is told at once
      waiting,
      first_at: waiting > 0 ? 0 : null,
      urgent_at: null,
      pushed: isPushed ? { from: 0, until: 0 } : null,
      outgoing: reply === "queued" || reply === "sending" ? 1 : 0,
      missed_from: null
    }
  }

  #place(from: ReadonlyArray<Place>, to: Place, which: ReadonlyArray<Id> = ids): void {
    const { store } = this.world
    const moved = which.filter((id) => from.includes(store[id])).map((id) => [id, to])
    this.is({ store: { ...store, ...Object.fromEntries(moved) } })
  }

  #learn(message: Message): void {
    this.#learnt.push(this.#refuses ? { _tag: "MessagesUnrecorded", reason: "" } : message)
  }

  #record(judged: ReadonlyArray<Judged>): void {
    if (!this.#refuses) {
      for (const { message } of judged) {
        const isPushed = message.way === "pushed"
        this.#place(isPushed ? ["none"] : ["none", "pushed"], isPushed ? "pushed" : "waiting", [idOf(message.id)])
      }
    }
    this.#learn({ _tag: "MessagesRecorded", held: this.held, recorded: [] })
  }

  #run(command: Command): void {
    const { world } = this
    switch (command._tag) {
      case "RecordMessages":
        return this.#record(command.judged)
      case "SettlePushed":
        if (!this.#refuses) this.#place(["pushed"], "waiting")
        return this.#learn({ _tag: "MessagesRecorded", held: this.held, recorded: [] })
      case "ReadHub": // which ends the one that is under way
        return this.is({ asked: { ...command, _tag: "Read" } })
      case "AcknowledgeMailbox":
        this.check(world.state.connection.phase === "identified", "a mailbox is acknowledged without a connection")
        this.check(
          world.page !== null && world.page.every((id) => world.store[id] !== "none"),
          "a mailbox is acknowledged that is not on the disk"
        )
        return this.is({ asked: { ...command, _tag: "Acknowledge" }, page: null })
      case "ChooseBatch":
        return this.#choose()
      case "BeginDelivery":
        this.check(world.agent === "none" && !world.ending, "two deliveries at once")
        return this.#begin(command.batch)
      case "EndDelivery":
        return this.is({ ending: true })
      case "SendNext":
        this.check(!world.sending, "two messages are sent at once")
        return this.is({ sending: true })
      default:
        return this.#runForAgent(command)
    }
  }

  #choose(): void {
    const message_ids = ids.filter((id) => this.world.store[id] === "waiting")
    const batch: Batch = { ...unstarted, kind: "messages", id: batch_id, generation: 1, payload: { message_ids } }
    const isNone = this.#refuses || message_ids.length === 0
    const retry_at = this.#refuses ? this.#now + store_retry_ms : null
    this.#learnt.push(isNone ? { _tag: "NoBatch", retry_at, held_back: 0 } : { _tag: "BatchReady", batch })
  }

  #begin(batch: Batch): void {
    if (!this.#refuses) {
      this.is({ batch })
      this.#place(["waiting"], "delivering", batch.payload.message_ids.map(idOf))
    }
    this.#learn({ _tag: "HeldChanged", held: this.held })
  }

  #runForAgent(command: Command): void {
    switch (command._tag) {
      case "InspectAgent": {
        const { agent } = this.world
        const process = agent === "working" ? "alive" : "none"
        const answer = agent === "answered" ? { _tag: "Success", result: {}, tokens_used: null } as const : null
        const evidence = { process, this_boot: true, started: agent === "working", last_sign_at: null, answer } as const
        return void this.#learnt.push({ _tag: "AgentInspected", work_id: batch_id, evidence })
      }
      case "WakeAgent":
        return this.is({ agent: "spawning" })
      case "StopAgent":
        return void this.#learnt.push({ _tag: "AgentStopped", work_id: batch_id, was_alive: false })
      case "RemoveFiles":
        return this.is({ agent: "none" })
      case "CheckReadiness":
        return void this.#learnt.push({ _tag: "ReadinessChecked", obstacle: null, programs: "" })
    }
  }

  /** The marks follow how the delivery ended; its reply is queued with them. */
  #mark(answers: boolean): void {
    const batch = this.world.state.stored.messages
    if (batch === null) throw new Error("a delivery ends that is not at work")
    const which = batch.payload.message_ids.map(idOf)
    this.#place(["waiting", "delivering"], answers ? "delivered" : "waiting", which)
    const isReply = answers && which.includes("m1") && this.world.reply === "none"
    this.is({ ending: false, batch: null, reply: isReply ? "queued" : this.world.reply })
    if (!answers) this.is({ agent: "none" })
  }

  ends(answers: boolean): void {
    this.#mark(answers)
    this.tell({ _tag: "DeliveryMarked", end: answers ? "Delivered" : "Failed", held: this.held })
  }

  /** How an attempt to send ended; `arrives`: the hub has it now. */
  sends(outcome: SendOutcome, arrives: boolean): void {
    const { hubHas, reply } = this.world
    const isKnown = reply === "sending" && hubHas > 0 // the hub's history has it
    const isSent = isKnown || outcome._tag === "Sent"
    this.is({
      sending: false,
      hubHas: isKnown || !arrives ? hubHas : hubHas + 1,
      reply: isSent ? "sent" : outcome._tag === "Unknown" ? "sending" : "queued"
    })
    this.check(this.world.hubHas <= 1 || outcome._tag === "Failed", "a reply came to the hub twice")
    const told: SendOutcome = isSent ? { _tag: "Sent", hub_id: null } : outcome
    this.tell({ _tag: "SendEnded", key: reply_key, outcome: told, held: this.held })
  }

  /** The hub answers what it was asked. */
  answers(asked: Asked): void {
    this.is({ asked: null })
    if (asked._tag === "Acknowledge") {
      this.is({ mailbox: this.world.mailbox.filter((id) => seqOf(id) > asked.up_to) })
      return this.tell({ _tag: "MailboxAcknowledged", pass: asked.pass, done: true })
    }
    const { pass, reading } = asked
    const found = { messages: [], up_to: null, next: null, room: null, channels: null, is_full: false } as const
    const nothing = { _tag: "HubRead", reading, pass, ...found } as const
    if (reading._tag === "History") {
      const messages = this.world.said.map((id) => messageOf(id, "direct"))
      return this.tell({ ...nothing, messages })
    }
    if (reading._tag !== "Mailbox") return this.tell(nothing)
    const [first, second] = this.world.mailbox.filter((id) => seqOf(id) > reading.since)
    if (first === undefined) return this.tell(nothing)
    const up_to = seqOf(first)
    if (pass === this.world.state.talk.pass) this.is({ page: [first] })
    this.tell({
      ...nothing,
      messages: [messageOf(first, "direct")],
      up_to,
      next: second === undefined ? null : { _tag: "Mailbox", since: up_to }
    })
  }

  connect(): void {
    this.tell({ _tag: "Connected" })
    this.tell({ _tag: "Identified" })
    this.tell({ _tag: "HubTimeTold", hub_time: early })
  }

  /** What was pushed and not read is lost. */
  disconnect(): void {
    this.is({ onTheWay: [], page: null })
    this.tell({ _tag: "Disconnected", half_open: false })
  }

  /** The daemon dies and starts again. What it asked of the hub and of the database may have been done, or not. */
  crash(isDone: boolean): void {
    if (isDone && this.world.ending) this.#mark(true)
    const { asked, hubHas, reply, sending, state: { stored } } = this.world
    const arrives = isDone && sending && !(reply === "sending" && hubHas > 0)
    const acknowledged = isDone && asked?._tag === "Acknowledge" ? asked.up_to : 0
    this.is({
      state: initialState(policy),
      onTheWay: [],
      mailbox: this.world.mailbox.filter((id) => seqOf(id) > acknowledged),
      reply: sending ? "sending" : reply,
      hubHas: arrives ? hubHas + 1 : hubHas,
      asked: null,
      page: null,
      sending: false,
      ending: false,
      agent: this.world.agent === "answered" ? "answered" : "none"
    })
    this.#place(["delivering"], "waiting")
    const at_work = stored.messages
    const which = at_work?.payload.message_ids.map(idOf) ?? []
    const is_delivered = which.some((id) => this.world.store[id] === "delivered")
    if (!is_delivered) this.#place(["waiting"], "delivering", which)
    this.is({ batch: is_delivered ? null : at_work, agent: is_delivered ? "none" : this.world.agent })
    this.tell({
      _tag: "Restarted",
      stored,
      survivors: [],
      talk: { held: this.held, known: nothingKnown, is_delivered }
    })
  }
}

interface Move {
  readonly fault: boolean
  readonly make: (happening: Happening) => void
}

const move = (make: Move["make"]): Move => ({ fault: false, make })
const fault = (make: Move["make"]): Move => ({ fault: true, make })

/** All that the hub may do next. */
const hubMoves = ({ asked, mailbox, onTheWay, said, sending, state }: World): ReadonlyArray<Move> => {
  const next = ids.find((id) => !said.includes(id))
  const [first, ...rest] = onTheWay
  const isThere = state.connection.phase === "identified"
  const moves: Array<Move> = []
  if (next !== undefined) {
    moves.push(move((happening) => {
      happening.is({ said: [...said, next] })
      happening.is(isThere ? { onTheWay: [...onTheWay, next] } : { mailbox: [...mailbox, next] })
    }))
  }
  if (first !== undefined) {
    moves.push(move((happening) => {
      happening.is({ onTheWay: rest })
      happening.tell({ _tag: "MessageHeard", message: messageOf(first, "pushed") })
    }))
  }
  if (asked !== null) {
    moves.push(
      move((happening) => happening.answers(asked)),
      fault((happening) => {
        const { pass } = asked
        happening.is({ asked: null })
        happening.tell(
          asked._tag === "Read"
            ? { _tag: "HubUnread", reading: asked.reading, pass, reason: "" }
            : { _tag: "MailboxAcknowledged", pass, done: false }
        )
      })
    )
  }
  if (sending) {
    moves.push(
      move((happening) => happening.sends({ _tag: "Sent", hub_id: null }, true)),
      fault((happening) => happening.sends({ _tag: "Failed", reason: "" }, false)),
      fault((happening) => happening.sends({ _tag: "Unknown", reason: "" }, false)),
      fault((happening) => happening.sends({ _tag: "Unknown", reason: "" }, true)),
      fault((happening) => happening.sends({ _tag: "Limited" }, false))
    )
  }
  return moves
}

/** All that may happen next on our machine. */
const ourMoves = ({ agent, ending, state }: World): ReadonlyArray<Move> => {
  const { connection, readiness, stored, timers } = state
  const wake_id = stored.messages?.wake?.id ?? ""
  const moves: Array<Move> = (["batch", "send", "catch_up", "messages_inspection"] as const)
    .filter((timer) => timers[timer] !== undefined)
    .map((timer) => move((happening) => happening.tell({ _tag: "TimerFired", timer, due: 0 }, late)))
  if (agent === "spawning") {
    moves.push(move((happening) => {
      happening.is({ agent: "working" })
      happening.tell({ _tag: "WakeSpawned", work_id: batch_id, wake_id })
    }))
  }
  if (agent === "working") {
    moves.push(move((happening) => {
      happening.is({ agent: "answered" })
      const answer = { _tag: "Success", result: {}, tokens_used: null } as const
      happening.tell({ _tag: "ResultFound", work_id: batch_id, answer })
    }))
  }
  if (ending) moves.push(move((happening) => happening.ends(true)), fault((happening) => happening.ends(false)))
  if (readiness.link === "open" && connection.phase === "down") moves.push(move((happening) => happening.connect()))
  if (connection.phase === "identified") moves.push(fault((happening) => happening.disconnect()))
  return [...moves, fault((happening) => happening.crash(true)), fault((happening) => happening.crash(false))]
}

const isDone = ({ ending, mailbox, reply, said, state: { stored, talk }, store }: World): boolean =>
  said.length === ids.length && ids.every((id) => store[id] === "delivered") && mailbox.length === 0 &&
  reply === "sent" &&
  !ending && stored.messages === null && !talk.behind && talk.reading === null

const begin = (faults: number): World => {
  const start = new Happening({
    state: initialState(policy),
    said: [],
    onTheWay: [],
    mailbox: [],
    store: { m1: "none", m2: "none" },
    batch: null,
    reply: "none",
    hubHas: 0,
    asked: null,
    page: null,
    sending: false,
    ending: false,
    agent: "none",
    faults
  })
  start.tell({ _tag: "Restarted", stored: emptyStore, survivors: [] })
  return start.world
}

/** All that may come of a world, each with whether it takes a fault. */
const successors = (world: World): ReadonlyArray<readonly [World, boolean]> => {
  const found: Array<readonly [World, boolean]> = []
  const after = (make: Move["make"], isFault: boolean, refuses: boolean) => {
    const next = new Happening(isFault ? { ...world, faults: world.faults - 1 } : world, refuses)
    make(next)
    found.push([next.world, isFault])
  }
  for (const one of [...hubMoves(world), ...ourMoves(world)]) {
    if (!one.fault || world.faults > 0) after(one.make, one.fault, false)
    if (!one.fault && world.faults > 0) after(one.make, true, true)
  }
  return found
}

/** Walks through everything that may happen with that many faults, from nothing said to all delivered and answered. */
export const walkTalk = (faults: number): Found => explore({ begin: begin(faults), successors, isDone })
