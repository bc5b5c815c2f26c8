import type * as Deferred from "effect/Deferred"
import type * as Effect from "effect/Effect"
import type { Command } from "../domain/Command.ts"
import type { Message } from "../domain/Message.ts"
import type { FolderLost } from "../services/FolderLease.ts"
import type { Supervisor } from "./Supervisor.ts"

/** What a command needs beside the services: the fibers of the actor, its mailbox and its end. */
export interface ActorContext {
  readonly agent_id: string
  readonly fibers: Supervisor
  readonly post: (message: Message) => Effect.Effect<void>
  /** Hands on an outcome that is known at once. It is handled before the next message of the mailbox. */
  readonly learn: (message: Message) => Effect.Effect<void>
  /** Tries to save the state, and hands on the outcome. */
  readonly save: Effect.Effect<void, FolderLost>
  /** Keeps the connection to the hub while it runs. */
  readonly connection: Effect.Effect<void>
  readonly exit: Deferred.Deferred<0 | 75>
}

export type CommandOf<Tag extends Command["_tag"]> = Extract<Command, { readonly _tag: Tag }>
