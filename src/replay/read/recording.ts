import * as Result from "effect/Result"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { exitCodes } from "../../exitCodes.ts"
import { LineSplitter, type TextLine } from "../../lines/LineSplitter.ts"
import type { Line } from "../engine/Window.ts"
import { type Entry, format_version, parseEntry } from "../format.ts"
import { limits } from "../limits.ts"

/** The file is no recording that this version can read; the message is one sentence that says where and why. */
export class NotARecording extends Schema.TaggedError<NotARecording>()("NotARecording", { message: Schema.String }) {
  override readonly [Runtime.errorExitCode] = exitCodes.notARecording
}

/** Whether the value has no more levels than can be written again; a short text cannot have them. */
const isShallow = (root: object, chars: number): boolean => {
  if (chars < 2 * limits.line_depth) return true
  let level: ReadonlyArray<unknown> = [root]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limits.line_depth) return false
    level = level.flatMap((value) => typeof value === "object" && value !== null ? Object.values(value) : [])
  }
  return true
}

const too_long = `longer than ${limits.line_bytes} bytes`

const parse = (text: string | null): Result.Result<Entry, string> => {
  if (text === null) return Result.fail(too_long)
  return Result.flatMap(parseEntry(text), (entry) =>
    isShallow(entry, text.length)
      ? Result.succeed(entry)
      : Result.fail(`nested deeper than ${limits.line_depth} levels`))
}

/** Reads the lines of one file. The first has to be one of a recording; of the others those that are not are told as such. */
class Reader {
  readonly #file: string
  readonly #splitter = new LineSplitter(limits.line_bytes)
  #line = 0
  #entries = 0
  #refusal: NotARecording | null = null

  constructor(file: string) {
    this.#file = file
  }

  /** The lines that end in the bytes, and then the reason where no more are read. */
  read(bytes: Uint8Array): Stream.Stream<ReadonlyArray<Line>, NotARecording> {
    return this.#told(this.#splitter.push(bytes))
  }

  end(): Stream.Stream<ReadonlyArray<Line>, NotARecording> {
    const rest = this.#told(this.#splitter.end())
    return this.#entries > 0 || this.#refusal !== null
      ? rest
      : Stream.fail(new NotARecording({ message: `${this.#file}: not a recording: it is empty` }))
  }

  #told(texts: ReadonlyArray<TextLine>): Stream.Stream<ReadonlyArray<Line>, NotARecording> {
    const lines = texts.flatMap((text) => this.#read(text) ?? [])
    // An endless file that is none of ours must not be read for ever.
    if (this.#entries === 0 && this.#refusal === null && this.#splitter.pending > limits.line_bytes) {
      this.#line++
      this.#refuse(too_long)
    }
    const told = Stream.succeed(lines)
    return this.#refusal === null ? told : Stream.concat(told, Stream.fail(this.#refusal))
  }

  #read({ bytes, isWhole, text }: TextLine): Line | null {
    const place = { file: this.#file, line: ++this.#line }
    if (this.#refusal !== null || text?.trim() === "") return null
    const entry = parse(text)
    if (Result.isFailure(entry)) {
      if (this.#entries === 0) return this.#refuse(entry.failure)
      const problem = isWhole ? `this line is left out: ${entry.failure}` : "the last line is torn, and left out"
      return { place, bytes, problem }
    }
    const { success } = entry
    if ("newer" in success) {
      return this.#refuse(`format ${success.newer} is newer than ${format_version}, the newest that is read here`)
    }
    this.#entries++
    return { place, bytes, entry: success }
  }

  #refuse(problem: string): null {
    this.#refusal = new NotARecording({ message: `${this.#file}:${this.#line}: not a recording: ${problem}` })
    return null
  }
}

/** The lines of a recording, some at a time, from the bytes of its file. */
export const readRecording = <R>(
  file: string,
  bytes: Stream.Stream<Uint8Array, NotARecording, R>
): Stream.Stream<ReadonlyArray<Line>, NotARecording, R> =>
  Stream.suspend(() => {
    const reader = new Reader(file)
    return bytes.pipe(
      Stream.flatMap((chunk) => reader.read(chunk)),
      Stream.concat(Stream.suspend(() => reader.end()))
    )
  })
