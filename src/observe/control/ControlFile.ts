import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readFile, readlink } from "node:fs/promises"
import { hostname } from "node:os"
import { basename, join } from "node:path"
import { reasonOf } from "../../storage/files.ts"
import { Hex32 } from "./protocol.ts"

/**
 * `control.json`: where the sidecar that holds the folder listens, and the key that a client has to know. The sidecar writes it
 * at each start.
 */
export const ControlFile = Schema.Struct({
  version: Schema.Literal(2),
  address: Schema.String,
  key: Hex32,
  pid: Schema.Int,
  pid_namespace: Schema.NullOr(Schema.String),
  host: Schema.String,
  since: Schema.String // an ISO time
})
export type ControlFile = typeof ControlFile.Type

export const controlFileIn = (folder: string): string => join(folder, "control.json")

const socketName = "control.sock"

export const socketIn = (folder: string): string => join(folder, socketName)

/** The address to connect to. The sidecar may know the folder by another path: in a container, or before it was moved. */
export const reachedAt = (folder: string, { address }: ControlFile): string =>
  basename(address) === socketName ? socketIn(folder) : address

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(ControlFile))

/** Reads `control.json`. The error says in a sentence why it cannot be used. */
export const readControlFile = (folder: string): Effect.Effect<ControlFile, string> => {
  const path = controlFileIn(folder)
  return Effect.tryPromise({
    try: () => readFile(path, "utf8"),
    catch: (cause) => `${path} cannot be read: ${reasonOf(cause)}`
  }).pipe(
    Effect.flatMap((text) => Effect.mapError(decode(text), () => `${path} is not what a running sidecar writes there`))
  )
}

/** Where a process runs. Its pid means something only there. */
export interface Place {
  readonly host: string
  readonly pid_namespace: string | null // null except on Linux
}

export const thisPlace: Effect.Effect<Place> = Effect.map(
  Effect.orElseSucceed(Effect.tryPromise(() => readlink("/proc/self/ns/pid")), () => null),
  (pid_namespace) => ({ host: hostname(), pid_namespace })
)

/** Where a process runs, in words; empty if it runs here. */
export const elsewhereText = (there: Place, here: Place): string => {
  if (there.host !== here.host) return ` on the host ${there.host}`
  return there.pid_namespace === here.pid_namespace ? "" : " in another container or pid namespace"
}
