import * as Effect from "effect/Effect"
import * as FiberHandle from "effect/FiberHandle"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { join } from "node:path"
import { moveResults, removePath, resultFiles } from "../agent/results/files.ts"
import { Pace, Sightings } from "../agent/results/fileTimes.ts"
import { makeFolderTicks } from "../agent/results/folderWatch.ts"
import {
  folderEvidence,
  nothingTold,
  observe,
  readResults,
  type Restraint,
  type Told
} from "../agent/results/taskResults.ts"
import { SidecarConfig } from "../config/SidecarConfig.ts"
import { nameOf } from "../domain/Work.ts"
import { Logger } from "../services/Logger.ts"
import { ResultWatcher } from "../services/ResultWatcher.ts"
import { type FileError, orElseLog } from "../storage/files.ts"
import { homeOf, withHome } from "../storage/folders.ts"
import { thisMoment } from "../storage/moment.ts"
import { makeLooks } from "../storage/reading.ts"

const prefixOf = (work_id: string): string => `${work_id}.`

/** The agent's answers in `results_dir`. What it writes there is seen at once, or at the next rescan if the event is lost. */
export const ResultWatcherFolder: Layer.Layer<ResultWatcher, never, SidecarConfig | Logger> = Layer.effect(
  ResultWatcher,
  Effect.gen(function*() {
    const settings = yield* SidecarConfig
    const { own_files, results_dir } = settings
    const home = homeOf(settings)
    const { log } = yield* Logger
    const reader = { folder: results_dir, own: own_files, sightings: new Sightings() }
    const later = yield* FiberHandle.make()
    const looks = makeLooks(log)

    const logged = (operation: Effect.Effect<unknown, FileError>) =>
      Effect.asVoid(orElseLog(operation, log, () => null))
    const { nudge, ticksFor } = yield* makeFolderTicks(home, results_dir, logged)
    /** What there is of a task; null if that cannot be read. */
    const read = (work_id: string, restraint: Restraint | null = null, sightings = reader.sightings) =>
      thisMoment.pipe(
        Effect.flatMap((now) => readResults({ ...reader, sightings }, work_id, now, restraint)),
        withHome(home),
        looks.once,
        Effect.orElseSucceed(() => null)
      )
    /** What is new of a task. A file that is not to be read yet is looked at again as soon as it may be. */
    const readNew = Effect.fnUntraced(function*(work_id: string, told: Told, pace: Pace) {
      const isTold = (version: string) => version === told.answer || version === told.progress
      const found = yield* read(work_id, { pace, isTold })
      const postponed_ms = pace.takePostponed()
      if (postponed_ms !== null) yield* FiberHandle.run(later, Effect.delay(nudge(prefixOf(work_id)), postponed_ms))
      return found === null ? [told, []] as const : observe(told, found)
    })
    const hasSuccess = (work_id: string) =>
      Effect.map(read(work_id, null, new Sightings()), (found) => {
        const answer = found?.answer?.value
        return typeof answer === "object" && answer._tag === "Success"
      })
    const removeAll = (paths: ReadonlyArray<string>) =>
      Effect.forEach(paths, (path) => logged(removePath(path)), { discard: true })

    return ResultWatcher.of({
      watch: (work_id) =>
        Stream.suspend(() => {
          const pace = new Pace()
          const ticks = ticksFor(prefixOf(work_id))
          return Stream.mapAccumEffect(ticks, () => nothingTold, (told) => readNew(work_id, told, pace))
        }),
      rescan: (work_id) => nudge(prefixOf(work_id)),
      look: (work_id) => Effect.map(read(work_id), (found) => found && folderEvidence(found)),
      clear: (work_id) => {
        const { started, progress } = resultFiles(results_dir, work_id)
        return removeAll([started, progress])
      },
      setAside: (work_id, folder) =>
        (folder === "sent" ? hasSuccess(work_id) : Effect.succeed(false)).pipe(
          Effect.flatMap((stays) =>
            moveResults(home, join(results_dir, folder), work_id, resultFiles(results_dir, work_id), stays)
          ),
          Effect.tap((kept) =>
            kept === null ? Effect.void : log({ event: "files_kept", ...nameOf(work_id), folder: kept })
          ),
          logged
        ),
      remove: (work_id, keep_answer) => {
        const { started, progress, answer } = resultFiles(results_dir, work_id)
        return removeAll(keep_answer ? [started, progress] : [started, progress, answer])
      }
    })
  })
)
