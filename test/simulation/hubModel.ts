import { penalised } from "../../src/dev/agents.ts"
import { connect, disconnect, hear, keepOpen } from "../../src/dev/connections.ts"
import { fireNext, nextDeadline } from "../../src/dev/engine.ts"
import { emptyDurable, type Hub, type Output, start } from "../../src/dev/hub.ts"
import type { JsonObject } from "../../src/dev/json.ts"
import { schedule } from "../../src/dev/queue.ts"
import { receive } from "../../src/dev/receive.ts"
import { cancel, type Planned } from "./Timeline.ts"
import type { World } from "./world.ts"

export const our_id = "ours"

/** A little longer than the window in which an agent that was rate limited gets no tasks. */
const penalty_ms = 61_000

/** One end of a socket, as the hub's side of it sees it. */
export interface Endpoint {
  readonly frame: (frame: JsonObject, isPush: boolean) => void
  readonly closed: (code: number, reason: string) => void
}

/** What hubs of other ages do not know, or do differently. */
interface Flavour {
  readonly unknown: ReadonlySet<string>
  readonly takesRejections: boolean
}

const drawFlavour = ({ chance }: World): Flavour => {
  const older = chance.is("hub flavour", 0.25)
  return {
    unknown: new Set([
      ...(older ? ["state_report"] : []),
      ...(older || chance.is("hub flavour", 0.2) ? ["wake_result"] : [])
    ]),
    takesRejections: chance.is("hub flavour", 0.1)
  }
}

const older_hub = "older hub "

/** The frame as a hub sees it that does not know its type. */
const unknownType = (frame: JsonObject): JsonObject => ({ ...frame, type: `${older_hub}${String(frame["type"])}` })

/** The frames that `rate_limited` may answer. */
const isLimited = (type: unknown): boolean => type !== "identify" && type !== "ping"

/**
 * The hub: the books of the development hub, which are held to the recordings and probes of a real one, in virtual time.
 * One event at a time, timers at their own times.
 */
export class HubModel {
  books: Hub
  up = true
  /** Until when it takes frames and says nothing; virtual milliseconds. */
  mute_until = 0
  readonly flavour: Flavour
  /** The tasks of which it has refused an acceptance, and so waits on for one. */
  readonly refusedAccepts = new Set<string>()
  /** Something in the books may be otherwise now. */
  changed: () => void = () => undefined
  readonly endpoints = new Map<number, Endpoint>()
  readonly #world: World
  readonly #onAnswer: (frame: JsonObject, answer: JsonObject | null) => void
  readonly #onTakenBack: (task_id: string, generation: number) => void
  readonly #pushed = new Map<string, number>() // the generation of the last push of each task
  #timer: Planned | null = null
  #trigger = 0
  #ids = 0
  #count = 0

  constructor(
    world: World,
    onAnswer: (frame: JsonObject, answer: JsonObject | null) => void,
    onTakenBack: (task_id: string, generation: number) => void
  ) {
    this.#onTakenBack = onTakenBack
    this.#world = world
    this.#onAnswer = onAnswer
    this.flavour = drawFlavour(world)
    this.books = this.#boot(emptyDurable())
  }

