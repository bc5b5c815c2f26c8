import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Match from "effect/Match"
import type { Command } from "../domain/Command.ts"
import type { Message } from "../domain/Message.ts"
import { Hub } from "../services/Hub.ts"
import { Logger } from "../services/Logger.ts"
import { ResultWatcher } from "../services/ResultWatcher.ts"
import { Waker } from "../services/Waker.ts"
import { agentCommands } from "./agentCommands.ts"
import type { Supervisor } from "./Supervisor.ts"
import { timerCommands } from "./timerCommands.ts"

/** What a command needs beside the services: the fibers of the actor, its mailbox and its end. */
export interface Surroundings {
  readonly fibers: Supervisor
  readonly post: (message: Message) => Effect.Effect<void>
  /** Posts a message that is dropped where it is not meant any more when its turn comes. */
  readonly postWhile: (isMeant: () => boolean, message: Message) => Effect.Effect<void>
  /** What is known at once is handled before the next message of the mailbox. */
  readonly learn: (message: Message) => Effect.Effect<void>
  /** Tries to write down what we owe, and learns how it went. */
  readonly save: Effect.Effect<void>
  /** Keeps the connection to the hub while it runs. */
  readonly connection: Effect.Effect<void>
  readonly exit: Deferred.Deferred<0 | 75>
}

export type CommandOf<Tag extends Command["_tag"]> = Extract<Command, { readonly _tag: Tag }>

/**
 * Runs one command. What is short and has to be done before the next command is done here; what takes time becomes a
 * fiber under the actor's scope, and its outcome comes through the mailbox.
 */
export const makeRunner = Effect.fnUntraced(function*(surroundings: Surroundings) {
  const { connection, exit, fibers, post, save } = surroundings
  const hub = yield* Hub
  const waker = yield* Waker
  const watcher = yield* ResultWatcher
  const logger = yield* Logger
  const send = hub.send

  return Match.type<Command>().pipe(Match.tagsExhaustive({
    Identify: send,
    AcceptTask: send,
    RejectTask: send,
    AskRecovery: send,
    ReportState: send,
    SendReport: send,
    SendProgress: send,
    SendWakeResult: send,
    AnnounceRestart: send,
    Reconnect: ({ reason }) => hub.reconnect(reason),
    CloseConnection: () => fibers.stop("hub"),
    OpenConnection: () => fibers.run("hub", connection),
    SaveState: () => save,
    LookUpTask: ({ task_id }) =>
      fibers.run(
        "look-up",
        Effect.flatMap(hub.lookUp(task_id), (whereabouts) => post({ _tag: "TaskLookedUp", task_id, whereabouts }))
      ),
    ...agentCommands(waker, watcher, surroundings),
    ...timerCommands(surroundings),
    Log: ({ event }) => logger.log(event),
    Exit: ({ code }) => Effect.asVoid(Deferred.succeed(exit, code))
  }))
})
