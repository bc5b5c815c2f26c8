import type { HubTask } from "../../src/dev/tasks.ts"
import type { AgentPhase } from "../../src/domain/agent/AgentSlot.ts"
import type { SidecarState } from "../../src/domain/SidecarState.ts"
import { kindOf, type Task, type Work, type WorkKind } from "../../src/domain/Work.ts"
import { bounds } from "./bounds.ts"
import { type HubModel, our_id } from "./hubModel.ts"
import type { Machine } from "./machine.ts"
import type { Situation } from "./patience.ts"
import type { Session } from "./session.ts"
import type { World } from "./world.ts"

/** What a situation looks at. */
export interface View {
  readonly world: World
  readonly machine: Machine
  readonly hub: HubModel
}

interface Held {
  readonly state: SidecarState
  readonly task: Task
}

const held = ({ machine }: View): Held | null => {
  const { state } = machine.steps
  const task = state === null ? null : state.stored.task
  return state === null || task === null ? null : { state, task }
}

/** The work at hand of a kind. */
const atHand = ({ machine }: View, kind: WorkKind): { readonly state: SidecarState; readonly work: Work } | null => {
  const { state } = machine.steps
  const work = state === null ? null : state.stored[kind]
  return state === null || work === null ? null : { state, work }
}

/** The connection, where both ends know of it and everything passes. */
export const sound = ({ hub, machine: { network: { current, reachable } }, world }: View) =>
  current !== null && current.phase === "identified" && !current.dead && reachable && hub.up &&
    hub.mute_until <= world.now
    ? current
    : null

const isOurs = (entry: HubTask | undefined, task: Task): boolean =>
  entry?.status === "assigned" && entry.assigned_to === our_id && entry.generation === task.generation

const isElsewhere = ({ hub }: View, task: Task): boolean => {
  const entry = hub.books.tasks.get(task.id)
  if (entry === undefined || entry.status === "completed") return true
  return entry.status === "assigned" && entry.assigned_to !== our_id
}

/** What the daemon is doing about the agent. */
const activity = (view: View, kind: WorkKind, tag: AgentPhase["_tag"]): string | null => {
  const now = atHand(view, kind)
  if (now === null) return null
  return now.state.slots[kind].agent.phase._tag === tag ? `${now.work.id} ${now.work.wake?.id ?? "not woken"}` : null
}

/** The agent counts as at work; a look at it in between changes nothing. */
const atWork = (view: View, kind: WorkKind): string | null => {
  const doing = atHand(view, kind)?.state.slots[kind].agent.phase
  const isLookedAt = doing?._tag === "Inspecting" && doing.because === "check"
  return activity(view, kind, isLookedAt ? "Inspecting" : "Running")
}

/** The last agent of the work at hand, where it counts as at work and nothing of it works any more. */
const goneButRunning = (view: View, kind: WorkKind): Session | null => {
  const now = atHand(view, kind)
  const sessions = now === null ? [] : view.machine.ledger.book(now.work.id).sessions
  const last = sessions.at(-1)
  if (last === undefined || atWork(view, kind) === null) return null
  return sessions.some(({ works }) => works) || last.ended_at === null ? null : last
}

/** Nobody works on it, and what the hub will do with it is not known. */
const onlyKept = ({ state: { connection, disk, draining, slots } }: Held): boolean =>
  draining === null && disk === "ok" && connection.ownership === "unresolved" && slots.task.agent.phase._tag === "Idle"

