import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Match from "effect/Match"
import type { Command } from "../domain/Command.ts"
import { FolderLease } from "../services/FolderLease.ts"
import { Hub } from "../services/Hub.ts"
import { Logger } from "../services/Logger.ts"
import { MessageStore } from "../services/MessageStore.ts"
import { Messenger } from "../services/Messenger.ts"
import { Orphans } from "../services/Orphans.ts"
import { Outbox } from "../services/Outbox.ts"
import { Readiness } from "../services/Readiness.ts"
import { ResultWatcher } from "../services/ResultWatcher.ts"
import { Waker } from "../services/Waker.ts"
import type { ActorContext } from "./ActorContext.ts"
import { agentCommands } from "./agentCommands.ts"
import { messageCommands } from "./messages/messageCommands.ts"

/**
 * Runs one command. Short work is done here, before the next command. Work that takes time becomes a fiber of the actor, and its
 * outcome comes through the mailbox.
 */
export const makeRunner = Effect.fnUntraced(function*(context: ActorContext) {
  const { connection, exit, fibers, post, save } = context
  const hub = yield* Hub
  const waker = yield* Waker
  const watcher = yield* ResultWatcher
  const orphans = yield* Orphans
  const readiness = yield* Readiness
  const logger = yield* Logger

  return Match.type<Command>().pipe(
    Match.tags({
      Reconnect: ({ reason }) => hub.reconnect(reason),
      CloseConnection: () => fibers.stop("hub"),
      OpenConnection: () => fibers.run("hub", connection),
      // One check at a time: a folder that does not respond is not asked again.
      CheckReadiness: ({ by_writing }) =>
        fibers.runOnce(
          "readiness",
          Effect.flatMap(readiness.check(by_writing), (found) => post({ _tag: "ReadinessChecked", ...found }))
        ),
      SaveState: () => save,
      LookUpTask: ({ task_id }) =>
        fibers.run(
          "look-up",
          Effect.flatMap(hub.lookUp(task_id), (location) => post({ _tag: "TaskLookedUp", task_id, location }))
        ),
      ...agentCommands(waker, watcher, orphans, (yield* FolderLease).check, context),
      ...messageCommands({
        ...context,
        store: yield* MessageStore,
        messenger: yield* Messenger,
        waker,
        outbox: yield* Outbox,
        log: logger.log
      }),
      // A timer that fires while it is cancelled or restarted is stale, which its due time shows.
      StartTimer: ({ after_ms, due, timer }) =>
        fibers.run(`timer ${timer}`, Effect.andThen(Effect.sleep(after_ms), post({ _tag: "TimerFired", timer, due }))),
      CancelTimer: ({ timer }) => fibers.stop(`timer ${timer}`),
      Log: ({ event }) => logger.log(event),
      Exit: ({ code }) => Effect.asVoid(Deferred.succeed(exit, code))
    }),
    Match.orElse(hub.send) // all others are frames
  )
})
