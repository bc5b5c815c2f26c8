import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import * as Schedule from "effect/Schedule"
import { newestAtWork } from "../agent/atWork.ts"
import { obstaclesIn } from "../agent/environment.ts"
import { evidenceOf, isAlive, livingWakes } from "../agent/evidence.ts"
import type { LogKeeper } from "../agent/logKeeper.ts"
import { makeLogKeeper } from "../agent/logKeeper.ts"
import type { WakeMemory } from "../agent/memory.ts"
import { makeWakeMemory } from "../agent/memory.ts"
import { stopWakes } from "../agent/stop.ts"
import { prepareWake, spawnWake, tooLargeForSystem } from "../agent/wake.ts"
import { wakeRecords } from "../agent/wakeRecords.ts"
import type { Settings } from "../config/SidecarConfig.ts"
import { SidecarConfig } from "../config/SidecarConfig.ts"
import type { ProcessEvidence } from "../domain/Evidence.ts"
import type { WakeEnd, Work } from "../domain/Work.ts"
import { limits } from "../limits.ts"
import { platform } from "../platform.ts"
import { linuxTable } from "../process/linuxTable.ts"
import { posixProcesses } from "../process/posixProcesses.ts"
import type { KnownWake, Place } from "../process/processes.ts"
import { psTable } from "../process/psTable.ts"
import { reaperRemedy, unreaped } from "../process/reaper.ts"
import { readRecord, revokeOrRead, settledRecord } from "../process/record.ts"
import { outputTail, type Quoting } from "../process/spawn.ts"
import type { WakeFiles } from "../process/taskFiles.ts"
import { logPath, wakeFiles } from "../process/taskFiles.ts"
import { windowsProcesses } from "../process/windowsProcesses.ts"
import { quotable } from "../secrets/quoted.ts"
import { knownSecrets } from "../secrets/secret.ts"
import { Logger } from "../services/Logger.ts"
import { AgentsUnknown, Waker } from "../services/Waker.ts"
import { withHome } from "../storage/absent.ts"
import type { FileError } from "../storage/files.ts"
import { orElseLog } from "../storage/files.ts"
import type { Looks } from "../storage/looks.ts"
import { makeLooks } from "../storage/looks.ts"
import { homeOf } from "../storage/makeFolder.ts"
import { readAgain } from "../storage/readAgain.ts"

const processes = platform === "windows"
  ? windowsProcesses
  : posixProcesses(platform === "linux" ? linuxTable : psTable)

const neverBegan: ProcessEvidence = { process: "none", this_boot: true }
const seenAlive: ProcessEvidence = { process: "alive", this_boot: true }
const notKnown: ProcessEvidence = { process: "unknown", this_boot: true }

interface Kept {
  readonly looks: Looks
  readonly logs: LogKeeper
  readonly memory: WakeMemory
  readonly place: Effect.Effect<Place, FileError>
  readonly quoting: Quoting
}

const unknown = (error: { readonly message: string }): AgentsUnknown =>
  new AgentsUnknown({ reason: error.message, exit_code: Runtime.getErrorExitCode(error) })

/** The tasks that have a living agent, as the records, our memory and the processes tell. */
const survivorsBy = (
  records: ReturnType<typeof wakeRecords>,
  memory: WakeMemory,
  looks: Looks,
  log: Logger["Service"]["log"]
) => {
  const living = Effect.gen(function*() {
    const found = yield* livingWakes(processes, yield* records.known(readRecord), memory.all())
    return [...new Set(found.map(({ wake: { files } }) => files.work_id))]
  })
  return {
    survivors: Effect.mapError(looks.once(living), unknown),
    survivorsAtStart: Effect.mapError(readAgain(living, log), unknown)
  }
}

/** What is known of a wake: first by what we have seen of it, then by its record. */
const evidenceBy = (memory: WakeMemory, place: Kept["place"], tasks_dir: string) =>
  Effect.fnUntraced(function*(files: WakeFiles) {
    const seen = memory.get(files.record_path)
    if (seen !== undefined && (yield* isAlive(processes, seen.wake))) return seenAlive
    return yield* evidenceOf(processes, files, yield* revokeOrRead(files.record_path), yield* place, tasks_dir)
  })

