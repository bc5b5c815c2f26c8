import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { HubMessage, TaskLocation } from "../../src/domain/Message.ts"
import { hubTiming } from "../../src/hub/timing.ts"
import type { Hub } from "../../src/services/Hub.ts"
import { Connection, type ConnectionEnd } from "./connection.ts"
import { type HubModel, our_id } from "./hubModel.ts"
import type { Ledger } from "./ledger.ts"
import type { Life } from "./life.ts"
import type { World } from "./world.ts"

/** The way from our machine to the hub, and the connection on it. */
export class Network {
  reachable = true
  current: Connection | null = null
}

const location = (hub: HubModel, task_id: string): TaskLocation => {
  const task = hub.books.tasks.get(task_id)
  if (task === undefined || task.status === "completed") return "elsewhere"
  if (task.status === "queued") return "queued"
  return task.assigned_to === our_id ? "ours" : "elsewhere"
}

/** Connects again and again, with the waits of the real one. */
const keepConnected = (
  life: Life,
  world: World,
  hub: HubModel,
  network: Network,
  ledger: Ledger,
  emit: (message: HubMessage) => void
) => {
  let attempts = 0
  let over = false
  let dubious = false
  const again = ({ cooldown_ms, identified, refused, suspicious }: Omit<ConnectionEnd, "half_open">) => {
    network.current = null
    dubious = suspicious
    if (identified) attempts = 0
    const cap = hubTiming.reconnect_cap_ms
    const whole = refused ? cap : Math.min(cap, hubTiming.reconnect_first_ms * 2 ** attempts)
    attempts++
    life.later(Math.max(cooldown_ms, world.chance.between("reconnect", whole / 2, whole)), connect)
  }
  const connect = () => {
    if (over) return
    if (!network.reachable || !hub.up) {
      return again({ cooldown_ms: 0, identified: false, refused: false, suspicious: dubious })
    }
    network.current = new Connection(world, hub, ledger, { alive: () => life.alive, emit, ended: again }, dubious)
  }
  life.later(world.chance.between("connect", 1, 20), connect)
  return () => {
    over = true
    network.current?.leave("shutting down")
    network.current = null
  }
}

export const makeHub = (
  life: Life,
  world: World,
  hub: HubModel,
  network: Network,
  ledger: Ledger
): Hub["Service"] => ({
  messages: Stream.callback<HubMessage>((queue) =>
    Effect.callback<never>(() => {
      const stop = keepConnected(life, world, hub, network, ledger, (message) => Queue.offerUnsafe(queue, message))
      return Effect.sync(stop)
    })
  ),
  send: (command) => life.operation("send", 0, () => network.current?.send(command)),
  reconnect: (reason) => Effect.sync(() => network.current?.leave(reason)),
  lookUp: (task_id) =>
    Effect.callback<TaskLocation>((resume) => {
      ledger.lookedUp()
      const fails = !hub.up || !network.reachable || world.faults.strikes("lookup_fails")
      const delay = fails ? hubTiming.lookup_timeout_ms : world.chance.between("look up", 5, 300)
      if (fails) world.hinders(world.now + delay)
      life.later(delay, () => {
        const found = fails ? "unknown" : location(hub, task_id)
        world.note(() => `the look-up says of ${task_id}: ${found}`)
        resume(Effect.succeed(found))
      })
    })
})
