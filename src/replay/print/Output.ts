import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import { exitCodes } from "../../exitCodes.ts"
import { fileProblem } from "../fileProblem.ts"

/** Nobody reads what is printed any more. */
export class NobodyReads extends Schema.TaggedError<NobodyReads>()("NobodyReads", {}) {}

/** What is printed could not be written; the message is one sentence. */
export class OutputUnwritten extends Schema.TaggedError<OutputUnwritten>()("OutputUnwritten", {
  message: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.usage
}

/** Why nothing was printed. */
export type Unprinted = NobodyReads | OutputUnwritten

/** Characters that are collected before they are written. */
const batch_chars = 64 * 1024

const unwritten = (error: Error): OutputUnwritten =>
  new OutputUnwritten({
    message: `agentcom-sidecar: standard output could not be written: ${fileProblem(error, "file")}`
  })

/** Standard output in large pieces. */
export class Output {
  #text = ""
  readonly #stream: NodeJS.WriteStream

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
    stream.on("error", () => undefined) // told of by the write itself
  }

  /** Adds lines; writes when there is enough of them. */
  lines(texts: ReadonlyArray<string>): Effect.Effect<void, Unprinted> {
    return Effect.suspend(() => {
      for (const text of texts) this.#text += `${text}\n`
      return this.#text.length < batch_chars ? Effect.void : this.flush
    })
  }

  /** Writes what there is, and waits until it is. */
  readonly flush: Effect.Effect<void, Unprinted> = Effect.suspend(() => {
    const text = this.#text
    this.#text = ""
    if (text === "") return Effect.void
    return Effect.callback<void, Unprinted>((resume) => {
      this.#stream.write(text, (error) => {
        const isOver = Predicate.hasProperty(error, "code") && (error.code === "EPIPE" || error.code === "EOF")
        if (isOver) resume(Effect.fail(new NobodyReads()))
        else resume(Predicate.isError(error) ? Effect.fail(unwritten(error)) : Effect.void)
      })
    })
  })
}