  #boot(durable: Parameters<typeof start>[0]): Hub {
    return start(durable, {
      makeId: () => (++this.#ids).toString(16).padStart(16, "0"),
      count: () => ++this.#count,
      messageCostMs: 0
    }, this.#world.hubTime)
  }

  /** One event in the books, with all that follows from it. */
  act<A>(event: (hub: Hub, now: number) => A): A {
    this.#catchUp()
    const result = event(this.books, this.#world.hubTime)
    this.#settle()
    this.#plan()
    this.changed()
    return result
  }

  #catchUp(): void {
    const now = this.#world.hubTime
    while (this.up && nextDeadline(this.books) <= now) {
      const ours = [...this.books.tasks.values()].filter(({ assigned_to }) => assigned_to === our_id)
      fireNext(this.books)
      for (const { complete_by, generation, id } of ours) {
        if (complete_by === null && this.books.tasks.get(id)?.generation !== generation) {
          this.#onTakenBack(id, generation)
        }
      }
      this.#settle()
    }
  }

  #plan(): void {
    const due = this.up ? nextDeadline(this.books) - this.#world.hubTime : Number.POSITIVE_INFINITY
    if (this.#timer !== null && this.#timer.run !== null && this.#timer.at === this.#world.now + due) return
    cancel(this.#timer)
    this.#timer = Number.isFinite(due) ? this.#world.timeline.after(due, () => this.act(() => undefined)) : null
  }

  #settle(): void {
    const { chance, faults, timeline } = this.#world
    if (this.books.scheduleWanted) {
      this.books.scheduleWanted = false
      const trigger = ++this.#trigger
      if (!faults.strikes("assignment_delayed")) schedule(this.books, this.#world.hubTime)
      else {
        const wait = chance.between("assign", 1, 4_000)
        this.#world.hinders(this.#world.now + wait)
        timeline.after(wait, () => {
          if (trigger === this.#trigger && this.up) this.act((hub, now) => schedule(hub, now))
        })
      }
    }
    for (const output of this.books.outputs.splice(0)) {
      keepOpen(this.books, output, this.#world.hubTime)
      if (output._tag === "Push" && faults.strikes("push_delayed")) {
        const wait = chance.between("push", 1, 3_000)
        this.#world.hinders(this.#world.now + wait)
        timeline.after(wait, () => this.#perform(output))
      } else this.#perform(output)
      if (output._tag === "Push") this.#repeat(output)
    }
  }

  /** An assignment comes once more when a newer one has come already. */
  #repeat(output: Extract<Output, { readonly _tag: "Push" }>): void {
    const { chance, faults, timeline } = this.#world
    const strike = faults.mayStrike("push_repeated_late")
    if (strike === null) return
    const { generation, task_id } = output.frame
    timeline.after(chance.between("repeat", 100, 60_000), () => {
      const task = this.books.tasks.get(String(task_id))
      if (!this.up || task?.status !== "assigned" || task.assigned_to !== our_id) return
      if (this.#pushed.get(task.id) !== task.generation || task.generation <= Number(generation)) return
      if (!this.endpoints.has(output.socket)) return
      faults.injected(strike)
      this.#perform(output)
    })
  }

  #perform(output: Output): void {
    if (output._tag === "Respond") return output.respond()
    const endpoint = this.endpoints.get(output.socket)
    if (endpoint === undefined) return
    if (output._tag === "Push") this.#pushed.set(String(output.frame["task_id"]), Number(output.frame["generation"]))
    if (output._tag === "Send" || output._tag === "Push") return endpoint.frame(output.frame, output._tag === "Push")
    this.endpoints.delete(output.socket)
    endpoint.closed(output._tag === "Close" ? output.code : 1006, output._tag === "Close" ? output.reason : "")
  }

  open(endpoint: Endpoint): number {
    const id = this.act((hub, now) => connect(hub, now))
    this.endpoints.set(id, endpoint)
    return id
  }

  /** A frame of ours arrives. */
  receive(socket: number, frame: JsonObject): void {
    if (this.mute_until > this.#world.now) this.#world.troubles(this.#world.now)
    if (!this.up || this.mute_until > this.#world.now || !this.books.sockets.has(socket)) return
    const type = frame["type"]
    this.act((hub, now) => {
      const before = hub.outputs.length
      this.#handle(hub, socket, frame, now)
      const answer = hub.outputs.slice(before).find((output) => output._tag === "Send" && output.socket === socket)
      this.#onAnswer(frame, answer?._tag === "Send" ? answer.frame : null)
      for (const output of hub.outputs) {
        if (output._tag === "Send" && output.frame["message_type"] === `${older_hub}${String(type)}`) {
          Object.assign(output.frame, { message_type: type })
        }
      }
    })
  }

  #handle(hub: Hub, socket: number, frame: JsonObject, now: number): void {
    const { chance, faults } = this.#world
    const type = String(frame["type"])
    const say = (answer: JsonObject) => hub.outputs.push({ _tag: "Send", socket, frame: answer })
    if (type === "identify" && faults.strikes("identify_refused")) {
      return void say({ type: "error", error: "invalid_token" })
    }
    if (type === "identify" && faults.strikes("identify_cooldown")) {
      disconnect(hub, socket, now)
      return void hub.outputs.push({ _tag: "Close", socket, code: 1008, reason: "cooldown active: retry in 30s" })
    }
    if (isLimited(type) && faults.strikes("rate_limited")) {
      this.#world.troubles(this.#world.now)
      hub.penalties.set(our_id, penalised(hub.penalties.get(our_id), now))
      this.matchAfter(penalty_ms)
      const retry_after_ms = chance.between("rate limit", 1, 20) * 1_000
      return void say({ type: "rate_limited", retry_after_ms, tier: type === "status" ? "light" : "normal" })
    }
    if (type === "task_complete" && faults.strikes("answer_refused_by_hub")) {
      const error = chance.pick("refusal", ["validation_failed", "invalid_json"])
      return void say({ type: "error", error, ...(error === "invalid_json" ? {} : { message_type: type, errors: [] }) })
    }
    if (type === "task_accepted" && faults.strikes("accept_refused_by_hub")) {
      this.refusedAccepts.add(String(frame["task_id"]))
      this.#world.hinders(this.#world.now)
      return void say({ type: "error", error: "validation_failed", message_type: type, errors: [] })
    }
    if (type === "task_rejected" && this.flavour.takesRejections) return
    receive(hub, socket, this.flavour.unknown.has(type) ? unknownType(frame) : frame, now)
  }

  /** When an agent may have tasks again, something sooner or later makes the hub look. */
  matchAfter(delay: number): void {
    this.#world.timeline.after(delay, () => {
      if (!this.up) return
      this.act((hub) => {
        hub.scheduleWanted = true
      })
    })
  }

  /** Our ping, and its pong: what they do to the books. */
  heard(socket: number): void {
    if (this.up) hear(this.books, socket, this.#world.hubTime)
  }

  /** The hub notices that a socket is gone. */
  lost(socket: number): void {
    this.endpoints.delete(socket)
    if (this.books.sockets.has(socket)) this.act((hub, now) => disconnect(hub, socket, now))
  }

  /** A half-open link, on which others' frames go out all the time: the hub does not notice. */
  freeze(socket: number): void {
    hear(this.books, socket, Number.POSITIVE_INFINITY)
  }

  halt(): void {
    this.up = false
    this.#trigger++
    this.books = this.#boot(this.books)
    this.#plan()
    for (const [id, endpoint] of [...this.endpoints]) {
      this.endpoints.delete(id)
      endpoint.closed(1006, "")
    }
    this.changed()
  }

  resume(): void {
    this.up = true
    this.books = this.#boot(this.books)
    this.act((hub) => {
      hub.scheduleWanted = true
    })
  }
}
