import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { rm, stat } from "node:fs/promises"
import { connect, createServer, type Server } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { limits } from "../limits.ts"
import { platform } from "../platform.ts"

/** The sidecar that holds a folder, as it says itself; `since` is an ISO time. */
const Holder = Schema.Struct({ pid: Schema.Int, since: Schema.String })
const HolderLine = Schema.fromJsonString(Holder)

/** Another sidecar holds this folder. */
export class FolderInUse extends Schema.TaggedError<FolderInUse>()("FolderInUse", {
  folder: Schema.String,
  holder: Schema.NullOr(Holder)
}) {
  override readonly [Runtime.errorExitCode] = 73
  override get message(): string {
    const { folder, holder } = this
    const who = holder === null ? "another sidecar" : `the sidecar with pid ${holder.pid}, since ${holder.since}`
    return `agentcom-sidecar: ${folder} is held by ${who}; stop that one first, or give this one a folder of its own`
  }
}

/**
 * Where the folder's sidecar listens. Linux's abstract sockets and Windows' named pipes end with their process; the
 * socket file of other systems stays behind, and nobody listens at it.
 */
const addressOf = (identity: string): string => {
  const name = `agentcom-sidecar-${createHash("sha256").update(identity).digest("hex").slice(0, 32)}`
  if (platform === "linux") return `\0${name}`
  return platform === "windows" ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`)
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

/** What the one who listens there says, empty where it is silent; null where nobody listens. */
const ask = (address: string): Effect.Effect<string | null> =>
  Effect.callback<string | null>((resume) => {
    let said = ""
    const socket = connect(address)
      .setEncoding("utf8")
      .on("data", (text: string) => said += text)
      .on("error", () => resume(Effect.succeed(null)))
      .on("close", () => resume(Effect.succeed(said)))
    return Effect.sync(() => socket.destroy())
  }).pipe(Effect.timeoutOrElse({ duration: limits.holder_answer_ms, orElse: () => Effect.succeed("") }))

const makeServer = (self: typeof Holder.Type): Server => {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy())
    socket.end(`${JSON.stringify(self)}\n`)
  })
  server.unref()
  return server
}

/**
 * Holds the folder for this process until the scope closes; the operating system lets go of it when the process dies,
 * however that happens. Fails with `FolderInUse`.
 */
export const holdFolder = (folder: string): Effect.Effect<void, FolderInUse, Scope.Scope> =>
  Effect.gen(function*() {
    const { dev, ino } = yield* Effect.promise(() => stat(folder, { bigint: true }))
    const address = addressOf(`${dev}:${ino}`)
    const since = new Date(yield* Clock.currentTimeMillis).toISOString()
    const server = yield* Effect.acquireRelease(
      Effect.sync(() => makeServer({ pid: process.pid, since })),
      (open) => Effect.sync(() => open.close())
    )
    for (let attempt = 1; attempt <= limits.lock_attempts; attempt++) {
      if (yield* take(server, address)) return
      const said = yield* ask(address)
      const holder = Option.getOrNull(Schema.decodeUnknownOption(HolderLine)(said))
      if (holder !== null) return yield* new FolderInUse({ folder, holder })
      // Who is silent may be no sidecar but what a killed one had forked, which lets go when it becomes its command.
      if (said === null && platform === "posix") yield* Effect.promise(() => rm(address, { force: true }))
    }
    return yield* new FolderInUse({ folder, holder: null })
  })