const aboutAnswers = (view: View): ReadonlyArray<Situation> => [
  {
    what: "an answer is there and is not reported",
    bound_ms: bounds.answer_reported_ms,
    key: () => {
      const now = held(view)
      const { folder, ledger, steps } = view.machine
      if (now === null || sound(view) === null || ledger.order.waits || now.state.disk !== "ok") return null
      const { state: { connection, slots }, task } = now
      if (connection.in_flight?.limited === true) return null
      const answer = folder.get(task.id, "json")
      if (answer === undefined || answer.complete_since === null || task.failure !== null) return null
      if (slots.task.terminating.some(({ work_id }) => work_id === task.id) || steps.state?.draining !== null) {
        return null
      }
      return isOurs(view.hub.books.tasks.get(task.id), task) && ledger.isAnswer(answer)
        ? `${task.id} version ${answer.version} after ${ledger.blind_looks} blind looks`
        : null
    }
  },
  {
    what: "the progress that was seen is not relayed",
    bound_ms: bounds.progress_ms,
    key: () => {
      const now = held(view)
      if (now === null || sound(view) === null || view.machine.ledger.order.waits) return null
      const { connection, draining } = now.state
      if (connection.ownership !== "ours" || connection.in_flight !== null || draining !== null) return null
      return view.machine.ledger.progress.owed(now.task.id)
    }
  },
  {
    what: "the files of a task that is over are still there",
    bound_ms: bounds.stop_ms,
    key: () => view.machine.steps.state === null ? null : view.machine.ledger.leftovers.first
  }
]

const aboutTheHub = (view: View): ReadonlyArray<Situation> => [
  {
    what: "a frame waits for its answer",
    bound_ms: bounds.exchange_ms,
    key: () => sound(view) === null ? null : view.machine.ledger.order.unanswered
  },
  {
    what: "a rate-limited frame is not sent again",
    bound_ms: bounds.rate_limited_ms,
    key: () => {
      const { ledger, steps } = view.machine
      return sound(view) === null || steps.state?.connection.in_flight == null ? null : ledger.order.limited
    }
  },
  {
    what: "we wait for the answer to a frame that we have not sent",
    bound_ms: bounds.at_once_ms,
    key: () => {
      const in_flight = view.machine.steps.state?.connection.in_flight ?? null
      const waits = view.machine.ledger.order.waits
      return sound(view) === null || in_flight === null || in_flight.limited || waits
        ? null
        : `${in_flight.kind} ${in_flight.sent_at}`
    }
  },
  {
    what: "the hub is not asked whose the task is",
    bound_ms: bounds.at_once_ms,
    key: () => {
      const now = held(view)
      const asks = now === null || now.state.connection.ownership !== "unknown" || view.machine.ledger.order.waits
      return asks || sound(view) === null ? null : now.task.id
    }
  },
  {
    what: "a task that the hub denies is neither assigned anew nor in doubt",
    bound_ms: bounds.denied_ms,
    key: () => {
      const now = held(view)
      return sound(view) !== null && now?.state.connection.ownership === "denied" ? now.task.id : null
    }
  },
  {
    what: "a task in doubt is not looked up",
    bound_ms: bounds.at_once_ms,
    key: () => {
      const now = held(view)
      const { ledger, steps } = view.machine
      if (now?.state.connection.ownership !== "unresolved" || ledger.looked_up_at >= steps.in_doubt_since) return null
      return now.task.id
    }
  },
  {
    what: "a task in doubt is held though the hub has it elsewhere",
    bound_ms: bounds.in_doubt_ms,
    key: () => {
      const now = held(view)
      if (now === null || now.state.connection.ownership !== "unresolved" || sound(view) === null) return null
      return isElsewhere(view, now.task) ? now.task.id : null
    }
  },
  {
    what: "a task waits behind one in doubt that nobody works on",
    bound_ms: bounds.pushed_again_ms,
    key: () => {
      const now = held(view)
      if (now === null || !onlyKept(now) || sound(view) === null) return null
      const pushed = view.machine.ledger.pushed
      const waiting = pushed !== null && pushed !== now.task.id ? view.hub.books.tasks.get(pushed) : undefined
      return waiting?.status === "assigned" && waiting.assigned_to === our_id ? waiting.id : null
    }
  },
  {
    what: "the hub hears nothing of an agent at work",
    bound_ms: bounds.lease_ms,
    key: () => {
      const now = held(view)
      if (now?.state.connection.ownership !== "ours" || atWork(view, "task") === null) return null
      return sound(view) === null ? null : `${now.task.id} ${view.machine.ledger.progress.sent}`
    }
  }
]

