import { defaultMessagePolicy } from "../../src/domain/messages/MessagePolicy.ts"
import type { Draft } from "./draft.ts"
import { Draft as makeDraft, Violation } from "./draft.ts"
import type { Next } from "./events.ts"
import { makeEvents } from "./events.ts"
import { makeSealer } from "./seal.ts"
import type { Questions } from "./side.ts"
import { makeSides } from "./side.ts"
import type { Config, World } from "./world.ts"
import { freshDaemon, noFiles, noNet } from "./world.ts"

const policy = {
  agent_silence_ms: 1e13,
  confirmation_timeout_ms: 30_000,
  task_timeout_ms: 86_400_000,
  messages: defaultMessagePolicy
}

/** A growing array of 32-bit numbers. */
class Numbers {
  items = new Int32Array(1 << 16)
  length = 0

  static of(items: Int32Array<ArrayBuffer>): Numbers {
    const numbers = new Numbers()
    numbers.items = items
    numbers.length = items.length
    return numbers
  }

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
export interface Figures {
  readonly name: string
  readonly states: number
  readonly steps: number
  readonly sidecarStates: number
  readonly closed: boolean
  readonly seconds: number
  readonly good: number
  readonly failure: string | null // the shortest way to what must not be
}

const idleAtTheEnd = ({ body, daemon, hub, net, side, saved }: World): boolean => {
  if (daemon.over) return side.held !== null || body.process === null
  const settled = hub.tasks.every(({ at }) => at === "done" || at === "dead" || at === "other")
  const { connection, slots } = side.state
  return settled && saved === null && side.held === null && slots.task.terminating.length === 0 &&
    body.process === null &&
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
      blindLooks: config.blindLooks,
      cancels: config.cancels,
      reclaims: config.reclaims,
      limited: config.limited,
      unfit: config.unfit,
      drained: false,
      strays: config.strays,
      vanishes: config.vanishes,
      missing: false
    },
    ids: null
  }
}

/** The steps that need no fault: those of state `n` are from `firstEdge[n]` to `firstEdge[n + 1]`. */
interface Graph {
  readonly edges: Numbers
  readonly firstEdge: Numbers
  readonly count: number
}

/** The same steps, from where they lead to where they come from. */
const reversed = ({ count, edges, firstEdge }: Graph): Graph => {
  const first = new Int32Array(count + 1)
  for (let index = 0; index < edges.length; index++) first[edges.at(index) + 1] = (first[edges.at(index) + 1] ?? 0) + 1
  for (let id = 0; id < count; id++) first[id + 1] = (first[id + 1] ?? 0) + (first[id] ?? 0)
  const back = new Int32Array(edges.length)
  const next = first.slice()
  for (let id = 0; id < count; id++) {
    for (let index = firstEdge.at(id); index < firstEdge.at(id + 1); index++) {
      const place = next[edges.at(index)] ?? 0
      back[place] = id
      next[edges.at(index)] = place + 1
    }
  }
  return { count, edges: Numbers.of(back), firstEdge: Numbers.of(first) }
}

/** The states from which none of `ends` can be reached. */
const neverLeadTo = (ends: ReadonlyArray<number>, graph: Graph): ReadonlyArray<number> => {
  const { count, edges, firstEdge } = reversed(graph)
  const leads = new Uint8Array(count)
  const queue = new Numbers()
  const add = (id: number): void => {
    if (leads[id] === 1) return
    leads[id] = 1
    queue.push(id)
  }
  ends.forEach(add)
  for (let at = 0; at < queue.length; at++) {
    const to = queue.at(at)
    for (let index = firstEdge.at(to); index < firstEdge.at(to + 1); index++) add(edges.at(index))
  }
  return Array.from(leads.keys()).filter((id) => leads[id] === 0)
}

/** Visits every world that can be reached, breadth first. */
export const walk = (config: Config): { readonly figures: Figures; readonly questions: ReadonlyArray<Questions> } => {
  const began = performance.now()
  const sides = makeSides({ ...policy, wake_command_blocks: config.blocks })
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
  for (; expanded < worlds.length && failure === null; expanded++) {
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

  const ends = worlds.flatMap((world, id) => idleAtTheEnd(world) ? [id] : [])
  if (failure === null) {
    const hopeless = neverLeadTo(ends, { edges, firstEdge, count: worlds.length })
    const [first] = hopeless
    if (first !== undefined) {
      const what = `VIOLATION: no good end can be reached from here (${hopeless.length} such states)`
      failure = [...path(first), what].join("\n")
    }
  }

  const figures = {
    name: config.name,
    states: worlds.length,
    steps,
    sidecarStates: sides.count(),
    closed: expanded === worlds.length && failure === null,
    seconds: (performance.now() - began) / 1000,
    good: ends.length,
    failure
  }
  return { figures, questions: sides.questions() }
}
