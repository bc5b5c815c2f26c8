import type { Draft } from "./draft.ts"
import { Draft as makeDraft, Violation } from "./draft.ts"
import type { Next } from "./events.ts"
import { makeEvents } from "./events.ts"
import { makeSealer } from "./seal.ts"
import { makeSides } from "./side.ts"
import type { Config, World } from "./world.ts"
import { freshDaemon, noFiles, noNet } from "./world.ts"

const timeouts = { agent_silence_ms: 1e13, confirmation_timeout_ms: 30_000, task_timeout_ms: 86_400_000 }

/** A growing array of 32-bit numbers. */
class Numbers {
  items = new Int32Array(1 << 16)
  length = 0

  push(value: number): void {
    if (this.length === this.items.length) {
      const larger = new Int32Array(this.length * 2)
      larger.set(this.items)
      this.items = larger
    }
    this.items[this.length++] = value
  }

  at(index: number): number {
    return this.items[index] ?? -1
  }
}

/** What a walk has found. */
export interface Result {
  readonly name: string
  readonly states: number
  readonly steps: number
  readonly sidecarStates: number
  readonly closed: boolean
  readonly seconds: number
  readonly megabytes: number
  readonly good: number
  readonly failure: string | null
  readonly reached: ReadonlyArray<string>
}

const idleAtTheEnd = ({ body, daemon, hub, net, side, saved }: World): boolean => {
  if (daemon.over) return body.process === null
  const settled = hub.tasks.every(({ at }) => at === "done" || at === "dead" || at === "other")
  const { connection, leaving } = side.state
  return settled && saved === null && side.held === null && leaving.length === 0 && body.process === null &&
    body.launcher === null && connection.phase === "identified" && hub.socket === "ours" && hub.idle && net.open &&
    !net.closing && connection.in_flight === null
}

const start = (config: Config, sides: ReturnType<typeof makeSides>): World => {
  const queued = { at: "queued", generation: 0, accepted: false } as const
  const settled = { at: "done", generation: 0, accepted: false } as const
  return {
    side: sides.initial,
    saved: null,
    hub: { tasks: [queued, config.tasks === 2 ? queued : settled], idle: true, socket: "none" },
    net: noNet,
    daemon: freshDaemon,
    body: { launcher: null, process: null, ran: false, rebooted: false, files: [noFiles, noFiles] },
    ghost: {
      given: null,
      attempted: [false, false],
      disconnects: config.disconnects,
      crashes: config.crashes,
      diskFaults: config.diskFaults,
      cancels: config.cancels,
      reclaims: config.reclaims,
      limited: config.limited,
      unfit: config.unfit,
      drained: false
    },
    ids: null
  }
}

