import * as Effect from "effect/Effect"
import type { TimerName } from "../domain/SidecarState.ts"
import type { CommandOf, Surroundings } from "./Surroundings.ts"

/** The commands about timers. One that was cancelled or started anew never fires, not even from the mailbox. */
export const timerCommands = ({ fibers, postWhile }: Pick<Surroundings, "fibers" | "postWhile">) => {
  const current = new Map<TimerName, symbol>()
  const cancel = (timer: TimerName) => Effect.sync(() => current.delete(timer))

  return {
    StartTimer: ({ after_ms, timer }: CommandOf<"StartTimer">) => {
      const run = Symbol(timer)
      const isMeant = () => current.get(timer) === run
      return Effect.andThen(
        Effect.sync(() => current.set(timer, run)),
        fibers.run(
          `timer ${timer}`,
          Effect.andThen(Effect.sleep(after_ms), postWhile(isMeant, { _tag: "TimerFired", timer }))
        )
      )
    },
    CancelTimer: ({ timer }: CommandOf<"CancelTimer">) => Effect.andThen(cancel(timer), fibers.stop(`timer ${timer}`))
  }
}
