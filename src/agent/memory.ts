import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import { dropUnheld } from "../process/alivePipe.ts"
import type { KnownWake, Processes, SeenWake } from "../process/processes.ts"
import type { Looks } from "../storage/looks.ts"

const pathOf = ({ files }: KnownWake): string => files.record_path

/** What this life of the daemon has seen of the wakes that it spawned or adopted, whatever becomes of their records. */
export const makeWakeMemory = Effect.fnUntraced(function*(processes: Processes, looks: Looks) {
  const wakes = new Map<string, SeenWake>()
  const watching = yield* FiberSet.make<unknown, unknown>()

  /** What the leader has left in its group is known one by one from now on: the group's number may be given out again. */
  const look = Effect.fnUntraced(function*(wake: KnownWake) {
    const seen = wakes.get(pathOf(wake))
    if (seen === undefined) return
    const [left] = yield* looks.untilKnown(processes.living([wake], [seen]))
    yield* dropUnheld(pathOf(wake))
    if (wakes.has(pathOf(wake))) wakes.set(pathOf(wake), { wake, group: null, identities: left?.identities ?? [] })
  })

  return {
    get: (record_path: string): SeenWake | undefined => wakes.get(record_path),
    all: (): ReadonlyArray<SeenWake> => [...wakes.values()],
    forget: (work_id: string): void => {
      for (const [path, { wake }] of wakes) if (wake.files.work_id === work_id) wakes.delete(path)
    },
    /** Keeps a wake whose leader lives in mind, and looks at what it leaves behind when `ended` says that it is gone. */
    watch: Effect.fnUntraced(function*<A, E>(wake: KnownWake, ended: Effect.Effect<A, E>) {
      wakes.set(pathOf(wake), { wake, group: wake.record?.pid ?? null, identities: [] })
      const end = yield* FiberSet.run(watching, Effect.flatten(Effect.tap(Effect.exit(ended), look(wake))))
      return Fiber.join(end)
    })
  }
})

export type WakeMemory = Effect.Success<ReturnType<typeof makeWakeMemory>>
