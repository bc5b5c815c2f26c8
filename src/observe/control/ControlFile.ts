import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readFile } from "node:fs/promises"
import { basename, join } from "node:path"
import { Hex32 } from "./proof.ts"

/** `control.json`: where the sidecar that holds the folder listens, and what shows that one may ask. Its holder makes it anew at each start. */
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

/** The address as it is to be reached from here: the folder may have another path for its sidecar, in a container or before it was moved. */
export const reachedAt = (folder: string, { address }: ControlFile): string =>
  basename(address) === socketName ? socketIn(folder) : address

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(ControlFile))

/** Reads it, and fails with why that cannot be done. */
export const readControlFile = (folder: string): Effect.Effect<ControlFile, string> => {
  const path = controlFileIn(folder)
  return Effect.tryPromise({
    try: () => readFile(path, "utf8"),
    catch: (cause) => `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`
  }).pipe(
    Effect.flatMap((text) => Effect.mapError(decode(text), () => `${path} is not what a running sidecar writes there`))
  )
}
