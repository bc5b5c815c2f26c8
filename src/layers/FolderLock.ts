import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { once } from "node:events"
import { rm } from "node:fs/promises"
import type { Server } from "node:net"
import { addressOf } from "../control/address.ts"
import { holderAt } from "../control/client.ts"
import { Control } from "../control/Control.ts"
import { Holder } from "../control/protocol.ts"
import { makeControlServer, type Respond } from "../control/server.ts"
import { exitCodes } from "../exitCodes.ts"
import { limits } from "../limits.ts"
import { platform } from "../platform.ts"

/** Another sidecar holds this folder. */
export class FolderInUse extends Schema.TaggedError<FolderInUse>()("FolderInUse", {
  folder: Schema.String,
  holder: Schema.NullOr(Holder)
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.folderInUse
  override get message(): string {
    const { folder, holder } = this
    const who = holder === null ? "another sidecar" : `the sidecar with pid ${holder.pid}, since ${holder.since}`
    return `agentcom-sidecar: ${folder} is held by ${who}; stop that one first, or give this one a folder of its own`
  }
}

/** Whether the server could take the address; another one has it otherwise. */
const take = (server: Server, address: string) =>
  Effect.promise(() => {
    server.listen(address)
    return once(server, "listening").then(() => true, (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") return false
      throw error
    })
  })

/**
 * Holds the folder for this process until the scope closes; the operating system lets go of it when the process dies,
 * however that happens. Fails with `FolderInUse`.
 */
export const holdFolder = (
  folder: string,
  respond: Respond = () => Effect.succeed("{}")
): Effect.Effect<void, FolderInUse, Scope.Scope> =>
  Effect.gen(function*() {
    const address = yield* addressOf(folder)
    const since = new Date(yield* Clock.currentTimeMillis).toISOString()
    const server = yield* Effect.acquireRelease(
      makeControlServer({ pid: process.pid, since }, respond),
      (open) => Effect.sync(() => open.close())
    )
    for (let attempt = 1; attempt <= limits.lock_attempts; attempt++) {
      // Where Windows is played by Wine, a pipe's name is given to a second server too: whoever has it is asked first.
      const before = platform === "windows" ? yield* holderAt(address) : null
      if (before === null && (yield* take(server, address))) return
      const holder = before ?? (yield* holderAt(address))
      if (holder !== null && holder !== "silent") return yield* new FolderInUse({ folder, holder })
      // Who is silent may be no sidecar but what a killed one had forked, which lets go when it becomes its command.
      if (holder === null && platform === "posix") yield* Effect.promise(() => rm(address, { force: true }))
    }
    return yield* new FolderInUse({ folder, holder: null })
  })

/** The folder's lock, at which operators can ask once there is someone to answer. */
export const FolderLock = (folder: string): Layer.Layer<Control, FolderInUse> =>
  Layer.effect(
    Control,
    Effect.gen(function*() {
      const responder = yield* Deferred.make<Respond>()
      yield* holdFolder(folder, (request) => Effect.flatMap(Deferred.await(responder), (respond) => respond(request)))
      return { answerWith: (respond) => Effect.asVoid(Deferred.succeed(responder, respond)) }
    })
  )
