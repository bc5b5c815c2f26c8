import * as Effect from "effect/Effect"
import { readlink } from "node:fs/promises"
import { hostname } from "node:os"

/** Where a process runs. Its pid means something only there. */
export interface Place {
  readonly host: string
  readonly pid_namespace: string | null // of Linux; null elsewhere
}

export const thisPlace: Effect.Effect<Place> = Effect.map(
  Effect.orElseSucceed(Effect.tryPromise(() => readlink("/proc/self/ns/pid")), () => null),
  (pid_namespace) => ({ host: hostname(), pid_namespace })
)

/** In words where a process runs, if that is not here; else empty. */
export const elsewhereText = (there: Place, here: Place): string => {
  if (there.host !== here.host) return ` on the host ${there.host}`
  return there.pid_namespace === here.pid_namespace ? "" : " in another container or pid namespace"
}
