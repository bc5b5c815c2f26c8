import type { Draft } from "./draft.ts"
import type { Side, Sides } from "./side.ts"
import type { Body, Daemon, Frame, Ghost, Hub, HubTask, Net, Note, T, World } from "./world.ts"
import { both, flip, indexOf, noFiles, other, put, taskIds } from "./world.ts"

const over = ({ at }: HubTask, othersReturn: boolean): boolean =>
  at === "done" || at === "dead" || (at === "other" && !othersReturn)

/** Whether nothing that happens to a task can reach the sidecar or the hub any more, so that its remains mean nothing. */
const forgotten = (draft: Draft, task: T): boolean => {
  const { body, daemon, hub, net, side } = draft
  const { connection, slots } = side.state
  const id = taskIds[task]
  return over(hub.tasks[task], draft.config.othersReturn) && side.held !== task &&
    side.generations[task].length === 0 &&
    !slots.task.terminating.some(({ work_id }) => work_id === id) && connection.in_flight?.task_id !== id &&
    !connection.pending.some(({ task_id }) => task_id === id) && !net.in.some((note) => note.task === task) &&
    !net.out.some((frame) => frame.task === task) && body.process?.task !== task && body.launcher?.task !== task &&
    !daemon.stops[task] && daemon.stopped[task] === null && (draft.saved === null || draft.saved.held !== task)
}

const simplify = (draft: Draft): void => {
  for (const task of both) {
    if (!forgotten(draft, task)) continue
    draft.hub = { ...draft.hub, tasks: put(draft.hub.tasks, task, { at: "done", generation: 0, accepted: false }) }
    if (draft.body.files[task] !== noFiles) draft.bodyIs({ files: put(draft.body.files, task, noFiles) })
    if (draft.ghost.attempted[task]) draft.ghostIs({ attempted: put(draft.ghost.attempted, task, false) })
  }
  for (const task of both) {
    const { answer, started, worker } = draft.body.files[task]
    if (answer !== "good" || (started === "no" && !worker)) continue
    draft.filesAre(task, { started: "no", worker: false })
  }
  const { phase } = draft.state.slots.task.agent
  if (draft.daemon.retry && phase._tag !== "AwaitingRetry") draft.daemonIs({ retry: false })
}

const speaksOfGeneration: ReadonlySet<string> = new Set(["assign", "continue"])
const carriesGeneration: ReadonlySet<string> = new Set(["state", "complete", "failed"])

/** The generations of a task that are told apart by anybody, ascending; only their order matters. */
const generationsOf = (draft: Draft, task: T): ReadonlyArray<number> => {
  const { ghost, hub, net, saved, side } = draft
  const found: Array<number> = [hub.tasks[task].generation]
  const add = (generation: number): void => void (found.includes(generation) || found.push(generation))
  side.generations[task].forEach(add)
  saved?.generations[task].forEach(add)
  if (side.held === task && ghost.given !== null) add(ghost.given)
  for (const note of net.in) if (note.task === task && speaksOfGeneration.has(note.say)) add(note.generation)
  for (const frame of net.out) if (frame.task === task && carriesGeneration.has(frame.kind)) add(frame.generation)
  return found.length === 1 ? found : found.toSorted((a, b) => a - b)
}

const isRanked = (generations: ReadonlyArray<number>): boolean =>
  generations.every((generation, rank) => generation === rank)

const rankAll = (draft: Draft, sides: Sides): void => {
  const lists = [generationsOf(draft, 0), generationsOf(draft, 1)] as const
  if (isRanked(lists[0]) && isRanked(lists[1])) return
  const key = `${lists[0]}|${lists[1]}`
  const rank = (task: T, generation: number) => lists[task].indexOf(generation)
  const byId = (task_id: string, generation: number) => rank(indexOf(task_id), generation)
  const ranked = (side: Side) => sides.rank(side, key, byId)
  const { ghost, hub, net, saved, side } = draft
  draft.side = ranked(side)
  draft.saved = saved && ranked(saved)
  const book = (task: T): HubTask => ({ ...hub.tasks[task], generation: rank(task, hub.tasks[task].generation) })
  draft.hub = { ...hub, tasks: [book(0), book(1)] }
  draft.net = {
    ...net,
    in: net.in.map((note) =>
      speaksOfGeneration.has(note.say) ? { ...note, generation: rank(note.task, note.generation) } : note
    ),
    out: net.out.map((frame) =>
      carriesGeneration.has(frame.kind) ? { ...frame, generation: rank(frame.task, frame.generation) } : frame
    )
  }
  if (side.held !== null && ghost.given !== null) draft.ghost = { ...ghost, given: rank(side.held, ghost.given) }
}

// ---- the keys of the parts ----

const hubKey = ({ idle, socket, tasks: [a, b] }: Hub): string =>
  `${idle}${socket}${a.at}${a.generation}${a.accepted}${b.at}${b.generation}${b.accepted}`

const frameKey = ({ generation, kind, task }: Frame): string => `${kind}${task}${generation}`
const noteKey = ({ generation, say, task, word }: Note): string => `${say}${task}${generation}${word}`

