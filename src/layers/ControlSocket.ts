import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import type { Server } from "node:net"
import { dirname, join } from "node:path"
import { SidecarConfig } from "../config/SidecarConfig.ts"
import { limits } from "../limits.ts"
import { Control } from "../observe/control/Control.ts"
import { type ControlFile, controlFileIn, socketIn } from "../observe/control/ControlFile.ts"
import { thisPlace } from "../observe/control/place.ts"
import { newSecret } from "../observe/control/proof.ts"
import { makeControlServer } from "../observe/control/server.ts"
import { platform } from "../platform.ts"
import { FolderLease } from "../services/FolderLease.ts"
import { Logger } from "../services/Logger.ts"
import { attempt, writeDurably } from "../storage/files.ts"
import { runtimeFolder } from "../storage/runtimeFolder.ts"

/** Listens at the address, and lets nobody but this user connect to it. */
const listen = (server: Server, address: string) =>
  attempt(address, async () => {
    const umask = process.umask(0o177)
    server.listen(address) // which makes the socket at once
    process.umask(umask)
    await once(server, "listening")
  })

const remove = (path: string, recursive = false) => attempt(path, () => rm(path, { force: true, recursive }))

/** A new folder that only this user can reach, removed when the scope closes. */
const privateFolder = Effect.flatMap(runtimeFolder, (above) =>
  Effect.acquireRelease(
    attempt(above, () => mkdtemp(join(above, "agentcom-"))),
    (path) => Effect.ignore(remove(path, true))
  ))

/** Listens in the folder; where that is impossible, in one of its own. Returns where. */
const listenNear = Effect.fnUntraced(function*(server: Server, folder: string) {
  const near = socketIn(folder)
  const inFolder = Buffer.byteLength(near) > limits.control_path_bytes
    ? Effect.fail(null)
    : Effect.andThen(remove(near), listen(server, near))
  return yield* Effect.as(inFolder, near).pipe(
    Effect.catch(() =>
      Effect.flatMap(privateFolder, (own) => {
        const elsewhere = join(own, "socket")
        return Effect.as(listen(server, elsewhere), elsewhere)
      })
    )
  )
})

const listenAnywhere = Effect.fnUntraced(function*(server: Server, folder: string) {
  if (platform !== "windows") return yield* listenNear(server, folder)
  const pipe = `\\\\.\\pipe\\agentcom-sidecar-${yield* newSecret}`
  return yield* Effect.as(listen(server, pipe), pipe)
})

/** The socket of the folder that we hold, and `control.json`, which tells where it is. */
export const ControlSocket: Layer.Layer<Control, never, SidecarConfig | Logger> = Layer.effect(
  Control,
  Effect.gen(function*() {
    const { state_file, token } = yield* SidecarConfig
    const { log } = yield* Logger
    const { check } = yield* FolderLease
    const folder = dirname(state_file)
    const files = [controlFileIn(folder), socketIn(folder)]
    // In a folder that is not ours any more they may be another's. The closing of a server removes its socket, too.
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
            address: yield* listenAnywhere(server, folder),
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
