import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import { createReadStream } from "node:fs"
import type { Line } from "../engine/Window.ts"
import { NotARecording, readRecording } from "./recording.ts"

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "it may not be read"
}

const unreadable = (file: string) => (cause: unknown): NotARecording => {
  const code = Predicate.hasProperty(cause, "code") ? String(cause.code) : "unknown"
  return new NotARecording({ message: `${file}: cannot be read: ${reasons[code] ?? code}` })
}

const bytesOf = (file: string): Stream.Stream<Uint8Array, NotARecording> =>
  Stream.suspend(() => {
    const bytes: AsyncIterable<Uint8Array> = file === "-" ? process.stdin : createReadStream(file)
    return Stream.fromAsyncIterable(bytes, unreadable(file === "-" ? "standard input" : file))
  })

/** The lines of recordings one after the other, some at a time; `-` is standard input. */
export const readFiles = (files: ReadonlyArray<string>): Stream.Stream<ReadonlyArray<Line>, NotARecording> =>
  Stream.flatMap(
    Stream.fromIterable(files),
    (file) => readRecording(file === "-" ? "standard input" : file, bytesOf(file))
  )
