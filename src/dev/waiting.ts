import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { HubFrame } from "./journal.ts"
import { limits } from "./limits.ts"
import type { ScaledClock } from "./ScaledClock.ts"

/** `waitFor` gave up. */
export class HubWaitTimeout extends Schema.TaggedError<HubWaitTimeout>()("HubWaitTimeout", {
  waitedMs: Schema.Finite,
  /** The last frames of the journal, for whoever has to find out why. */
  lastFrames: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `not so within ${this.waitedMs} ms; the last frames were\n${this.lastFrames.join("\n")}`
  }
}

interface Waiter<H> {
  readonly predicate: (hub: H) => boolean
  readonly met: Deferred.Deferred<void>
}

/** Those who wait for something to become true of `hub`; a predicate that throws is its waiter's own defect. */
export const makeWaiting = <H>(clock: ScaledClock, hub: () => H, frames: () => ReadonlyArray<HubFrame>) => {
  const waiters = new Set<Waiter<H>>()
  const look = (waiter: Waiter<H>): void => {
    try {
      if (waiter.predicate(hub())) Deferred.doneUnsafe(waiter.met, Effect.void)
    } catch (cause) {
      Deferred.doneUnsafe(waiter.met, Effect.die(cause))
    }
  }
  const timeout = (waitedMs: number) =>
    Effect.suspend(() =>
      Effect.fail(
        new HubWaitTimeout({ waitedMs, lastFrames: frames().slice(-limits.shownFrames).map((f) => JSON.stringify(f)) })
      )
    )
  return {
    /** Looks again at what everybody waits for. */
    changed: (): void => {
      for (const waiter of waiters) look(waiter)
    },
    waitFor: (predicate: (hub: H) => boolean, realMs: number): Effect.Effect<void, HubWaitTimeout> =>
      Effect.suspend(() => {
        const waiter = { predicate, met: Deferred.makeUnsafe<void>() }
        waiters.add(waiter)
        look(waiter)
        return Effect.raceFirst(
          Deferred.await(waiter.met),
          Effect.andThen(clock.sleepReal(realMs), timeout(realMs))
        ).pipe(Effect.ensuring(Effect.sync(() => waiters.delete(waiter))))
      })
  }
}
