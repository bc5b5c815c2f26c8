import { disconnect, hear } from "../../src/dev/connections.ts"
import { receive } from "../../src/dev/receive.ts"
import type { HubModel } from "./hubModel.ts"
import type { World } from "./world.ts"

/** Another agent: takes what it is given and mostly completes it. */
export class OtherAgent {
  #socket: number | null = null
  readonly id: string
  readonly #world: World
  readonly #hub: HubModel

  constructor(world: World, hub: HubModel, id: string) {
    this.#world = world
    this.#hub = hub
    this.id = id
    hub.books.tokens.set(id, id)
  }

  get isThere(): boolean {
    return this.#socket !== null
  }

  join(): boolean {
    if (this.#socket !== null || !this.#hub.up) return false
    const socket = this.#hub.open({
      frame: (frame) => {
        if (frame["type"] === "task_assign") this.#take(socket, String(frame["task_id"]), Number(frame["generation"]))
      },
      closed: () => {
        this.#socket = null
      }
    })
    this.#socket = socket
    this.#say(socket, {
      type: "identify",
      agent_id: this.id,
      token: this.id,
      name: this.id,
      status: "idle",
      capabilities: [],
      client_type: "sidecar"
    })
    // Its heartbeat is of no interest here, so that it counts as heard of for ever.
    hear(this.#hub.books, socket, Number.POSITIVE_INFINITY)
    return true
  }

  leave(): boolean {
    const socket = this.#socket
    if (socket === null) return false
    this.#socket = null
    this.#hub.endpoints.delete(socket)
    this.#hub.act((hub, now) => disconnect(hub, socket, now))
    return true
  }

  #say(socket: number, frame: Record<string, unknown>): void {
    if (!this.#hub.up || !this.#hub.books.sockets.has(socket)) return
    this.#hub.act((hub, now) => receive(hub, socket, { ...frame, protocol_version: 1 }, now))
  }

  #take(socket: number, task_id: string, generation: number): void {
    const { chance, timeline } = this.#world
    this.#world.note(() => `${this.id} is given ${task_id} g${generation}`)
    const accepts = chance.between("other", 5, 300)
    const works = chance.between("other", 2, 240) * 1_000
    const fails = !this.#world.faults.quiet && chance.is("other", 0.1)
    timeline.after(accepts, () => this.#say(socket, { type: "task_accepted", task_id }))
    timeline.after(accepts + works, () =>
      this.#say(
        socket,
        fails
          ? { type: "task_failed", task_id, generation, reason: "another's failure" }
          : { type: "task_complete", task_id, generation, result: { by: this.id } }
      ))
  }
}
