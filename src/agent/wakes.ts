import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import { rm } from "node:fs/promises"
import { type KnownWake, knownWake, type Place } from "../process/knownWake.ts"
import type { Processes, SeenWake } from "../process/processes.ts"
import { makeRoom, type Quoting } from "../process/taskLog.ts"
import {
  alivePath,
  dropUnheld,
  fixedPaths,
  largePayloads,
  logPath,
  readRecord,
  recordedWakes,
  type WakeFiles,
  type WakeProof
} from "../process/wakeFiles.ts"
import type { Logger } from "../services/Logger.ts"
import { attempt, type FileError, orElseLog } from "../storage/files.ts"
import type { Looks } from "../storage/reading.ts"

const pathOf = ({ files }: KnownWake): string => files.record_path

/** What this life of the daemon has seen of the wakes that it spawned or adopted, even if their records are lost. */
export const makeWakeMemory = Effect.fnUntraced(function*(processes: Processes, looks: Looks) {
  const wakes = new Map<string, SeenWake>()
  const watching = yield* FiberSet.make<unknown, unknown>()

  /** After the leader's end its processes are remembered one by one, because the system may reuse the group's number. */
  const look = Effect.fnUntraced(function*(wake: KnownWake) {
    const seen = wakes.get(pathOf(wake))
    if (seen === undefined) return
    const [left] = yield* looks.untilKnown(processes.living([wake], [seen]))
    yield* dropUnheld(pathOf(wake))
    if (wakes.has(pathOf(wake))) wakes.set(pathOf(wake), { wake, group: null, identities: left?.identities ?? [] })
  })

  return {
    get: (record_path: string): SeenWake | undefined => wakes.get(record_path),
    all: (): ReadonlyArray<SeenWake> => [...wakes.values()],
    forget: (work_id: string): void => {
      for (const [path, { wake }] of wakes) if (wake.files.work_id === work_id) wakes.delete(path)
    },
    /** Remembers a wake whose leader lives, and what the leader has left behind when `ended` returns. */
    watch: Effect.fnUntraced(function*<A, E>(wake: KnownWake, ended: Effect.Effect<A, E>) {
      wakes.set(pathOf(wake), { wake, group: wake.record?.pid ?? null, identities: [] })
      const end = yield* FiberSet.run(watching, Effect.flatten(Effect.tap(Effect.exit(ended), look(wake))))
      return Fiber.join(end)
    })
  }
})

export type WakeMemory = Effect.Success<ReturnType<typeof makeWakeMemory>>

/** What the parts of the waker share. */
export interface WakerTools {
  readonly processes: Processes
  readonly place: Effect.Effect<Place, FileError>
  readonly memory: WakeMemory
  readonly looks: Looks
  readonly quoting: Quoting
}

type Read = (path: string) => Effect.Effect<WakeProof | null, FileError>

/** The wakes that have a record in `tasks_dir` or are in our memory. */
export const wakeRecords = ({ memory, place }: WakerTools, tasks_dir: string, log: Logger["Service"]["log"]) => {
  const recorded = recordedWakes(tasks_dir)
  const remove = (path: string) => orElseLog(attempt(path, () => rm(path, { force: true })), log, () => undefined)
  const know = Effect.fnUntraced(function*(read: Read, files: WakeFiles) {
    return memory.get(files.record_path)?.wake ??
      (yield* knownWake(files, yield* read(files.record_path), yield* place, tasks_dir))
  })
  return {
    /** The wake of these files; null if it belongs to another folder. */
    know,
    /** The wakes of one task, or of all. */
    known: Effect.fnUntraced(function*(read: Read, work_id?: string) {
      const files = [...yield* recorded, ...memory.all().map(({ wake }) => wake.files)]
      const wanted = files.filter((each) => work_id === undefined || each.work_id === work_id)
      const byPath = new Map(wanted.map((each) => [each.record_path, each]))
      const known = yield* Effect.forEach(byPath.values(), (each) => know(read, each))
      return known.filter((wake) => wake !== null)
    }),
    /**
     * Removes the files of a task, except its revocations: a launcher may still come and must find them. A revocation is
     * empty if a full disk did not take it. If `keep_output`, the log stays, cut as before a next wake.
     */
    forget: Effect.fnUntraced(function*(work_id: string, keep_output: boolean) {
      const output = logPath(tasks_dir, work_id)
      const ofTask = (yield* orElseLog(recorded, log, () => [])).filter((each) => each.work_id === work_id)
      const files = yield* Effect.filter(
        ofTask,
        ({ record_path }) =>
          Effect.map(
            orElseLog(readRecord(record_path), log, () => "unwritten" as const),
            (proof) => proof !== "revoked" && proof !== "unwritten"
          )
      )
      const paths = [
        ...fixedPaths(tasks_dir, work_id).filter((path) => !keep_output || path !== output),
        ...yield* orElseLog(largePayloads(tasks_dir, work_id), log, () => []),
        ...files.flatMap(({ record_path }) => [record_path, alivePath(record_path)])
      ]
      yield* Effect.forEach(paths, remove, { discard: true })
      if (keep_output) yield* orElseLog(makeRoom(output), log, () => undefined)
    })
  }
}

export type WakeRecords = ReturnType<typeof wakeRecords>