/** Visits every world that can be reached, breadth first. */
export const walk = (config: Config, maxStates = 20_000_000): Result => {
  const began = performance.now()
  const sides = makeSides({ ...timeouts, wake_command_blocks: config.blocks })
  const seal = makeSealer(sides, config.tasks === 2)
  const { each: events, lastTried } = makeEvents(config, sides)

  const known = new Map<string, number>()
  const worlds: Array<World> = []
  const parents = new Numbers()
  const edges = new Numbers() // the successors that need no fault, state by state
  const firstEdge = new Numbers()
  let steps = 0

  const find = (draft: Draft, parent: number): number => {
    const { key, world } = seal(draft)
    const found = known.get(key)
    if (found !== undefined) return found
    const id = worlds.length
    known.set(key, id)
    worlds.push(world)
    parents.push(parent)
    return id
  }

  const begin = new makeDraft(start(config, sides), sides, config, null)
  begin.handle({ _tag: "Restarted", stored: begin.state.stored, survivors: [] })
  find(begin, -1)

  /** How a world was come by, step by step. */
  const path = (to: number): ReadonlyArray<string> => {
    const ids: Array<number> = []
    for (let id = to; id !== -1; id = parents.at(id)) ids.push(id)
    ids.reverse()
    return ids.flatMap((id, index) => {
      const before = index === 0 ? undefined : worlds[ids[index - 1] ?? -1]
      if (before === undefined) return []
      let trace: ReadonlyArray<string> | null = null
      events(before, ({ draft }) => {
        if (trace === null && known.get(seal(draft).key) === id) trace = draft.trace
      }, true)
      return trace ?? ["?"]
    })
  }

  /** The last step of a path, which ends in a violation. */
  const violated = (world: World, what: string): ReadonlyArray<string> => {
    try {
      events(world, () => undefined, true)
    } catch { /* the same again, and told this time */ }
    return [...lastTried(), `VIOLATION: ${what}`]
  }

  let failure: string | null = null
  let expanded = 0
  for (; expanded < worlds.length && worlds.length < maxStates && failure === null; expanded++) {
    const world = worlds[expanded]
    if (world === undefined) break
    firstEdge.push(edges.length)
    const id = expanded
    try {
      events(world, ({ draft, fault }: Next) => {
        const next = find(draft, id)
        steps++
        if (!fault && next !== id) edges.push(next)
      })
    } catch (error) {
      if (!(error instanceof Violation)) throw error
      failure = [...path(id), ...violated(world, error.message)].join("\n")
    }
  }
  firstEdge.push(edges.length)

  const good = new Uint8Array(worlds.length)
  let ends = 0
  if (failure === null) {
    const count = worlds.length
    const firstBack = new Int32Array(count + 1)
    for (let index = 0; index < edges.length; index++) {
      firstBack[edges.at(index) + 1] = (firstBack[edges.at(index) + 1] ?? 0) + 1
    }
    for (let id = 0; id < count; id++) firstBack[id + 1] = (firstBack[id + 1] ?? 0) + (firstBack[id] ?? 0)
    const back = new Int32Array(edges.length)
    const fill = firstBack.slice()
    for (let id = 0; id < expanded; id++) {
      for (let index = firstEdge.at(id); index < firstEdge.at(id + 1); index++) {
        const to = edges.at(index)
        const place = fill[to] ?? 0
        back[place] = id
        fill[to] = place + 1
      }
    }
    const queue = new Numbers()
    worlds.forEach((world, id) => {
      if (!idleAtTheEnd(world)) return
      good[id] = 1
      ends++
      queue.push(id)
    })
    for (let index = 0; index < queue.length; index++) {
      const to = queue.at(index)
      for (let place = firstBack[to] ?? 0; place < (firstBack[to + 1] ?? 0); place++) {
        const from = back[place] ?? 0
        if (good[from] === 1) continue
        good[from] = 1
        queue.push(from)
      }
    }
    const stuck = good.indexOf(0)
    if (stuck !== -1 && expanded === worlds.length) {
      if (process.env["DBG"] !== undefined) {
        // forward closure from the stuck one
        const seen = new Map<number, number>([[stuck, -1]])
        for (const id of seen.keys()) {
          for (let index = firstEdge.at(id); index < firstEdge.at(id + 1); index++) {
            if (!seen.has(edges.at(index))) seen.set(edges.at(index), id)
          }
        }
        const last = [...seen.keys()].at(-1) ?? 0
        console.log("closure", seen.size)
        console.log(path(last).join("\n"))
        const w = worlds[last]
        console.log(JSON.stringify({ ...w, side: null }))
      }
      let stuckCount = 0
      for (const one of good) if (one === 0) stuckCount++
      failure = [...path(stuck), `VIOLATION: no good end can be reached from here (${stuckCount} such states)`].join(
        "\n"
      )
    }
  }

  if (process.env["STATS"] !== undefined) {
    const count = (name: string, f: (w: World) => unknown) => {
      const m = new Map<string, number>()
      for (const w of worlds) {
        const k = JSON.stringify(f(w))
        m.set(k, (m.get(k) ?? 0) + 1)
      }
      const top = [...m].toSorted((a, b) => b[1] - a[1]).slice(0, 12)
      console.log(name, m.size)
      for (const [k, n] of top) console.log("   ", n, k.slice(0, 220))
    }
    count("side", (w) => w.side.id)
    count("stored", (w) => w.side.state.stored)
    count("status/attempts", (w) => {
      const t = w.side.state.stored.active ?? w.side.state.stored.recovering
      return t && [t.status, t.wake_attempts]
    })
    count("gen/failure", (w) => {
      const t = w.side.state.stored.active ?? w.side.state.stored.recovering
      return [t && [t.generation, t.failure], w.hub.tasks.map((x) => x.generation)]
    })
    count("wake end", (w) => {
      const t = w.side.state.stored.active ?? w.side.state.stored.recovering
      return t && (t.wake && [t.wake.end])
    })
    count("connection", (w) => w.side.state.connection)
    count("agent", (w) => w.side.state.agent)
    count("leaving", (w) => [w.side.state.leaving, w.side.state.stopping])
    count("hub", (w) => w.hub)
    count("net", (w) => w.net)
    count("daemon", (w) => w.daemon)
    count("timers", (w) => w.daemon.timers)
    count("body", (w) => w.body)
    count("ghost", (w) => w.ghost)
  }

  return {
    name: config.name,
    states: worlds.length,
    steps,
    sidecarStates: sides.count(),
    closed: expanded === worlds.length && failure === null,
    seconds: (performance.now() - began) / 1000,
    megabytes: Math.round(process.memoryUsage().rss / 1e6),
    good: ends,
    failure,
    reached: []
  }
}