const make = (settings: Settings, log: Logger["Service"]["log"], { looks, logs, memory, place, quoting }: Kept) => {
  const { kill_grace_ms, tasks_dir } = settings
  const unbegun = new Map<string, string>() // of a task the wake that this life could not begin
  const records = wakeRecords(tasks_dir, place, log, memory)
  const outputOf = (known: KnownWake | null, work_id: string) =>
    outputTail(logPath(tasks_dir, work_id), known?.record?.log_offset ?? 0, quoting)

  const wake = Effect.fn("Waker.wake")(function*(work: Work, wake_id: string) {
    const didNotRun = (how: "unwritten" | "unspawned") => ({ reason }: { readonly reason: string }): WakeEnd => {
      unbegun.set(work.id, wake_id)
      memory.forget(work.id)
      return { how, code: null, output: reason }
    }
    const unwritten = didNotRun("unwritten")
    const prepared = yield* prepareWake(settings, work, wakeFiles(tasks_dir, work.id, wake_id)).pipe(
      Effect.catchTag("ProgramMissing", (missing) => Effect.succeed(didNotRun("unspawned")(missing)))
    )
    if ("how" in prepared) return { end: Effect.succeed(prepared) }
    yield* logs.keep(work.id)
    const spawning = spawnWake(settings, { processes, looks, place, memory, quoting }, prepared)
    const spawned = yield* orElseLog(spawning, log, (error) => ({ end: Effect.succeed(unwritten(error)) }))
    if (spawned === "too large") return yield* tooLargeForSystem
    return { end: orElseLog(spawned.end, log, unwritten) }
  })

  const adopt = Effect.fn("Waker.adopt")(function*(work: Work, wake_id: string) {
    const known = yield* looks.untilKnown(records.know(settledRecord, wakeFiles(tasks_dir, work.id, wake_id)))
    const alive = known === null ? Effect.succeed(false) : looks.untilKnown(isAlive(processes, known))
    const ended = Effect.repeat(alive, { schedule: Schedule.spaced(limits.process_poll_ms), while: (lives) => lives })
    if (known !== null && (yield* alive)) yield* Effect.flatten(memory.watch(known, ended))
    const output = yield* outputOf(known, work.id)
    const end: WakeEnd = { how: "unseen", code: null, output }
    return end
  })

  const evidence = evidenceBy(memory, place, tasks_dir)

  const inspect = Effect.fn("Waker.inspect")(function*(work: Work) {
    if (work.wake === null || unbegun.get(work.id) === work.wake.id) return neverBegan
    yield* logs.keep(work.id)
    const files = wakeFiles(tasks_dir, work.id, work.wake.id)
    const looking = looks.once(withHome(homeOf(settings))(evidence(files)))
    const found = yield* Effect.orElseSucceed(looking, () => notKnown)
    if (found.process === "alive" && work.status === "working") return found
    const known = yield* Effect.orElseSucceed(records.know(readRecord, files), () => null)
    const output = yield* outputOf(known, work.id)
    return output === "" ? found : { ...found, output }
  })

  const stop = Effect.fn("Waker.stop")(function*(work_id: string, linger_ms: number) {
    const wakes = yield* looks.untilKnown(records.known(revokeOrRead, work_id))
    const was_alive = yield* stopWakes({ processes, looks, log }, wakes, memory.all(), {
      work_id,
      linger_ms,
      kill_grace_ms
    })
    memory.forget(work_id)
    yield* logs.release(work_id)
    return was_alive
  })

  const forget = Effect.fn("Waker.forget")(function*(work_id: string, keep_output: boolean) {
    unbegun.delete(work_id)
    yield* logs.release(work_id)
    yield* records.forget(work_id, keep_output)
  })

  const atWork = Effect.mapError(readAgain(newestAtWork(processes, tasks_dir, place), log), unknown)
  return Waker.of({ wake, adopt, inspect, stop, ...survivorsBy(records, memory, looks, log), atWork, forget })
}

/** A place that was told once does not change. */
const toldOnce = (place: Effect.Effect<Place, FileError>): Effect.Effect<Place, FileError> => {
  let told: Place | null = null
  return Effect.suspend(() =>
    told === null
      ? Effect.tap(place, (here) =>
        Effect.sync(() => {
          told = here
        }))
      : Effect.succeed(told)
  )
}

/** Wakes agents by `wake_command`, and knows them by the records in `tasks_dir`. */
export const WakerProcess: Layer.Layer<Waker, never, SidecarConfig | Logger> = Layer.effect(
  Waker,
  Effect.gen(function*() {
    const settings = yield* SidecarConfig
    const { log } = yield* Logger
    for (const reason of obstaclesIn(process.env, settings.wake_command)) {
      yield* log({ event: "wake_obstructed", reason })
    }
    const reason = platform === "linux" ? unreaped() : null
    if (reason !== null) yield* log({ event: "processes_unreaped", reason, remedy: reaperRemedy })
    const looks = makeLooks(log)
    const secrets = knownSecrets(settings, process.env)
    return make(settings, log, {
      looks,
      logs: yield* makeLogKeeper(settings.tasks_dir, log),
      memory: yield* makeWakeMemory(processes, looks),
      place: toldOnce(processes.place),
      quoting: { mask: (text) => quotable(text, secrets), own: settings.own_files }
    })
  })
)
