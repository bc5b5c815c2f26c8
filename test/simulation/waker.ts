import * as Effect from "effect/Effect"
import { kill_grace_ms } from "../../src/config/ConfigFile.ts"
import type { ProcessEvidence } from "../../src/domain/Evidence.ts"
import { kindOf, type WakeEnd } from "../../src/domain/Work.ts"
import { WakeImpossible, type Waker } from "../../src/services/Waker.ts"
import { isMeant } from "../support/isMeant.ts"
import { quick } from "./latency.ts"
import type { Life } from "./life.ts"
import type { Machine } from "./machine.ts"
import type { Processes } from "./processes.ts"
import type { Session } from "./session.ts"
import type { World } from "./world.ts"

const unspawned: WakeEnd = { how: "unspawned", code: null, output: "EAGAIN" }
const unwritten: WakeEnd = { how: "unwritten", code: null, output: "ENOSPC" }
const notKnown: ProcessEvidence = { process: "unknown", this_boot: true }
const neverMeant: ProcessEvidence = { process: "none", this_boot: true }

/** Resumes some milliseconds after `over` has become true of the session. */
const untilOver = (life: Life, world: World, session: Session, over: () => boolean): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const check = () => {
      if (!over()) return
      session.listeners.delete(check)
      life.later(world.chance.between("exit seen", 0, 5), () => resume(Effect.void))
    }
    session.listeners.add(check)
    check()
    return Effect.sync(() => session.listeners.delete(check))
  })

/** SIGTERM after the time for lingering, SIGKILL after the grace; resumes when nothing lives. */
const stopAll = (
  life: Life,
  processes: Processes,
  sessions: ReadonlyArray<Session>,
  linger_ms: number
): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    let over = false
    const living = () => sessions.filter((session) => session.lives)
    const finish = () => {
      over = true
      for (const session of sessions) session.listeners.delete(check)
    }
    const check = () => {
      if (over || living().length > 0) return
      finish()
      life.later(20, () => resume(Effect.void))
    }
    const step = (delay: number, act: () => void) =>
      life.later(delay, () => {
        if (!over) act()
      })
    for (const session of sessions) session.listeners.add(check)
    step(linger_ms, () => {
      for (const session of living()) processes.term(session)
      step(kill_grace_ms, () => {
        for (const session of living()) processes.kill(session)
      })
    })
    check()
    return Effect.sync(finish)
  })

/** The processes as the daemon sees them: the rules of the wake record, without the files. */
export const makeWaker = (
  life: Life,
  world: World,
  { ledger, processes, program, steps }: Pick<Machine, "ledger" | "processes" | "program" | "steps">
): Waker["Service"] => {
  const spawnedHere = new Set<Session>()
  const coming = new Set<string>() // the tasks whose wake is under way and has not been spawned

  const spawn = (task_id: string, wake_id: string): { readonly end: Effect.Effect<WakeEnd> } => {
    if (world.faults.strikes("payload_unwritten")) return { end: Effect.succeed(unwritten) }
    if (program.isMissing || world.faults.strikes("wake_unspawned")) return { end: Effect.succeed(unspawned) }
    const session = processes.spawn(task_id, wake_id)
    ledger.spawned(task_id)
    spawnedHere.add(session)
    const end = Effect.map(untilOver(life, world, session, () => session.end !== null), () => session.end ?? unspawned)
    return { end }
  }

  const inspect = (task_id: string, wake_id: string): ProcessEvidence => {
    const record = processes.revokeOrRead(task_id, wake_id)
    if (record === "revoked") return neverMeant
    const this_boot = record.boot === processes.boot
    return { process: this_boot && record.leader ? "alive" : "gone", this_boot }
  }

  const survivors = life.operation("survivors", quick(world), () => [
    ...new Set(processes.living().map(({ task_id }) => task_id))
  ])

  return {
    showMessages: () => Effect.void,
    wake: (task, wake_id) => {
      const { id: task_id } = task
      if (ledger.isImpossible(task_id)) return new WakeImpossible({ remedy: "use ${TASK_FILE}" })
      ledger.wakes(task_id, wake_id)
      coming.add(task_id)
      return Effect.andThen(
        life.operation("payload", quick(world), () => processes.gave(task)),
        Effect.uninterruptible(Effect.suspend(() => {
          if (steps.state === null || !isMeant(steps.state, kindOf(task_id))) {
            world.violate(`${task_id} is woken as ${wake_id}, which is not meant any more`)
          }
          return life.operation("spawn", quick(world), () => spawn(task_id, wake_id))
        }))
      ).pipe(Effect.ensuring(Effect.sync(() => coming.delete(task_id))))
    },
    adopt: ({ id: task_id }, wake_id) =>
      Effect.suspend(() => {
        const record = processes.record(task_id, wake_id)
        const end: WakeEnd = { how: "unseen", code: null, output: "" }
        if (record === undefined || record === "revoked") return Effect.succeed(end)
        return Effect.as(untilOver(life, world, record, () => !record.leader), end)
      }),
    inspect: ({ id: task_id, wake }) =>
      life.operation(
        "inspect",
        quick(world),
        () => {
          ledger.inspected(task_id)
          if (world.faults.strikes("processes_unreadable")) {
            ledger.blind_looks++
            return notKnown
          }
          return wake === null ? neverMeant : inspect(task_id, wake.id)
        }
      ),
    stop: (task_id, linger_ms) =>
      Effect.flatMap(
        life.operation("stop", quick(world), () => {
          ledger.stops(task_id)
          if (coming.has(task_id)) world.violate(`the agent of ${task_id} is stopped while it is being spawned`)
          for (const session of spawnedHere) {
            if (session.task_id === task_id && session.leader) processes.revokeOrRead(task_id, session.wake_id)
          }
          return processes.living().filter((session) => session.task_id === task_id)
        }),
        (living) =>
          living.length === 0 ? Effect.succeed(false) : Effect.as(stopAll(life, processes, living, linger_ms), true)
      ),
    survivors,
    survivorsAtStart: survivors,
    atWork: life.operation("atWork", quick(world), () => processes.newestAtWork()),
    forget: (task_id) =>
      life.operation("forget", quick(world), () => {
        processes.payloads.delete(task_id)
        processes.batches.delete(task_id)
        for (const [key, record] of [...processes.records]) {
          if (key.startsWith(`${task_id} `) && record !== "revoked") processes.records.delete(key)
        }
      })
  }
}
