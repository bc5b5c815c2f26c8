import type { Message } from "../../src/domain/Message.ts"
import type { FrameKind, TimerName } from "../../src/domain/SidecarState.ts"
import type { Assignment } from "../../src/domain/Work.ts"
import { frameKindOf } from "../../src/protocol/outgoing.ts"
import { answers, blinds, Crashed, Draft, ends, whenOf } from "./draft.ts"
import { assigned, identified, note, replies, socketClosed, takenBack } from "./hub.ts"
import type { Sides, When } from "./side.ts"
import type { Config, End, Note, T, World } from "./world.ts"
import { both, put, taskIds } from "./world.ts"

/** One thing that may happen next. Only what is no fault may be relied on for a good end. */
export interface Next {
  readonly draft: Draft
  readonly fault: boolean
}

type Make = (draft: Draft) => unknown

const assignmentOf = (task_id: string, generation: number): Assignment => ({
  task_id,
  description: "",
  metadata: {},
  generation,
  assigned_at: 0,
  assignment: {}
})
const assignment = (task: T, generation: number): Message => ({
  _tag: "TaskAssigned",
  task: assignmentOf(taskIds[task], generation)
})

const messageOf = ({ generation, say, task, word }: Note): Message => {
  const task_id = taskIds[task]
  switch (say) {
    case "identified":
      return { _tag: "Identified" }
    case "assign":
      return word === "too large"
        ? { _tag: "TaskUnworkable", task_id, generation, reason: "the frame of the task is too large" }
        : assignment(task, generation)
    case "ack":
      return { _tag: "TaskAcknowledged", task_id, status: word }
    case "continue":
      return { _tag: "TaskContinued", task_id, generation }
    case "reassign":
      return { _tag: "TaskReassigned", task_id }
    case "state":
      return { _tag: "StateReportAnswered", task_id, action: word === "continue" ? "continue" : "abort" }
    case "cancelled":
      return { _tag: "TaskCancelled", task_id }
    case "lost":
      return { _tag: "HubLostUs" }
    case "limited":
      return { _tag: "RateLimited", retry_after_ms: 1_000 }
    case "refused":
      return word.startsWith("unknown ")
        ? { _tag: "HubRefused", error: "validation_failed", frame: frameKindOf(word.slice(8)), unknown_type: true }
        : { _tag: "HubRefused", error: word, frame: null, unknown_type: false }
  }
}

const pushes: ReadonlySet<Note["say"]> = new Set<Note["say"]>(["assign", "cancelled", "lost", "identified"])