const netKey = (net: Net): string =>
  `${net.wanted}${net.open}${net.closing}${net.out.map(frameKey).join()}|${net.in.map(noteKey).join()}`

const daemonKey = (daemon: Daemon): string =>
  `${daemon.timers.join()}|${daemon.retry}${daemon.watch?.task}${daemon.watch?.current}${daemon.stops.join()}|` +
  `${daemon.lookUp}${daemon.over}${daemon.spawned}${daemon.impossible}${daemon.exited}${daemon.started}` +
  `${daemon.progress}${daemon.answer}${daemon.stopped.join()}`

const bodyKey = ({ files: [a, b], launcher, process, ran, rebooted }: Body): string =>
  `${launcher?.task}${launcher?.current}${launcher?.mine}${launcher?.heard}${launcher?.revoked}|${process?.task}${process?.current}` +
  `${process?.watched}|${ran}${rebooted}|${a.started}${a.answer}${a.worker}|${b.started}${b.answer}${b.worker}`

const ghostKey = (ghost: Ghost): string =>
  `${ghost.given}|${ghost.attempted.join()}|${ghost.disconnects}${ghost.crashes}${ghost.diskFaults}${ghost.blindLooks}${ghost.cancels}` +
  `${ghost.reclaims}${ghost.limited}${ghost.unfit}${ghost.drained}${ghost.strays}${ghost.vanishes}${ghost.missing}`

interface Part<A> {
  readonly value: A
  readonly id: number
}

/** Keeps one of each kind; `before` is that part of the world before, which it often still is. */
const intern = <A extends object>(keyOf: (value: A) => string) => {
  const known = new Map<string, Part<A>>()
  return (value: A, before: A, id: number | undefined): Part<A> => {
    if (value === before && id !== undefined) return { value, id }
    const key = keyOf(value)
    const found = known.get(key)
    if (found !== undefined) return found
    const made = { value, id: known.size }
    known.set(key, made)
    return made
  }
}

const letters = (id: number): string => String.fromCharCode(id & 0xffff, id >>> 16)

/** A finished world, and the key that it shares with all that behave alike. */
export interface Sealed {
  readonly world: World
  readonly key: string
}

const flipped = ({ body, daemon, ghost, hub, net, saved, side }: World, sides: Sides): World => ({
  side: sides.swapped(side),
  saved: saved && sides.swapped(saved),
  hub: { ...hub, tasks: flip(hub.tasks) },
  net: {
    ...net,
    in: net.in.map((note) =>
      note.say === "identified" || note.say === "lost" ? note : { ...note, task: other(note.task) }
    ),
    out: net.out.map((frame) => ({ ...frame, task: other(frame.task) }))
  },
  daemon: {
    ...daemon,
    watch: daemon.watch && { ...daemon.watch, task: other(daemon.watch.task) },
    stops: flip(daemon.stops),
    stopped: flip(daemon.stopped),
    lookUp: daemon.lookUp === null ? null : other(daemon.lookUp)
  },
  body: {
    ...body,
    files: flip(body.files),
    process: body.process && { ...body.process, task: other(body.process.task) },
    launcher: body.launcher && { ...body.launcher, task: other(body.launcher.task) }
  },
  ghost: { ...ghost, attempted: flip(ghost.attempted) },
  ids: null
})

/** Brings worlds that differ in nothing that matters to one form. */
export const makeSealer = (sides: Sides, symmetric: boolean) => {
  const hubs = intern(hubKey)
  const nets = intern(netKey)
  const daemons = intern(daemonKey)
  const bodies = intern(bodyKey)
  const ghosts = intern(ghostKey)

  const unify = (world: World, from: World): Sealed => {
    const hub = hubs(world.hub, from.hub, from.ids?.hub)
    const net = nets(world.net, from.net, from.ids?.net)
    const daemon = daemons(world.daemon, from.daemon, from.ids?.daemon)
    const body = bodies(world.body, from.body, from.ids?.body)
    const ghost = ghosts(world.ghost, from.ghost, from.ids?.ghost)
    const { saved, side } = world
    const key = letters(side.id) + letters(hub.id) + letters(net.id) + letters(daemon.id) + letters(body.id) +
      letters(ghost.id) + (saved === null ? "" : letters(saved.id))
    const ids = { hub: hub.id, net: net.id, daemon: daemon.id, body: body.id, ghost: ghost.id }
    return {
      world: {
        side,
        saved,
        hub: hub.value,
        net: net.value,
        daemon: daemon.value,
        body: body.value,
        ghost: ghost.value,
        ids
      },
      key
    }
  }

  return (draft: Draft): Sealed => {
    simplify(draft)
    rankAll(draft, sides)
    const { body, daemon, ghost, hub, net, saved, side } = draft
    const world: World = { side, saved, hub, net, daemon, body, ghost, ids: null }
    if (!symmetric) return unify(world, draft.from)
    // The tasks are alike, so the one that is held may always be called the first.
    if (side.held === 0) return unify(world, draft.from)
    const mirror = flipped(world, sides)
    if (side.held === 1) return unify(mirror, draft.from)
    const one = unify(world, draft.from)
    const two = unify(mirror, draft.from)
    return one.key <= two.key ? one : two
  }
}
