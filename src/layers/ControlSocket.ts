import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import type { Server } from "node:net"
import { dirname, join } from "node:path"
import { SidecarConfig } from "../config/SidecarConfig.ts"
import { type ControlFile, controlFileIn, socketIn, thisPlace } from "../observe/control/ControlFile.ts"
import { newSecret } from "../observe/control/protocol.ts"
import { Control, makeControlServer } from "../observe/control/server.ts"
import { platform } from "../platform.ts"
import { FolderLease } from "../services/FolderLease.ts"
import { Logger } from "../services/Logger.ts"
import { attempt, writeDurably } from "../storage/files.ts"
import { runtimeFolder } from "../storage/folderLock.ts"

export const control_path_bytes = 100 // of a socket's path; the limit of some systems

/** Listens at the address and returns it. Only this user can connect to it. */
const listen = (server: Server, address: string) =>
  attempt(address, async () => {
    const umask = process.umask(0o177)
    server.listen(address) // makes the socket at once, with this umask
    process.umask(umask)
    await once(server, "listening")
    return address
  })

const remove = (path: string, recursive = false) => attempt(path, () => rm(path, { force: true, recursive }))

/** A new folder that only this user can reach. It is removed when the scope closes. */
const privateFolder = Effect.flatMap(runtimeFolder, (above) =>
  Effect.acquireRelease(
    attempt(above, () => mkdtemp(join(above, "agentcom-"))),
    (path) => Effect.ignore(remove(path, true))
  ))

/** Listens in the folder, or in a new private folder if that is impossible; on Windows at a pipe. Returns the address. */
const listenFor = Effect.fnUntraced(function*(server: Server, folder: string) {
  if (platform === "windows") return yield* listen(server, `\\\\.\\pipe\\agentcom-sidecar-${yield* newSecret}`)
  const near = socketIn(folder)
  const elsewhere = Effect.flatMap(privateFolder, (own) => listen(server, join(own, "socket")))
  if (Buffer.byteLength(near) > control_path_bytes) return yield* elsewhere
  return yield* Effect.andThen(remove(near), listen(server, near)).pipe(Effect.catch(() => elsewhere))
})

/** The control socket of the folder that we hold, and `control.json`, which says where it is. */
export const ControlSocket: Layer.Layer<Control, never, SidecarConfig | Logger> = Layer.effect(
  Control,
  Effect.gen(function*() {
    const { state_file, token } = yield* SidecarConfig
    const { log } = yield* Logger
    const { check } = yield* FolderLease
    const folder = dirname(state_file)
    const files = [controlFileIn(folder), socketIn(folder)]
    // In a folder that is no longer ours they may belong to another sidecar. Closing a server also removes its socket.
    const whileOurs = <E>(effect: Effect.Effect<void, E>) => Effect.ignore(Effect.andThen(check, effect))
    const removeAll = Effect.forEach(files, (path) => remove(path), { discard: true })

    return Control.of({
      answerWith: (respond) =>
        Effect.gen(function*() {
          yield* Effect.addFinalizer(() => whileOurs(removeAll))
          const key = yield* newSecret
          const server = yield* Effect.acquireRelease(
            makeControlServer({ key, token }, respond),
            (open) => whileOurs(Effect.sync(() => void open.close()))
          )
          const file: ControlFile = {
            version: 2,
            address: yield* listenFor(server, folder),
            key,
            pid: process.pid,
            ...yield* thisPlace,
            since: new Date(yield* Clock.currentTimeMillis).toISOString()
          }
          server.unref()
          yield* attempt(controlFileIn(folder), () => writeDurably(controlFileIn(folder), JSON.stringify(file)))
        }).pipe(
          Effect.catch(({ path, reason }) => log({ event: "control_unavailable", path, reason }))
        )
    })
  })
)
