import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { connect } from "node:net"
import { limits } from "../limits.ts"
import { addressOf } from "./address.ts"
import { type Holder, HolderLine, type Request, RequestLine } from "./protocol.ts"

/**
 * Says `line` to who listens there, if there is something to say, and returns the lines it is answered with: all it says
 * up to `wanted` of them, within `within_ms`; null where nobody listens.
 */
const linesFrom = (address: string, line: string, wanted: number, within_ms: number) =>
  Effect.callback<ReadonlyArray<string> | null>((resume) => {
    let said = ""
    const lines = () => said.split("\n").slice(0, -1)
    const socket = connect(address)
      .setEncoding("utf8")
      .on("data", (text: string) => {
        said += text
        if (lines().length >= wanted || said.length > limits.control_line_chars) socket.destroy() // which closes it
      })
      .on("error", () => resume(Effect.succeed(null)))
      .on("close", () => resume(Effect.succeed(lines())))
    socket.write(line)
    return Effect.sync(() => socket.destroy())
  }).pipe(
    Effect.timeoutOrElse({ duration: within_ms, orElse: () => Effect.succeed<ReadonlyArray<string>>([]) })
  )

const holderIn = (lines: ReadonlyArray<string>): Holder | null =>
  Option.getOrNull(Schema.decodeUnknownOption(HolderLine)(lines[0]))

/** Who listens at the address: `silent` where it does not say, null where nobody does. */
export const holderAt = (address: string): Effect.Effect<Holder | "silent" | null> =>
  Effect.map(
    linesFrom(address, "", 1, limits.holder_answer_ms),
    (lines) => lines === null ? null : holderIn(lines) ?? "silent"
  )

/** Asks the sidecar of the folder, and returns the line it answers, empty where it is silent; null where none runs there. */
export const askSidecar = Effect.fnUntraced(function*(folder: string, request: Request) {
  const address = yield* addressOf(folder)
  const line = `${Schema.encodeSync(RequestLine)(request)}\n`
  const lines = yield* linesFrom(address, line, 2, limits.control_answer_ms)
  return lines === null ? null : lines[1] ?? ""
})
