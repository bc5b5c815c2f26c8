import * as Effect from "effect/Effect"
import type { Recorded } from "../../domain/messages/Fate.ts"
import type { Held } from "../../domain/messages/Talk.ts"
import type { Taken } from "../../services/MessageStore.ts"
import type { MessageTools } from "./messageCommands.ts"

/** Gives replies to those who await them. One that cannot be given is delivered as others are. */
export const makeHandOver = ({ log, outbox, store }: Pick<MessageTools, "log" | "outbox" | "store">) => {
  /** Tells which replies were handed over, and what is held then. */
  const handOver = (before: Held) =>
    Effect.suspend(() => {
      const ids = new Set<string>()
      let held = before
      const handAll = Effect.gen(function*() {
        for (let next = yield* store.awaited; next !== null; next = yield* store.awaited) {
          yield* outbox.handOver(next.awaited_by, next.reply)
          held = yield* store.handedOver(next.reply.id)
          ids.add(next.reply.id)
        }
      })
      return handAll.pipe(
        Effect.catch(({ message, path }) => log({ event: "file_trouble", path, reason: message })),
        Effect.map(() => ({ held, ids }))
      )
    })

  return {
    /** What is held after the replies were handed over. */
    after: (held: Held): Effect.Effect<Held> => Effect.map(handOver(held), (done) => done.held),

    /** What was taken in, after the replies among it were handed over. */
    among: (taken: Taken): Effect.Effect<Taken> =>
      Effect.map(handOver(taken.held), ({ held, ids }) => ({
        held,
        recorded: taken.recorded.map((one): Recorded => ids.has(one.id) ? { ...one, outcome: "awaited" } : one)
      }))
  }
}
