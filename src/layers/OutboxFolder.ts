import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { removeOldOutcomes } from "../agent/outbox/keep.ts"
import { makeNotices } from "../agent/outbox/notices.ts"
import { makeTakeIn } from "../agent/outbox/takeIn.ts"
import { makeFolderTicks } from "../agent/results/folderWatch.ts"
import { SidecarConfig } from "../config/SidecarConfig.ts"
import { Logger } from "../services/Logger.ts"
import { MessageStore } from "../services/MessageStore.ts"
import { Outbox } from "../services/Outbox.ts"
import { StoreError } from "../services/TaskStore.ts"
import { FileError, orElseLog } from "../storage/files.ts"
import { homeOf, withHome } from "../storage/folders.ts"
import { makeLooks } from "../storage/reading.ts"

const outcomes_look_ms = 60 * 60_000 // between two removals of old outcomes

/** The files of `outbox_dir`. What is written there is seen at once, or at the next rescan if the event is lost. */
export const OutboxFolder: Layer.Layer<Outbox, never, SidecarConfig | Logger | MessageStore> = Layer.effect(
  Outbox,
  Effect.gen(function*() {
    const settings = yield* SidecarConfig
    const { outbox_dir } = settings
    const home = homeOf(settings)
    const { log } = yield* Logger
    const looks = makeLooks(log)
    const logged = (operation: Effect.Effect<unknown, FileError>) =>
      Effect.asVoid(orElseLog(operation, log, () => null))
    const { ticksFor } = yield* makeFolderTicks(home, outbox_dir, logged)
    const notices = makeNotices(home, outbox_dir, log)
    const takeIn = makeTakeIn(settings, yield* MessageStore, notices).pipe(
      Effect.catchTag(
        "StoreError",
        ({ message: reason, path }) => Effect.fail(new FileError({ path, code: "", reason }))
      ),
      withHome(home),
      looks.once,
      Effect.orElseSucceed(() => null)
    )

    yield* logged(removeOldOutcomes(outbox_dir)).pipe(
      Effect.repeat(Schedule.spaced(outcomes_look_ms)),
      Effect.forkScoped
    )

    return Outbox.of({
      filled: Stream.filter(Stream.mapEffect(ticksFor(""), () => takeIn), (held) => held !== null),
      tell: (origin, outgoing, outcome) => logged(notices.tell(origin, outgoing, outcome)),
      handOver: (name, reply) =>
        Effect.mapError(notices.handOver(name, reply), ({ path, reason }) => new StoreError({ path, cause: reason }))
    })
  })
)
