import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import { exitCodes } from "../../exitCodes.ts"
import { fileProblem } from "../words.ts"

/** Nobody reads the output any more. */
export class NobodyReads extends Schema.TaggedError<NobodyReads>()("NobodyReads", {}) {}

/** The output could not be written. The message is one sentence. */
export class OutputUnwritten extends Schema.TaggedError<OutputUnwritten>()("OutputUnwritten", {
  message: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.usage
}

export type Unprinted = NobodyReads | OutputUnwritten

/** How many characters are collected before they are written. */
const batch_chars = 64 * 1024

const unwritten = (error: Error): OutputUnwritten =>
  new OutputUnwritten({
    message: `agentcom-sidecar: standard output could not be written: ${fileProblem(error, "file")}`
  })

/** Standard output, written in large pieces. */
export class Output {
  #text = ""
  readonly #stream: NodeJS.WriteStream

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
    stream.on("error", () => undefined) // the callback of the write gets the error
  }

  /** Adds lines, and writes them if there are enough. */
  lines(texts: ReadonlyArray<string>): Effect.Effect<void, Unprinted> {
    return Effect.suspend(() => {
      for (const text of texts) this.#text += `${text}\n`
      return this.#text.length < batch_chars ? Effect.void : this.flush
    })
  }

  /** Writes all lines so far, and waits for the end of the write. */
  readonly flush: Effect.Effect<void, Unprinted> = Effect.suspend(() => {
    const text = this.#text
    this.#text = ""
    if (text === "") return Effect.void
    return Effect.callback<void, Unprinted>((resume) => {
      this.#stream.write(text, (error) => {
        const isClosed = Predicate.hasProperty(error, "code") && (error.code === "EPIPE" || error.code === "EOF")
        if (isClosed) resume(Effect.fail(new NobodyReads()))
        else resume(Predicate.isError(error) ? Effect.fail(unwritten(error)) : Effect.void)
      })
    })
  })
}
