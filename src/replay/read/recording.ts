import * as Result from "effect/Result"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { exitCodes } from "../../exitCodes.ts"
import { LineSplitter, type TextLine } from "../../text/LineSplitter.ts"
import { format_version, type Line, parseEntry, type Recorded } from "../format.ts"
import { limits } from "../limits.ts"
import { Format1, type OldLine } from "./format1.ts"
import { withoutTold } from "./older.ts"

/** This version cannot read the file as a recording. The message is one sentence that says where and why. */
export class NotARecording extends Schema.TaggedError<NotARecording>()("NotARecording", { message: Schema.String }) {
  override readonly [Runtime.errorExitCode] = exitCodes.notARecording
}

/** Whether the value is not nested too deeply to be written again. A short text cannot be. */
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

const parse = (text: string | null): ReturnType<typeof parseEntry> => {
  if (text === null) return Result.fail(too_long)
  return Result.flatMap(parseEntry(text), (entry) =>
    isShallow(entry, text.length)
      ? Result.succeed(entry)
      : Result.fail(`nested deeper than ${limits.line_depth} levels`))
}

const isRecorded = (line: Line | OldLine): line is Recorded | OldLine => "entry" in line

/** A file of format 1 may have lost its header, so each of its facts is recognized by itself. */
const isOld = (line: Line | OldLine): line is OldLine => isRecorded(line) && line.entry.dir === "old"

/** Reads the lines of one file. It refuses a file whose first line is not of a recording; later ones become `Unreadable`. */
class Reader {
  readonly #file: string
  readonly #splitter = new LineSplitter(limits.line_bytes)
  #line = 0
  #entries = 0
  #refusal: NotARecording | null = null
  #format: number = format_version
  readonly #format1: Format1

  constructor(file: string, format1: Format1) {
    this.#file = file
    this.#format1 = format1
  }

  /** The lines that end in the bytes. Fails after them if the file is refused. */
  read(bytes: Uint8Array): Stream.Stream<ReadonlyArray<Line>, NotARecording> {
    return this.#lines(this.#splitter.push(bytes))
  }

  end(): Stream.Stream<ReadonlyArray<Line>, NotARecording> {
    const rest = Stream.concat(this.#lines(this.#splitter.end()), Stream.sync(() => this.#format1.end()))
    return this.#entries > 0 || this.#refusal !== null
      ? rest
      : Stream.fail(new NotARecording({ message: `${this.#file}: not a recording: it is empty` }))
  }

  #lines(texts: ReadonlyArray<TextLine>): Stream.Stream<ReadonlyArray<Line>, NotARecording> {
    const lines = Stream.succeed(texts.flatMap((text) => this.#read(text)))
    // An endless file that is no recording must not be read forever.
    if (this.#entries === 0 && this.#refusal === null && this.#splitter.pending > limits.line_bytes) {
      this.#line++
      this.#refuse(too_long)
    }
    return this.#refusal === null ? lines : Stream.concat(lines, Stream.fail(this.#refusal))
  }

  #read({ bytes, isWhole, text }: TextLine): ReadonlyArray<Line> {
    const place = { file: this.#file, line: ++this.#line }
    if (this.#refusal !== null || text?.trim() === "") return []
    const entry = parse(text)
    if (Result.isFailure(entry)) {
      if (this.#entries === 0) return this.#refuse(entry.failure)
      const problem = isWhole ? `this line is left out: ${entry.failure}` : "the last line is torn, and left out"
      return this.#translated({ place, bytes, problem })
    }
    const { success } = entry
    if (success.dir === "newer") {
      return this.#refuse(`format ${success.format} is newer than ${format_version}, the newest that is read here`)
    }
    this.#entries++
    return this.#translated({ place, bytes, entry: success })
  }

  /** The line in the current format. Each life may be recorded by another version. */
  #translated(line: Line | OldLine): ReadonlyArray<Line> {
    if (isRecorded(line) && line.entry.dir === "header") this.#format = line.entry.msg.format
    if (this.#format === 1 || isOld(line)) return this.#format1.take(line)
    return [...this.#format1.end(), this.#format < format_version ? withoutTold(line) : line]
  }

  #refuse(problem: string): ReadonlyArray<never> {
    this.#refusal = new NotARecording({ message: `${this.#file}:${this.#line}: not a recording: ${problem}` })
    return []
  }
}

/** Reads the lines of a recording, in batches, from the bytes of its file. `format1` keeps its state from file to file. */
export const readRecording = <R>(
  file: string,
  bytes: Stream.Stream<Uint8Array, NotARecording, R>,
  format1 = new Format1()
): Stream.Stream<ReadonlyArray<Line>, NotARecording, R> =>
  Stream.suspend(() => {
    const reader = new Reader(file, format1)
    return bytes.pipe(
      Stream.flatMap((chunk) => reader.read(chunk)),
      Stream.concat(Stream.suspend(() => reader.end()))
    )
  })
