import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type { ProcessEvidence } from "../domain/Evidence.ts"
import type { Task, WakeEnd } from "../domain/Task.ts"
import { limits } from "../limits.ts"
import { platform } from "../platform.ts"
import { quotable } from "../secrets/quoted.ts"
import { knownSecrets } from "../secrets/secret.ts"
import { Logger } from "../services/Logger.ts"
import { Waker } from "../services/Waker.ts"
import type { Settings } from "../SidecarConfig.ts"
import { SidecarConfig } from "../SidecarConfig.ts"
import { orElseLog } from "./files.ts"
import { readAgain } from "./readAgain.ts"
import { newestAtWork } from "./waker/atWork.ts"
import { obstacleIn } from "./waker/environment.ts"
import { evidenceOf, isAlive } from "./waker/evidence.ts"
import { linuxTable } from "./waker/linuxTable.ts"
import type { LogKeeper } from "./waker/logKeeper.ts"
import { makeLogKeeper } from "./waker/logKeeper.ts"
import type { WakeMemory } from "./waker/memory.ts"
import { makeWakeMemory } from "./waker/memory.ts"
import { posixProcesses } from "./waker/posixProcesses.ts"
import { psTable } from "./waker/psTable.ts"
import { readRecord, revokeOrRead, settledRecord } from "./waker/record.ts"
import { outputTail, type Quoting } from "./waker/spawn.ts"
import { stopWakes } from "./waker/stop.ts"
import { fixedPaths, logPath, wakeFiles } from "./waker/taskFiles.ts"
import { prepareWake, spawnWake, tooLargeForSystem } from "./waker/wake.ts"
import { wakeRecords } from "./waker/wakeRecords.ts"
import { windowsProcesses } from "./waker/windowsProcesses.ts"

const processes = platform === "windows"
  ? windowsProcesses
  : posixProcesses(platform === "linux" ? linuxTable : psTable)

const neverBegan: ProcessEvidence = { process: "none", this_boot: true }
const seenAlive: ProcessEvidence = { process: "alive", this_boot: true }

interface Kept {
  readonly boot: string
  readonly logs: LogKeeper
  readonly memory: WakeMemory
}

const make = (settings: Settings, log: Logger["Service"]["log"], { boot, logs, memory }: Kept) => {
  const { kill_grace_ms, own_files, tasks_dir } = settings
  const unbegun = new Map<string, string>() // of a task the wake that this life could not begin
  const records = wakeRecords(tasks_dir, boot, log, memory)
  const secrets = knownSecrets(settings, process.env)
  const quoting: Quoting = { mask: (text) => quotable(text, secrets), own: own_files }

  const wake = Effect.fn("Waker.wake")(function*(task: Task, wake_id: string) {
    const didNotRun = (how: "unwritten" | "unspawned") => ({ reason }: { readonly reason: string }): WakeEnd => {
      unbegun.set(task.task_id, wake_id)
      memory.forget(task.task_id)
      return { how, code: null, output: reason }
    }
    const unwritten = didNotRun("unwritten")
    const prepared = yield* prepareWake(settings, task, wakeFiles(tasks_dir, task.task_id, wake_id)).pipe(
      Effect.catchTag("ProgramMissing", (missing) => Effect.succeed(didNotRun("unspawned")(missing)))
    )
    if ("how" in prepared) return { end: Effect.succeed(prepared) }
    yield* logs.keep(task.task_id)
    const spawning = spawnWake(settings, { processes, boot, memory, quoting }, prepared)
    const spawned = yield* orElseLog(spawning, log, (error) => ({ end: Effect.succeed(unwritten(error)) }))
    if (spawned === "too large") return yield* tooLargeForSystem
    return { end: orElseLog(spawned.end, log, unwritten) }
  })

  const adopt = Effect.fn("Waker.adopt")(function*(task: Task, wake_id: string) {
    const known = yield* records.know(settledRecord, wakeFiles(tasks_dir, task.task_id, wake_id))
    const ended = isAlive(processes, known).pipe(
      Effect.repeat({ schedule: Schedule.spaced(limits.process_poll_ms), while: (alive) => alive })
    )
    if (yield* isAlive(processes, known)) yield* Effect.flatten(memory.watch(known, ended))
    const output = yield* outputTail(logPath(tasks_dir, task.task_id), known.record?.log_offset ?? 0, quoting)
    const end: WakeEnd = { how: "unseen", code: null, output }
    return end
  }, Effect.orDie)

  const inspect = Effect.fn("Waker.inspect")(function*(task: Task) {
    if (task.wake === null || unbegun.get(task.task_id) === task.wake.id) return neverBegan
    yield* logs.keep(task.task_id)
    const files = wakeFiles(tasks_dir, task.task_id, task.wake.id)
    const seen = memory.get(files.record_path)
    if (seen !== undefined && (yield* isAlive(processes, seen.wake))) return seenAlive
    return yield* evidenceOf(processes, files, yield* records.prove(revokeOrRead, files), boot)
  }, Effect.orDie)

  const stop = Effect.fn("Waker.stop")(function*(task_id: string, linger_ms: number) {
    const wakes = (yield* records.known).filter((files) => files.task_id === task_id)
    const known = yield* Effect.forEach(wakes, (files) => records.know(revokeOrRead, files))
    const was_alive = yield* stopWakes(processes, known, memory.all(), log, { task_id, linger_ms, kill_grace_ms })
    memory.forget(task_id)
    yield* logs.release(task_id)
    return was_alive
  }, Effect.orDie)

  const survivors = Effect.gen(function*() {
    const known = yield* Effect.forEach(yield* records.known, (files) => records.know(readRecord, files))
    return [...new Set((yield* processes.living(known, memory.all())).map(({ wake: { files } }) => files.task_id))]
  }).pipe(Effect.orDie)

  const forget = Effect.fn("Waker.forget")(function*(task_id: string) {
    const wakes = (yield* records.recorded).filter((files) => files.task_id === task_id)
    const paths = [...fixedPaths(tasks_dir, task_id), ...wakes.map((files) => files.record_path)]
    unbegun.delete(task_id)
    yield* logs.release(task_id)
    yield* Effect.forEach(paths, records.remove, { discard: true })
  })

  return { wake, adopt, inspect, stop, survivors, forget }
}

/** Wakes agents by `wake_command`, and knows them by the records in `tasks_dir`. */
export const WakerProcess: Layer.Layer<Waker, never, SidecarConfig | Logger> = Layer.effect(
  Waker,
  Effect.gen(function*() {
    const settings = yield* SidecarConfig
    const { log } = yield* Logger
    const obstacle = obstacleIn(process.env, settings.wake_command)
    if (obstacle !== null) yield* log({ event: "wake_obstructed", reason: obstacle })
    const logs = yield* makeLogKeeper(settings.tasks_dir, log)
    const kept = { boot: yield* processes.boot, logs, memory: yield* makeWakeMemory(processes, log) }
    const atWork = readAgain(newestAtWork(processes, settings.tasks_dir, kept.boot), log)
    return Waker.of({ ...make(settings, log, kept), atWork })
  })
)
