import * as Effect from "effect/Effect"
import type { Message } from "../domain/Message.ts"
import { limits } from "../limits.ts"
import type { OrphanedFiles } from "../services/Orphans.ts"
import type { Waker } from "../services/Waker.ts"

/**
 * Tells of the files that nobody came back for, now and once a day: one task a message, so that the mailbox never waits
 * long. The rules know which of them are in hand; those whose agent lives are left out here.
 */
export const findOrphans = (
  orphans: OrphanedFiles,
  waker: Waker["Service"],
  post: (message: Message) => Effect.Effect<void>
): Effect.Effect<never> =>
  Effect.gen(function*() {
    const stale = yield* orphans.stale
    // Where nobody knows who lives, they wait for the next look.
    const alive = stale.length === 0 ? [] : yield* Effect.orElseSucceed(waker.survivors, () => stale)
    for (const work_id of stale) {
      if (!alive.includes(work_id)) yield* post({ _tag: "OrphanFound", work_id })
    }
    yield* Effect.sleep(limits.orphans_look_ms)
  }).pipe(Effect.forever)
