import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { isJsonObject } from "./json.ts"
import { limits } from "./limits.ts"
import type { ScaledClock } from "./ScaledClock.ts"

/** One frame as it passed the hub's socket. "in" is hub → agent; `t` is in virtual epoch ms. */
export interface HubFrame {
  readonly t: number
  readonly agent: string | undefined
  readonly socket: number
  readonly dir: "in" | "out"
  readonly msg: unknown
}

export interface Journal {
  readonly add: (frame: HubFrame) => void
  /** All frames so far, oldest first. A returned array never changes. */
  readonly frames: () => ReadonlyArray<HubFrame>
}

const redacted = (msg: unknown): unknown => isJsonObject(msg) && "token" in msg ? { ...msg, token: "[REDACTED]" } : msg

/** A journal that drops its older half when it is full. */
export const make = (): Journal => {
  let kept: Array<HubFrame> = []
  let shown: ReadonlyArray<HubFrame> | undefined
  return {
    add: (frame) => {
      if (kept.length >= limits.journalFrames) kept = kept.slice(kept.length / 2)
      kept.push({ ...frame, msg: redacted(frame.msg) })
      shown = undefined
    },
    frames: () => shown ??= [...kept]
  }
}

/** `waitFor` gave up. */
export class HubWaitTimeout extends Schema.TaggedError<HubWaitTimeout>()("HubWaitTimeout", {
  waitedMs: Schema.Finite,
  lastFrames: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `the condition was not met within ${this.waitedMs} ms; the last frames were\n${this.lastFrames.join("\n")}`
  }
}

interface Waiter<H> {
  readonly predicate: (hub: H) => boolean
  readonly met: Deferred.Deferred<void>
}

/** Waits until something is true of `hub`. A predicate that throws is a defect of the effect that waits for it. */
export const makeWaiting = <H>(clock: ScaledClock, hub: () => H, frames: Journal["frames"]) => {
  const waiters = new Set<Waiter<H>>()
  const check = (waiter: Waiter<H>): void => {
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
    /** Checks all predicates again. */
    changed: (): void => {
      for (const waiter of waiters) check(waiter)
    },
    waitFor: (predicate: (hub: H) => boolean, realMs: number): Effect.Effect<void, HubWaitTimeout> =>
      Effect.suspend(() => {
        const waiter = { predicate, met: Deferred.makeUnsafe<void>() }
        waiters.add(waiter)
        check(waiter)
        return Effect.raceFirst(
          Deferred.await(waiter.met),
          Effect.andThen(clock.sleepReal(realMs), timeout(realMs))
        ).pipe(Effect.ensuring(Effect.sync(() => waiters.delete(waiter))))
      })
  }
}
