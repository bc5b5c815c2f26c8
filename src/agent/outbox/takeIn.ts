import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import type { Settings } from "../../config/SidecarConfig.ts"
import { hopsOf } from "../../domain/messages/judge.ts"
import type { Outgoing } from "../../domain/messages/Outgoing.ts"
import type { Held } from "../../domain/messages/Talk.ts"
import type { MessageStore } from "../../services/MessageStore.ts"
import { thisMoment } from "../../storage/moment.ts"
import { readRegular } from "../results/files.ts"
import { filesIn, isStill, moveBeside, removeVersion } from "./keep.ts"
import type { Notices } from "./notices.ts"
import { fileBytes, type FileMessage, labelOf, type Said, saidIn } from "./read.ts"
import { makeUnfinished } from "./unfinished.ts"

const outgoing_most = 1_000 // that wait to be sent; the files that follow wait in the folder

type Store = Pick<MessageStore["Service"], "isKnown" | "queue" | "read">

/** The message, as an answer to the one that it replies to (rule 23). */
const outgoingOf = Effect.fnUntraced(function*({ key, written: { message } }: FileMessage, store: Store) {
  const { payload, reply_to } = message
  const [replied] = reply_to === null ? [] : yield* store.read([reply_to])
  const hops = replied === undefined ? {} : { hops: hopsOf(replied.message.payload) + 1 }
  return { ...message, key, payload: { ...payload, ...hops } } satisfies Outgoing
})

/**
 * Takes in the files of the outbox, the oldest first. A file is removed when its message is on the disk. Tells what is held then; null if nothing
 * was queued.
 */
export const makeTakeIn = (settings: Settings, store: Store, { reject, tellFile }: Notices) => {
  const { outbox_dir, own_files, send_max_bytes } = settings
  const unfinished = makeUnfinished()

  const queue = Effect.fnUntraced(function*(label: string, said: FileMessage, written_at: number) {
    const { wait_ms, wants_outcome } = said.written
    const outgoing = yield* outgoingOf(said, store)
    // Before it is queued: how its sending ends is told to who has this file. A crash may have left one that is sent by now.
    if (wants_outcome && !(yield* store.isKnown(said.key))) yield* tellFile(label, { status: "queued" })
    const now = yield* Clock.currentTimeMillis
    // Its writer has waited since it was written, which may be before the sidecar ran.
    const awaits_until = wait_ms === null ? null : Math.min(now, written_at) + wait_ms
    return yield* store.queue([outgoing], { kind: "file", name: label }, awaits_until)
  })

  const refuse = Effect.fnUntraced(function*(path: string, label: string, said: Exclude<Said, FileMessage>) {
    const { kept, reason, wants_outcome } = said
    const rejection = yield* reject(label, kept, reason)
    if (kept === null) yield* moveBeside(path, rejection)
    if (wants_outcome) yield* tellFile(label, { status: "refused", reason })
    return null
  })

  const take = Effect.fnUntraced(function*(name: string) {
    const path = join(outbox_dir, name)
    const now = (yield* thisMoment).steady
    const file = yield* readRegular(
      path,
      fileBytes(send_max_bytes),
      own_files,
      ({ version }) => Effect.succeed(unfinished.mayRead(name, version, now))
    )
    if (file === null || file.content === "later") return null
    const { content, modified_at, version } = file
    if (!(yield* isStill(path, version))) return null // its change comes as an event
    const said = saidIn(name, { content, version }, settings)
    if (said._tag === "Unusable" && !said.for_good && !unfinished.isFinished(name, version, now)) {
      unfinished.note(name, version, now)
      return null
    }
    const label = labelOf(name)
    const held = yield* said._tag === "Message" ? queue(label, said, modified_at) : refuse(path, label, said)
    yield* removeVersion(path, version)
    return held
  })

  return Effect.gen(function*() {
    const names = yield* filesIn(outbox_dir)
    unfinished.keep(names)
    let held: Held | null = null
    for (const name of names) {
      held = (yield* take(name)) ?? held
      if (held !== null && held.outgoing >= outgoing_most) break
    }
    return held
  })
}