/** All that may happen next in a world, each as a draft of the world after it. */
export const makeEvents = (config: Config, sides: Sides) => {
  const { olderHub } = config

  let latest: Draft | null = null

  const each = (world: World, emit: (next: Next) => void, tracing = false): void => {
    const { body, daemon, ghost, hub, net } = world
    const start = (label: string) => latest = new Draft(world, sides, config, tracing ? [`  ${label}`] : null)

    /** A thing that the sidecar handles; with it, what a crash or a full disk would make of it. */
    const happens = (label: string, fault: boolean, does: Make, exitFirst = true): void => {
      const make: Make = !config.prompt ? does : (draft) => {
        does(draft)
        draft.drain(exitFirst)
      }
      const draft = start(label)
      make(draft)
      emit({ draft, fault })
      if (ghost.diskFaults > 0 && draft.saveTried) {
        const failing = start(`${label}, and the disk is full`)
        failing.saveFails = true
        make(failing)
        failing.ghostIs({ diskFaults: ghost.diskFaults - 1 })
        emit({ draft: failing, fault: true })
      }
      for (const blind of ghost.blindLooks > 0 && draft.looked ? blinds : []) {
        const groping = start(`${label}, and the ${blind} cannot be read`)
        groping.blind = blind
        make(groping)
        groping.ghostIs({ blindLooks: ghost.blindLooks - 1 })
        emit({ draft: groping, fault: true })
      }
      if (ghost.crashes === 0) return
      for (let at = 0; at < draft.points; at++) crashWithin(label, make, at)
    }

    const crashWithin = (label: string, make: Make, at: number): void => {
      const crashing = start(`${label}, and a crash within`)
      crashing.crashAt = at
      if (!interrupted(crashing, make)) return
      crashing.crashAt = Infinity
      const sent = crashing.net.out
      const fresh = sent !== net.out && sent.some(({ kind }) => kind === "complete" || kind === "failed")
      crashed(crashing)
      if (!fresh) return
      const heard = start(`${label}, and a crash within, after the hub heard of it`)
      heard.crashAt = at
      interrupted(heard, make)
      heard.crashAt = Infinity
      for (const frame of sent) {
        const [first] = replies(heard.hub, frame, olderHub)
        if (first !== undefined) count(heard, frame.task, first.counted)
        if (first !== undefined) heard.hub = first.hub
      }
      crashed(heard)
    }

    const interrupted = (draft: Draft, make: Make): boolean => {
      try {
        make(draft)
        return false
      } catch (error) {
        if (error instanceof Crashed) return true
        throw error
      }
    }

    const crashed = (draft: Draft): void => {
      draft.ghostIs({ crashes: ghost.crashes - 1 })
      draft.restart(config.reboot)
      emit({ draft, fault: true })
    }

    const quietly = (label: string, fault: boolean, make: Make): void => {
      const draft = start(label)
      make(draft)
      emit({ draft, fault })
    }

    /** Something that our own machine tells of. */
    const tells = (label: string, fault: boolean, make: Make, twice = false): void => {
      if (!config.prompt) return quietly(label, fault, make)
      for (const exitFirst of twice ? [true, false] : [true]) {
        happens(label, fault, make, exitFirst)
      }
    }

    const count = (draft: Draft, task: T, counted: boolean): void => {
      if (!counted) return
      draft.check(draft.mayFail(task), "a retry was counted that no failed work stands behind")
      draft.ghostIs({ attempted: put(draft.ghost.attempted, task, false) })
    }

    const tell = (message: Message, patch: Partial<typeof daemon>, when: When = "early"): Make => (draft) => {
      draft.daemonIs(patch)
      draft.handle(message, when)
    }

    // ---- faults of the daemon and the connection ----

    const faults = (): void => {
      if (ghost.crashes > 0) {
        quietly("the daemon crashes", true, (draft) => {
          draft.ghostIs({ crashes: ghost.crashes - 1 })
          draft.restart(config.reboot)
        })
      }
      if (net.open && ghost.disconnects > 0) {
        for (const how of config.breaks) {
          happens(`the connection breaks: ${how}`, true, (draft) => {
            draft.ghostIs({ disconnects: ghost.disconnects - 1 })
            draft.disconnect(how, how === "half_open")
          })
        }
      }
      if (config.drain && !ghost.drained) {
        const asked: ReadonlyArray<Message> = [
          { _tag: "RestartRequested", reason: "update" },
          { _tag: "DrainRequested", exit_code: 0 }
        ]
        for (const message of asked) {
          happens("the daemon is asked to drain", true, (draft) => {
            draft.ghostIs({ drained: true })
            draft.handle(message)
          })
        }
      }
    }

    // ---- the connection ----

    const connecting = (): void => {
      if (net.wanted && !net.open && net.in.length === 0 && config.prompt) connectingAtOnce()
      else if (net.wanted && !net.open && net.in.length === 0) {
        happens("a connection opens", false, (draft) => {
          draft.netIs({ open: true, in: [note("identified")] })
          draft.hub = identified(draft.hub)
          draft.handle({ _tag: "Connected" })
        })
      }
      if (net.open && net.closing) {
        happens("the connection is closed as asked", false, (draft) => draft.disconnect("by us", false))
      }
      const [first, ...rest] = net.in
      if (first === undefined) return
      happens(
        `the sidecar reads ${first.say} ${taskIds[first.task]} g${first.generation} ${first.word}`,
        false,
        (draft) => {
          draft.netIs({ in: rest })
          draft.handle(messageOf(first))
        }
      )
      if (!net.open) quietly("what was not read is lost", false, (draft) => draft.netIs({ in: [] }))
    }

    /** Up to our first question; a task may be assigned before the hub has read it. */
    const connectingAtOnce = (): void => {
      const choices: ReadonlyArray<T | null> = [null, ...both]
      const known = identified(hub)
      for (const task of choices) {
        if (task !== null && !(known.tasks[task].at === "queued" && known.idle && known.socket !== "none")) continue
        happens(
          `a connection opens${task === null ? "" : `, and the hub assigns ${taskIds[task]}`}`,
          false,
          (draft) => {
            draft.netIs({ open: true })
            draft.hub = known
            draft.handle({ _tag: "Connected" })
            if (task !== null) assigns(draft, task)
            draft.handle({ _tag: "Identified" })
          }
        )
      }
    }

    // ---- the hub ----

    const answering = (): void => {
      const [frame] = net.out
      if (frame === undefined || !net.open) return
      const { kind, task } = frame
      for (const { counted, hub: books, notes, what } of replies(hub, frame, olderHub)) {
        quietly(`the hub reads ${kind} ${taskIds[task]} g${frame.generation}: ${what}`, false, (draft) => {
          count(draft, task, counted)
          draft.hub = books
          draft.netIs({ out: [], in: [...net.in, ...notes] })
        })
      }
      if (ghost.limited > 0) {
        quietly(`the hub limits the rate of ${kind}`, true, (draft) => {
          draft.ghostIs({ limited: ghost.limited - 1 })
          draft.netIs({ out: [], in: [...net.in, note("limited")] })
        })
      }
      if (ghost.unfit > 0) {
        quietly(`the hub does not take ${kind} as it is`, true, (draft) => {
          draft.ghostIs({ unfit: ghost.unfit - 1 })
          draft.netIs({ out: [], in: [...net.in, note("refused", task, 0, "validation_failed")] })
        })
      }
    }

    const push = (draft: Draft, pushed: Note): void => {
      if (draft.hub.socket === "ours" && draft.net.open) draft.netIs({ in: [...draft.net.in, pushed] })
    }

    const assigns = (draft: Draft, task: T): void => {
      draft.hub = assigned(draft.hub, task)
      const word = config.oversized && task === 0 ? "too large" : ""
      push(draft, note("assign", task, draft.hub.tasks[task].generation, word))
    }

    const scheduling = (task: T): void => {
      const { accepted, at } = hub.tasks[task]
      const id = taskIds[task]
      if (at === "queued" && hub.idle && (hub.socket === "ours" || hub.socket === "old")) {
        quietly(`the hub assigns ${id}`, false, (draft) => assigns(draft, task))
      }
      // A minute is long: what was under way to us has been read by then.
      if (at === "ours" && !accepted && net.in.length === 0) {
        quietly(`the hub takes ${id} back, as it was not accepted`, false, (draft) => {
          draft.hub = { ...takenBack(hub, task), idle: true }
        })
      }
      if (at === "ours" && accepted && ghost.reclaims > 0) {
        quietly(`the hub takes ${id} back silently`, true, (draft) => {
          draft.ghostIs({ reclaims: ghost.reclaims - 1 })
          draft.hub = takenBack(hub, task)
        })
      }
      if (at === "queued" && config.othersTake) {
        quietly(`another agent takes ${id}`, true, (draft) => draft.hubSettles(task, "other"))
      }
      if (at === "other" && config.othersReturn) {
        quietly(`the other agent gives ${id} up`, true, (draft) => draft.hub = takenBack(hub, task))
      }
      if (at === "queued" && config.expires) {
        quietly(`${id} expires`, true, (draft) => draft.hubSettles(task, "dead"))
      }
      if ((at === "queued" || at === "ours") && ghost.cancels > 0) {
        quietly(`${id} is cancelled`, true, (draft) => {
          draft.ghostIs({ cancels: ghost.cancels - 1 })
          draft.hubSettles(task, "dead")
          if (at !== "ours") return
          push(draft, note("cancelled", task))
          draft.hub = { ...draft.hub, idle: true }
        })
      }
    }

    const oldSocket = (): void => {
      if (hub.socket !== "old") return
      quietly("the old socket closes", false, (draft) => {
        const known = net.open
        draft.hub = socketClosed(hub, known ? "lost" : "none")
        if (known) draft.netIs({ in: [...net.in, note("lost")] })
      })
    }

    // ---- the agent ----

    const agent = (task: T): void => {
      const { answer, started, worker } = body.files[task]
      const id = taskIds[task]
      const lives = body.process !== null && body.process.task === task
      if (worker && started === "no" && answer === null) {
        quietly(`the agent of ${id} writes .started`, false, (draft) => draft.write(task, { started: "fresh" }))
      }
      if (worker && (answer === null || answer === "half")) {
        for (const kind of config.answers) {
          if (kind === answer) continue
          quietly(
            `the agent of ${id} writes its answer: ${kind}`,
            kind !== "good",
            (draft) => draft.write(task, { answer: kind })
          )
        }
      }
      if (answer === "half" && !lives) {
        quietly(`the answer of ${id} stays half-written`, false, (draft) => draft.write(task, { answer: "unusable" }))
      }
      if ((started === "fresh" || started === "earlier") && !lives) {
        quietly(
          `the agent of ${id} has been silent for too long`,
          false,
          (draft) => draft.filesAre(task, { started: "stale", worker: false })
        )
      }
      if (worker && daemon.watch?.task === task && config.progress && started !== "no" && !daemon.progress) {
        quietly(`the agent of ${id} writes .progress`, true, (draft) => draft.daemonIs({ progress: true }))
      }
      if (!lives) return
      tells(`the command of ${id} ends with 0`, false, (draft) => draft.exit("exited 0", worker))
      tells(`the command of ${id} ends with 1`, false, (draft) => draft.exit("exited 1", false))
    }

    const launching = (): void => {
      const { launcher } = body
      if (launcher === null) return
      if (launcher.revoked) {
        tells("the launcher finds its wake revoked", false, (draft) => {
          draft.bodyIs({ launcher: null })
          draft.daemonIs({ spawned: true, exited: "exited 1" })
        })
        return
      }
      if (!ghost.missing) tells("the launcher becomes the command", false, (draft) => draft.begin())
      if (!launcher.mine) {
        quietly("the launcher died with the daemon", false, (draft) => draft.bodyIs({ launcher: null }))
        return
      }
      const doesNotRun = (label: string, fault: boolean, exited: End) =>
        tells(label, fault, (draft) => {
          draft.bodyIs({ launcher: null })
          draft.ghostIs({ attempted: put(ghost.attempted, launcher.task, false) })
          if (launcher.heard) draft.daemonIs({ spawned: true, exited })
        })
      if (ghost.missing) doesNotRun("the program is missing", false, "unspawned")
      if (!config.unspawned) return
      tells("the wake is impossible", true, (draft) => {
        draft.bodyIs({ launcher: null })
        draft.daemonIs({ impossible: launcher.heard })
      })
      doesNotRun("the command cannot be spawned", true, "unspawned")
      doesNotRun("the payload cannot be written", true, "unwritten")
      doesNotRun("the payload could not be written for 30 s", true, "unwritten for 30 s")
    }

    const program = (): void => {
      if (ghost.missing) {
        quietly("the program is there again", false, (draft) => draft.ghostIs({ missing: false }))
      } else if (ghost.vanishes > 0) {
        quietly("the program vanishes", true, (draft) => {
          draft.ghostIs({ vanishes: ghost.vanishes - 1, missing: true })
        })
      }
    }

    // ---- what the daemon waits for ----

    const told = (): void => {
      const held = draft0Held(world)
      if (held !== null) {
        const task_id = taskIds[held.task]
        const wake_id = held.wake_id ?? ""
        if (daemon.spawned) {
          happens("WakeSpawned", false, tell({ _tag: "WakeSpawned", work_id: task_id, wake_id }, { spawned: false }))
        }
        if (daemon.impossible) {
          const reason = ""
          happens(
            "WakeImpossible",
            false,
            tell({ _tag: "WakeImpossible", work_id: task_id, wake_id, reason }, { impossible: false })
          )
        }
        if (daemon.exited !== null && !daemon.spawned) {
          const end = ends[daemon.exited]
          const when = whenOf(daemon.exited)
          happens(
            "WakeExited",
            false,
            tell({ _tag: "WakeExited", work_id: task_id, wake_id, end }, { exited: null }, when)
          )
        }
        if (daemon.retry) happens("RetryDue", false, tell({ _tag: "RetryDue", work_id: task_id }, { retry: false }))
      }
      watched()
      for (const task of both) {
        const stopped = daemon.stopped[task]
        if (stopped === null) continue
        const was_alive = stopped === "lived"
        happens(
          "AgentStopped",
          false,
          tell({ _tag: "AgentStopped", work_id: taskIds[task], was_alive }, {
            stopped: put(daemon.stopped, task, null)
          })
        )
      }
      if (daemon.lookUp !== null) lookedUp(daemon.lookUp)
    }

    const watched = (): void => {
      const { answer, progress, started, watch } = daemon
      if (watch === null) return
      const task_id = taskIds[watch.task]
      const wake_id = watch.current ? currentId(world) : null
      if (started) {
        happens("AgentStarted", false, tell({ _tag: "AgentStarted", work_id: task_id, wake_id }, { started: false }))
      } else if (answer !== null && answer !== "half") {
        happens(
          "ResultFound",
          false,
          tell({ _tag: "ResultFound", work_id: task_id, answer: answers[answer] }, { answer: null })
        )
      }
      if (progress) {
        const said = { progress: 1, execution_event: null }
        happens(
          "ProgressFound",
          false,
          tell({ _tag: "ProgressFound", work_id: task_id, progress: said }, { progress: false })
        )
      }
    }

    const lookedUp = (task: T): void => {
      for (const location of [start("").truthOf(task), "unknown"] as const) {
        happens(
          `TaskLookedUp ${location}`,
          location === "unknown",
          tell(
            { _tag: "TaskLookedUp", task_id: taskIds[task], location },
            { lookUp: null }
          )
        )
      }
    }

    const stopping = (): void => {
      for (const task of both) {
        if (!daemon.stops[task]) continue
        const lives = body.process !== null && body.process.task === task && body.process.watched !== "no"
        tells(`the agent of ${taskIds[task]} is gone`, false, (draft) => draft.stopDone(task), lives)
      }
    }

    const fires = (name: TimerName): void => {
      const fire = (when: "late" | "early", spent: boolean) => (draft: Draft) => {
        draft.daemonIs({ timers: daemon.timers.filter((timer) => timer !== name) })
        if (spent) draft.ghostIs({ disconnects: ghost.disconnects - 1 })
        draft.handle({ _tag: "TimerFired", timer: name, due: 0 }, when)
      }
      if (name === "half_open" && hub.socket === "old") return
      if (name === "task_timeout" && !config.timeout) return
      if (name === "answer") {
        const comes = net.open && (net.out.length > 0 || net.in.some(({ say }) => !pushes.has(say)))
        if (comes && ghost.disconnects === 0) return
        happens("no answer in time", comes, fire("late", comes))
        return
      }
      happens(`timer ${name}`, name === "task_timeout", fire("late", false))
      if (name === "task_timeout") happens(`timer ${name}, early`, true, fire("early", false))
    }

    /** What the hub or the daemon itself may say out of turn; an answer only where no frame waits for one of its kind. */
    const strays = (): void => {
      if (ghost.strays === 0) return
      const { connection, stored } = world.side.state
      const flight = connection.in_flight
      const held = stored.task
      const task_id = taskIds[0]
      const generation = held?.generation ?? 0
      const refused = (frame: FrameKind | null): Message => ({
        _tag: "HubRefused",
        error: "validation_failed",
        frame,
        unknown_type: true
      })
      const end = ends["exited 1"]
      const messages: ReadonlyArray<Message> = [
        ...net.open && flight?.kind !== "accept"
          ? [{ _tag: "TaskAcknowledged", task_id, status: "accepted" } as const]
          : [],
        ...net.open && flight?.kind !== "recovery"
          ? [{ _tag: "TaskContinued", task_id, generation } as const, { _tag: "TaskReassigned", task_id } as const]
          : [],
        ...net.open && flight?.kind !== "state"
          ? [{ _tag: "StateReportAnswered", task_id, action: "abort" } as const]
          : [],
        ...net.open && flight === null
          ? [
            refused("progress"),
            refused(null),
            { _tag: "RateLimited", retry_after_ms: 500 } as const,
            { _tag: "RateLimited", retry_after_ms: 500, of_ping: true } as const
          ]
          : [],
        ...net.open
          ? [refused("wake_result"), { _tag: "HubLostUs" } as const, assignment(0, -1), assignment(0, generation)]
          : [],
        ...net.open && held === null ? [{ _tag: "TaskAssigned", task: assignmentOf("../a", 0) } as const] : [],
        { _tag: "TaskCancelled", task_id: taskIds[1] },
        ...net.open && hub.tasks[0].at !== "queued" && hub.tasks[0].at !== "ours"
          ? [{ _tag: "TaskCancelled", task_id } as const]
          : [],
        { _tag: "ProgressFound", work_id: taskIds[1], progress: { progress: 1, execution_event: null } },
        { _tag: "RetryDue", work_id: task_id },
        ...both.filter((task) => body.process?.task !== task).map((task) =>
          ({ _tag: "OrphanFound", work_id: taskIds[task] }) as const
        ),
        { _tag: "TaskLookedUp", task_id, location: "elsewhere" },
        { _tag: "ReadinessChecked", obstacle: { cause: "folders", reason: "" }, programs: "" },
        { _tag: "ReadinessChecked", obstacle: null, programs: "replaced" },
        { _tag: "AgentStarted", work_id: task_id, wake_id: "another" },
        { _tag: "WakeSpawned", work_id: task_id, wake_id: "another" },
        { _tag: "WakeImpossible", work_id: task_id, wake_id: "another", reason: "" },
        { _tag: "WakeExited", work_id: task_id, wake_id: "another", end }
      ]
      for (const message of messages) {
        happens(`${message._tag}, out of turn`, true, (draft) => {
          draft.ghostIs({ strays: ghost.strays - 1 })
          draft.handle(message)
        })
      }
    }

    if (daemon.over) return
    faults()
    strays()
    connecting()
    answering()
    oldSocket()
    for (const task of both) {
      scheduling(task)
      agent(task)
    }
    launching()
    program()
    told()
    stopping()
    for (const name of daemon.timers) fires(name)
  }

  /** What was tried last, where it ended in a violation. */
  const lastTried = (): ReadonlyArray<string> => latest?.trace ?? []

  return { each, lastTried }
}

const draft0Held = ({ side }: World): { readonly task: T; readonly wake_id: string | null } | null => {
  const task = side.state.stored.task
  return task === null || side.held === null ? null : { task: side.held, wake_id: task.wake?.id ?? null }
}

const currentId = (world: World): string | null => draft0Held(world)?.wake_id ?? null