const aboutLinks = (view: View): ReadonlyArray<Situation> => [
  {
    what: "a dead link is not found",
    bound_ms: bounds.dead_link_ms,
    key: () => {
      const { current } = view.machine.network
      return current?.dead === true && current.phase === "identified" ? `socket ${current.socket}` : null
    }
  },
  {
    what: "the hub has no socket to push to and we do not mind",
    bound_ms: bounds.unregistered_ms,
    key: () => {
      const current = sound(view)
      return current !== null && !view.hub.books.registry.has(our_id) ? `socket ${current.socket}` : null
    }
  },
  {
    what: "the hub has told us that it has lost us and we do not mind",
    bound_ms: bounds.at_once_ms,
    key: () => {
      const current = sound(view)
      return current?.told_lost === true ? `socket ${current.socket}` : null
    }
  },
  {
    what: "there is no connection",
    bound_ms: bounds.disconnected_ms,
    key: () => {
      const { hub, machine: { disk, network, steps }, world } = view
      const { state } = steps
      if (state === null || state.draining !== null || disk.full_until > world.now) return null
      return network.current === null && network.reachable && hub.up && state.readiness.link === "open" ? "none" : null
    }
  },
  {
    what: "the hub thinks us at work though we have nothing",
    bound_ms: bounds.false_picture_ms,
    key: () => {
      const { state } = view.machine.steps
      const picture = view.hub.books.agents.get(our_id)
      const current = sound(view)
      if (state === null || state.stored.task !== null || state.draining !== null || current === null) return null
      if (picture === undefined || picture.phase === "idle") return null
      return view.hub.books.registry.get(our_id) === current.socket ? String(picture.taskId) : null
    }
  }
]

const aboutTheAgent = (view: View, kind: WorkKind): ReadonlyArray<Situation> => {
  const { policy } = view.world
  return [
    {
      what: "an agent owes its confirmation",
      bound_ms: bounds.confirmation_ms(policy.confirmation_timeout_ms),
      key: () => atHand(view, kind)?.work.status === "confirming" ? atWork(view, kind) : null
    },
    {
      what: "a late answer is waited for",
      bound_ms: bounds.settling_ms,
      key: () => activity(view, kind, "AwaitingAnswer")
    },
    { what: "a retry is waited for", bound_ms: bounds.retry_ms, key: () => activity(view, kind, "AwaitingRetry") },
    { what: "an agent is being stopped", bound_ms: bounds.stop_ms, key: () => activity(view, kind, "Stopping") },
    { what: "an agent is on its way out", bound_ms: bounds.stop_ms, key: () => activity(view, kind, "AwaitingExit") },
    { what: "an agent is being spawned", bound_ms: bounds.at_once_ms, key: () => activity(view, kind, "Spawning") },
    {
      what: "an agent is being looked at",
      bound_ms: bounds.looked_at_ms,
      key: () => {
        const work = activity(view, kind, "Inspecting")
        return work === null ? null : `${work}, after ${view.machine.ledger.blind_looks} looks that saw nothing`
      }
    },
    {
      what: "nobody sees to the agent of a task that is ours",
      bound_ms: bounds.disk_ms,
      key: () => {
        const now = atHand(view, kind)
        if (now === null || now.work.status === "reporting" || now.state.disk !== "ok") return null
        const mayWake = kind === "messages" || now.state.connection.ownership === "ours"
        return mayWake ? activity(view, kind, "Idle") : null
      }
    },
    {
      what: "an agent that we have stopped, or that died with the machine, counts as at work",
      bound_ms: bounds.half_written_ms,
      key: () => {
        const last = goneButRunning(view, kind)
        // One that is half-written may be its last, and is waited for.
        if (last !== null && view.machine.folder.get(last.task_id, "json") !== undefined) return null
        // Of a wake that never ran, as its payload could not be written, nothing tells the boot of the machine.
        if (last !== null && last.wake_id !== atHand(view, kind)?.work.wake?.id) return null
        const isKnown = last?.stopped_in_life === view.world.lives || last?.boot !== view.machine.processes.boot
        return last !== null && isKnown ? atWork(view, kind) : null
      }
    },
    {
      what: "an agent that is gone counts as at work",
      bound_ms: bounds.silence_ms(policy.agent_silence_ms),
      key: () => goneButRunning(view, kind) === null || view.world.clock_was_set ? null : atWork(view, kind)
    },
    {
      what: "the agent of a task that is over lives",
      bound_ms: bounds.stop_ms,
      key: () => {
        const { machine: { processes, steps } } = view
        if (steps.state === null) return null
        const ours = steps.state.stored[kind]?.id
        const session = processes.living().find(({ ran, task_id }) =>
          ran && task_id !== ours && kindOf(task_id) === kind
        )
        return session === undefined ? null : `session ${session.id} of ${session.task_id}`
      }
    },
    {
      what: "a task runs on",
      bound_ms: bounds.task_ms(policy.task_timeout_ms),
      outlives: true,
      key: () => {
        const now = atHand(view, kind)
        if (now === null || now.work.status === "reporting" || view.world.clock_was_set) return null
        const first = view.machine.ledger.firstSession(now.work.id)
        return first === undefined ? null : `${now.work.id} session ${first.id}`
      }
    }
  ]
}

