import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

/** Nobody reads what is printed any more. */
export class NobodyReads extends Schema.TaggedError<NobodyReads>()("NobodyReads", {}) {}

/** Characters that are collected before they are written. */
const batch_chars = 64 * 1024

/** Standard output in large pieces. */
export class Output {
  #text = ""
  readonly #stream: NodeJS.WriteStream

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
    stream.on("error", () => undefined) // told of by the write itself
  }

  /** Adds lines; writes when there is enough of them. */
  lines(texts: ReadonlyArray<string>): Effect.Effect<void, NobodyReads> {
    return Effect.suspend(() => {
      for (const text of texts) this.#text += `${text}\n`
      return this.#text.length < batch_chars ? Effect.void : this.flush
    })
  }

  /** Writes what there is, and waits until it is. */
  readonly flush: Effect.Effect<void, NobodyReads> = Effect.suspend(() => {
    const text = this.#text
    this.#text = ""
    if (text === "") return Effect.void
    return Effect.callback<void, NobodyReads>((resume) => {
      this.#stream.write(text, (error) => {
        const isOver = Predicate.hasProperty(error, "code") && (error.code === "EPIPE" || error.code === "EOF")
        if (isOver) resume(Effect.fail(new NobodyReads()))
        else resume(Predicate.isError(error) ? Effect.die(error) : Effect.void)
      })
    })
  })
}
