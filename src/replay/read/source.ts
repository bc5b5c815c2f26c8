import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import { closeSync, constants, createReadStream, openSync, readSync, statSync } from "node:fs"
import type { Line } from "../format.ts"
import { limits } from "../limits.ts"
import { fileProblem } from "../words.ts"
import { Format1 } from "./format1.ts"
import { NotARecording, readRecording } from "./recording.ts"

const unreadable = (file: string) => (cause: unknown): NotARecording =>
  new NotARecording({ message: `${file}: cannot be read: ${fileProblem(cause, "file")}` })

/** Reads what is available now; null if the writer is silent. Throws the error of the system. */
const readNow = (fd: number): Uint8Array | null => {
  const buffer = new Uint8Array(limits.pipe_bytes)
  try {
    return buffer.subarray(0, readSync(fd, buffer))
  } catch (error) {
    if (Predicate.hasProperty(error, "code") && error.code === "EAGAIN") return null
    throw error
  }
}

/** Reads a named pipe without blocking, because a blocked read could not be interrupted. Without a writer it is empty. */
const bytesOfPipe = Effect.fnUntraced(function*(file: string) {
  const attempt = <A>(act: () => A) => Effect.try({ try: act, catch: unreadable(file) })
  const fd = yield* Effect.acquireRelease(
    attempt(() => openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)),
    (opened) => Effect.sync(() => closeSync(opened))
  )
  const next: Effect.Effect<Uint8Array, NotARecording> = Effect.filterOrElse(
    attempt(() => readNow(fd)),
    Predicate.isNotNull,
    () => Effect.andThen(Effect.sleep(limits.pipe_pause_ms), next)
  )
  return Stream.unfold(null, () => Effect.map(next, (bytes) => bytes.length === 0 ? undefined : [bytes, null] as const))
}, Stream.unwrap)

/** Reads any other file. A folder or a missing file fails at the first read. */
const bytesOfFile = (file: string): Stream.Stream<Uint8Array, NotARecording> =>
  Stream.suspend(() => Stream.fromAsyncIterable<Uint8Array, NotARecording>(createReadStream(file), unreadable(file)))

const isPipe = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.isFIFO() === true

const bytesOf = (file: string): Stream.Stream<Uint8Array, NotARecording> => {
  if (file === "-") {
    return Stream.fromAsyncIterable<Uint8Array, NotARecording>(process.stdin, unreadable("standard input"))
  }
  const kind = Effect.try({ try: () => isPipe(file), catch: unreadable(file) })
  return Stream.unwrap(Effect.map(kind, (is) => is ? bytesOfPipe(file) : bytesOfFile(file)))
}

/** Reads the lines of recordings one file after the other, in batches. `-` is standard input. */
export const readFiles = (files: ReadonlyArray<string>): Stream.Stream<ReadonlyArray<Line>, NotARecording> =>
  Stream.suspend(() => {
    const format1 = new Format1()
    return Stream.flatMap(
      Stream.fromIterable(files),
      (file) => readRecording(file === "-" ? "standard input" : file, bytesOf(file), format1)
    )
  })