const aboutTheDisk = (view: View): ReadonlyArray<Situation> => [
  {
    what: "the disk works again and is not tried",
    bound_ms: bounds.disk_ms,
    key: () => {
      const { machine: { disk, steps: { state } }, world } = view
      return state !== null && state.disk !== "ok" && disk.full_until <= world.now ? state.disk : null
    }
  },
  {
    what: "the hub can give us a task though none could be written down",
    bound_ms: bounds.at_once_ms,
    key: () => {
      const { ledger, network, steps: { state } } = view.machine
      return ledger.unsaved && state !== null && state.stored.task === null && network.current !== null
        ? `socket ${network.current.socket}`
        : null
    }
  }
]

/** Who is not ready, while it holds no task. */
const idleState = ({ machine: { steps: { state } } }: View): SidecarState | null =>
  state === null || state.stored.task !== null || state.draining !== null ? null : state

const aboutReadiness = (view: View): ReadonlyArray<Situation> => [
  {
    what: "the hub can give us a task though we are not ready",
    bound_ms: bounds.at_once_ms,
    key: () => {
      const { current } = view.machine.network
      return idleState(view)?.readiness.not_ready != null && current !== null ? `socket ${current.socket}` : null
    }
  },
  {
    what: "we are ready and keep no connection",
    bound_ms: bounds.ready_ms,
    key: () => {
      const readiness = idleState(view)?.readiness
      return readiness !== undefined && readiness.not_ready === null && readiness.link !== "open"
        ? readiness.link
        : null
    }
  },
  {
    what: "the program is there again and we do not see it",
    bound_ms: bounds.ready_ms,
    key: () =>
      idleState(view)?.readiness.not_ready?.cause === "program" && !view.machine.program.isMissing ? "program" : null
  },
  {
    what: "the program is missing and we do not see it",
    bound_ms: bounds.ready_ms,
    key: () => {
      const state = idleState(view)
      return state !== null && state.readiness.not_ready === null && view.machine.program.isMissing ? "program" : null
    }
  },
  {
    what: "the pause after a failure goes on",
    bound_ms: bounds.paused_ms,
    key: () => idleState(view)?.readiness.not_ready?.cause === "failures" ? "pause" : null
  }
]

/** Everything that may be for a while, and for how long. */
export const situationsOf = (view: View): ReadonlyArray<Situation> => [
  ...aboutAnswers(view),
  ...aboutTheHub(view),
  ...aboutLinks(view),
  ...aboutTheAgent(view, "task"),
  ...(view.world.talks ? aboutTheAgent(view, "messages") : []),
  ...aboutTheDisk(view),
  ...aboutReadiness(view)
]
