import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { connect, createServer, type Socket } from "node:net"

/** A network between a daemon and its hub that can be cut and mended again. */
export interface Cable {
  /** What the daemon is to take for its hub. */
  readonly url: string
  /** Ends what is connected and refuses what comes. */
  readonly cut: Effect.Effect<void>
  readonly mend: Effect.Effect<void>
}

/** Lays a cable to the hub on that port. */
export const makeCable = (hub_port: number): Effect.Effect<Cable, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const ends = new Set<Socket>()
      let whole = true
      const server = createServer((near) => {
        if (!whole) {
          near.destroy()
          return
        }
        const far = connect(hub_port, "127.0.0.1")
        for (const [end, other] of [[near, far], [far, near]] as const) {
          ends.add(end)
          end.on("error", () => end.destroy())
          end.on("close", () => {
            ends.delete(end)
            other.destroy()
          })
          end.pipe(other)
        }
      })
      await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
      const address = server.address()
      const port = typeof address === "object" ? address?.port : undefined
      const set = (is_whole: boolean) =>
        Effect.sync(() => {
          whole = is_whole
          if (!whole) { for (const end of ends) end.destroy() }
        })
      return { server, url: `ws://127.0.0.1:${port}/ws`, cut: set(false), mend: set(true) }
    }),
    ({ cut, server }) => Effect.andThen(cut, Effect.sync(() => server.close()))
  )
