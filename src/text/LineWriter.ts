import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Schema from "effect/Schema"

/** Lines that wait to be written. */
export const lineLimits = {
  queue_chars: 1024 * 1024, // lines beyond that are dropped and counted
  batch_chars: 64 * 1024, // in one write
  drain_ms: 400 // to write what is left at the end
} as const

/** Lines could not be written. `reason` is the system's. */
export class LinesUnwritten extends Schema.TaggedError<LinesUnwritten>()("LinesUnwritten", {
  reason: Schema.String
}) {}

export const unwritten = (cause: unknown): LinesUnwritten =>
  new LinesUnwritten({ reason: cause instanceof Error ? cause.message : String(cause) })

/** Where lines go. */
export interface LineSink {
  /** Writes them all, however long that takes. */
  readonly write: (lines: string) => Effect.Effect<void, LinesUnwritten>
  /** Writes them before it returns, because the process is about to be killed. Throws if it cannot. */
  readonly writeNow: (lines: string) => void
}

/** Is told when a sink stops working, and when it works again after `lost` items. */
export interface SinkListener {
  readonly stopped: (reason: string) => void
  readonly worksAgain: (lost: number) => void
}

const pendingWrites = new Set<() => void>()

/** Registers `write`, which `lastWords` calls before a forced end of the process. Returns a function that removes it. */
export const onForcedEnd = (write: () => void): () => void => {
  pendingWrites.add(write)
  return () => void pendingWrites.delete(write)
}

/** Writes what is left just before a forced end. A write that fails stops neither the others nor the end. */
export const lastWords = (): void => {
  for (const write of pendingWrites) {
    try {
      write()
    } catch {
      // nothing is left to report it to
    }
  }
}

/** How many of the lines go into one write: at least one. */
const batchOf = (lines: ReadonlyArray<string>): number => {
  let chars = 0
  const over = lines.findIndex((line, index) => (chars += line.length) > lineLimits.batch_chars && index > 0)
  return over < 0 ? lines.length : over
}

/**
 * A writer that nobody has to wait for. It writes lines in order as fast as the sink takes them, keeps at most `queue_chars`,
 * and counts the lines that it cannot keep or write. When its scope ends it writes what is left, for `drain_ms` at most. At a
 * forced end of the process it writes what is left at once.
 */
export const makeLineWriter = Effect.fnUntraced(function*({ write, writeNow }: LineSink, listener: SinkListener) {
  const lines: Array<string> = [] // with those that are being written
  let chars = 0
  let lost = 0
  const someLeft = yield* Latch.make(false)
  const noneLeft = yield* Latch.make(true)

  const lose = (count: number, reason: string): void => {
    if (lost === 0) listener.stopped(reason)
    lost += count
  }
  const push = (line: string): void => {
    if (chars > 0 && chars + line.length > lineLimits.queue_chars) return lose(1, "nothing has been taken for too long")
    lines.push(line)
    chars += line.length
    noneLeft.closeUnsafe()
    someLeft.openUnsafe()
  }
  const writeSome = Effect.gen(function*() {
    const count = batchOf(lines)
    const batch = lines.slice(0, count).join("")
    yield* Effect.match(write(batch), {
      onFailure: ({ reason }) => lose(count, reason),
      onSuccess: () => {
        if (lost > 0) listener.worksAgain(lost)
        lost = 0
      }
    })
    lines.splice(0, count)
    chars -= batch.length
    if (lines.length > 0) return
    someLeft.closeUnsafe()
    noneLeft.openUnsafe()
  })

  const forget = onForcedEnd(() => lines.length > 0 ? writeNow(lines.join("")) : undefined)
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(someLeft.await, writeSome)))
  yield* Effect.addFinalizer(() =>
    Effect.timeoutOption(Effect.andThen(noneLeft.await, Effect.sync(forget)), lineLimits.drain_ms)
  )
  return push
})
