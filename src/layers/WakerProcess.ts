import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { rm } from "node:fs/promises"
import type { ProcessEvidence } from "../domain/Evidence.ts"
import type { Task, WakeEnd } from "../domain/Task.ts"
import { limits } from "../limits.ts"
import { platform } from "../platform.ts"
import { Logger } from "../services/Logger.ts"
import { Waker } from "../services/Waker.ts"
import type { Settings } from "../SidecarConfig.ts"
import { SidecarConfig } from "../SidecarConfig.ts"
import { maskSecrets, secretsIn } from "../wake/maskSecrets.ts"
import type { FileError } from "./files.ts"
import { attempt, orElseLog } from "./files.ts"
import { obstacleIn } from "./waker/environment.ts"
import { evidenceOf, isAlive, knownWake } from "./waker/evidence.ts"
import { linuxTable } from "./waker/linuxTable.ts"
import type { LogKeeper } from "./waker/logKeeper.ts"
import { makeLogKeeper } from "./waker/logKeeper.ts"
import { posixProcesses } from "./waker/posixProcesses.ts"
import { psTable } from "./waker/psTable.ts"
import type { WakeProof } from "./waker/record.ts"
import { readRecord, revokeOrRead, settledRecord } from "./waker/record.ts"
import { outputTail } from "./waker/spawn.ts"
import { stopWakes } from "./waker/stop.ts"
import type { WakeFiles } from "./waker/taskFiles.ts"
import { logPath, payloadPath, promptPath, recordedWakes, wakeFiles } from "./waker/taskFiles.ts"
import type { RunningWakes } from "./waker/wake.ts"
import { prepareWake, spawnWake } from "./waker/wake.ts"
import { windowsProcesses } from "./waker/windowsProcesses.ts"

const processes = platform === "windows"
  ? windowsProcesses
  : posixProcesses(platform === "linux" ? linuxTable : psTable)

const neverMeant: ProcessEvidence = { process: "none", this_boot: true }

/** The wakes that there are records of, as the log and this boot of the machine allow to know them. */
const wakeRecords = (tasks_dir: string, boot: string, log: Logger["Service"]["log"]) => {
  type Read = (path: string) => Effect.Effect<WakeProof | null, FileError>
  const prove = (read: Read, files: WakeFiles) => orElseLog(read(files.record_path), log, () => null)
  return {
    prove,
    know: (read: Read, files: WakeFiles) => Effect.map(prove(read, files), (proof) => knownWake(files, proof, boot)),
    all: orElseLog(recordedWakes(tasks_dir), log, () => []),
    remove: (path: string) => orElseLog(attempt(path, () => rm(path, { force: true })), log, () => undefined)
  }
}

const make = (settings: Settings, log: Logger["Service"]["log"], boot: string, logs: LogKeeper) => {
  const { tasks_dir, kill_grace_ms, token } = settings
  const running: RunningWakes = new Map()
  const records = wakeRecords(tasks_dir, boot, log)
  const secrets = [Redacted.value(token), ...secretsIn(process.env)]
  const mask = (text: string) => maskSecrets(text, secrets)

  const wake = Effect.fn("Waker.wake")(function*(task: Task, wake_id: string) {
    const prepared = yield* prepareWake(settings, task, wakeFiles(tasks_dir, task.task_id, wake_id))
    yield* logs.keep(task.task_id)
    const spawned = spawnWake(settings, boot, running, prepared, mask)
    return yield* orElseLog(spawned, log, ({ reason }) => {
      const end: WakeEnd = { how: "unwritten", code: null, output: reason }
      return { end: Effect.succeed(end) }
    })
  })

  const adopt = Effect.fn("Waker.adopt")(function*(task: Task, wake_id: string) {
    const known = yield* records.know(settledRecord, wakeFiles(tasks_dir, task.task_id, wake_id))
    yield* isAlive(processes, known).pipe(
      Effect.repeat({ schedule: Schedule.spaced(limits.process_poll_ms), while: (alive) => alive })
    )
    const output = yield* outputTail(logPath(tasks_dir, task.task_id), known.record?.log_offset ?? 0, mask)
    const end: WakeEnd = { how: "unseen", code: null, output }
    return end
  }, Effect.orDie)

  const inspect = Effect.fn("Waker.inspect")(function*(task: Task) {
    if (task.wake === null) return neverMeant
    yield* logs.keep(task.task_id)
    const files = wakeFiles(tasks_dir, task.task_id, task.wake.id)
    return yield* evidenceOf(processes, files, yield* records.prove(revokeOrRead, files), boot)
  }, Effect.orDie)

  const stop = Effect.fn("Waker.stop")(function*(task_id: string, linger_ms: number) {
    const wakes = [...yield* records.all, ...running.values()].filter((files) => files.task_id === task_id)
    const byId = new Map(wakes.map((files) => [files.wake_id, files]))
    const known = yield* Effect.forEach(byId.values(), (files) => records.know(revokeOrRead, files))
    const was_alive = yield* stopWakes(processes, known, log, { task_id, linger_ms, kill_grace_ms })
    yield* logs.release(task_id)
    return was_alive
  }, Effect.orDie)

  const survivors = Effect.gen(function*() {
    const known = yield* Effect.forEach(yield* records.all, (files) => records.know(readRecord, files))
    const living = yield* processes.living(known, [])
    return [...new Set(living.map(({ wake: { files } }) => files.task_id))]
  }).pipe(Effect.orDie)

  const forget = Effect.fn("Waker.forget")(function*(task_id: string) {
    const wakes = (yield* records.all).filter((files) => files.task_id === task_id)
    const paths = [
      payloadPath(tasks_dir, task_id),
      promptPath(tasks_dir, task_id),
      logPath(tasks_dir, task_id),
      ...wakes.map((files) => files.record_path)
    ]
    yield* logs.release(task_id)
    yield* Effect.forEach(paths, records.remove, { discard: true })
  })

  return Waker.of({ wake, adopt, inspect, stop, survivors, forget })
}

/** Wakes agents by `wake_command`, and knows them by the records in `tasks_dir`. */
export const WakerProcess: Layer.Layer<Waker, never, SidecarConfig | Logger> = Layer.effect(
  Waker,
  Effect.gen(function*() {
    const settings = yield* SidecarConfig
    const { log } = yield* Logger
    const obstacle = obstacleIn(process.env, settings.wake_command)
    if (obstacle !== null) yield* log({ event: "wake_obstructed", reason: obstacle })
    return make(settings, log, yield* processes.boot, yield* makeLogKeeper(settings.tasks_dir, log))
  })
)
