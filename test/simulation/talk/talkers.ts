import * as channels from "../../../src/dev/channels.ts"
import { disconnect, hear } from "../../../src/dev/connections.ts"
import type { JsonObject } from "../../../src/dev/json.ts"
import { receive } from "../../../src/dev/receive.ts"
import { hopsOf } from "../../../src/domain/messages/judge.ts"
import { type HubModel, our_id } from "../hubModel.ts"
import type { World } from "../world.ts"
import { post } from "./messenger.ts"
import { tight } from "./policy.ts"

const second_ms = 1_000
const channel = "ops"
const most_answers = 60 // of a talker that counts no hops

/** What an agent does with what it hears of us: nothing, or it answers everything, with or without counting the answers. */
type Manner = "silent" | "counts" | "echoes"

const types = ["chat", "chat", "chat", "request", "alert", "ping", "status_request", "notify", "response"] as const

/** Another agent that talks, by HTTP. */
class Talker {
  #socket: number | null = null
  #answers = 0
  readonly id: string
  readonly #world: World
  readonly #hub: HubModel
  readonly #manner: Manner
  readonly #heard: (id: string) => void

  constructor(world: World, hub: HubModel, id: string, heard: (id: string) => void) {
    this.#world = world
    this.#hub = hub
    this.id = id
    this.#heard = heard
    this.#manner = world.chance.pick("manner", ["silent", "counts", "echoes"])
    hub.books.tokens.set(id, id)
  }

  /** Comes to the hub, or leaves it. */
  join(): void {
    if (this.#socket !== null || !this.#hub.up) return
    const socket = this.#hub.open({
      frame: (frame) => this.#hear(frame),
      closed: () => {
        this.#socket = null
      }
    })
    this.#socket = socket
    const identify = {
      type: "identify",
      agent_id: this.id,
      token: this.id,
      name: this.id,
      status: "busy",
      capabilities: ["talk"],
      client_type: "talker",
      protocol_version: 1
    }
    this.#hub.act((books, now) => {
      receive(books, socket, identify, now)
      books.agents.delete(this.id) // so that it gets no tasks, which it would not work on
    })
    hear(this.#hub.books, socket, Number.POSITIVE_INFINITY)
  }

  leave(): void {
    const socket = this.#socket
    if (socket === null) return
    this.#socket = null
    this.#hub.endpoints.delete(socket)
    this.#hub.act((books, now) => disconnect(books, socket, now))
  }

  say(path: string, body: JsonObject): void {
    if (!this.#hub.up) return
    this.#world.note(() => `${this.id} says ${path} ${JSON.stringify(body)}`)
    this.#hub.act((books, now) => post(books, this.id, path, body, now, () => undefined))
  }

  /** It answers in the way in which it was spoken to. */
  #hear(frame: JsonObject): void {
    if (frame["from"] !== our_id) return
    const { chance, faults, timeline } = this.#world
    const id = String(frame["id"])
    if (frame["type"] === "message") this.#heard(id)
    if (this.#manner === "silent") return
    const counts = this.#manner === "counts"
    if (!counts && (faults.quiet || this.#answers++ >= most_answers)) return
    const said = frame["payload"]
    const hops = typeof said === "object" && said !== null ? hopsOf({ ...said }) : 0
    const payload = { text: `re: ${id}`, ...(counts ? { hops: hops + 1 } : {}) }
    timeline.after(chance.between("answer", 100, 5_000), () => {
      if (frame["type"] === "room_message") {
        if (!counts) this.say("api/room/message", { text: `I heard ${String(frame["seq"])}` })
      } else if (frame["type"] === "channel_message") {
        this.say(`api/channels/${channel}/publish`, { type: "chat", payload, reply_to: id })
      } else this.say("api/message", { to: our_id, type: "chat", payload, reply_to: id })
    })
  }
}

/** All the agents that talk, and what they say by themselves. */
export class Talkers {
  readonly #world: World
  readonly #hub: HubModel
  readonly #talkers: ReadonlyArray<Talker>
  readonly #ids: Array<string> = [] // of messages of ours that somebody heard
  #texts = 0

  constructor(world: World, hub: HubModel) {
    this.#world = world
    this.#hub = hub
    this.#talkers = ["talker-1", "talker-2", "talker-3"].map((id) =>
      new Talker(world, hub, id, (heard) => this.#ids.push(heard))
    )
  }

  /** Plans what is said while faults strike. */
  begin(faulty_ms: number): void {
    const { chance, timeline } = this.#world
    this.#hub.act((books, now) => {
      channels.create(books, channel, "", now)
      const ops = channels.find(books, channel)
      if (ops !== undefined) channels.subscribe(books, ops, our_id, now)
    })
    for (const talker of this.#talkers) {
      const coming = chance.is("talker", 0.8) ? 0 : chance.between("talker", 0, faulty_ms)
      timeline.after(coming, () => talker.join())
      if (chance.is("talker", 0.3)) timeline.after(chance.between("talker", 0, faulty_ms), () => talker.leave())
    }
    const count = chance.between("talk count", 1, chance.is("talk count", 0.2) ? 60 : 15)
    for (let n = 0; n < count; n++) timeline.after(chance.between("talk at", 0, faulty_ms), () => this.#speak())
  }

  /** One more message when all is quiet. */
  probe(): void {
    this.#talkers[0]?.say("api/message", { to: our_id, type: "request", payload: { text: "probe" } })
  }

  #speak(): void {
    const { chance, faults, policy, timeline } = this.#world
    // Where the limits are tight, a storm would take days to be delivered.
    if (policy.messages.per_hour.sender <= tight.sender || !faults.strikes("talk_storm")) return this.#sayOne()
    const count = chance.between("storm", 20, 120)
    for (let n = 0; n < count; n++) timeline.after(chance.between("storm", 0, 3 * second_ms), () => this.#sayOne())
  }

  #sayOne(): void {
    const { chance } = this.#world
    const talker = chance.pick("who", [this.#talkers[0], ...this.#talkers.slice(1)])
    const way = chance.next("way")
    const last = this.#ids.at(-1)
    const text = `text ${++this.#texts}`
    const payload = {
      text,
      ...(chance.is("hops", 0.1) ? { hops: chance.between("hops", 6, 9) } : {}),
      ...(chance.is("needs", 0.05) ? { needed_capabilities: ["dance"] } : {}),
      ...(chance.is("respond", 0.05) ? { respond_with: "none" } : {})
    }
    const reply_to = last !== undefined && chance.is("reply to", 0.2) ? { reply_to: last } : {}
    const message = { type: chance.pick("type", types), payload, ...reply_to }
    if (way < 0.6) talker?.say("api/message", { to: our_id, ...message })
    else if (way < 0.75) talker?.say("api/message", message)
    else if (way < 0.9) talker?.say("api/room/message", { text })
    else talker?.say(`api/channels/${channel}/publish`, message)
  }
}
