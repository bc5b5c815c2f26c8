// A process that takes the lock of the folder when it is told `take` on standard input, and says what came of it.
import * as Effect from "effect/Effect"
import { createInterface } from "node:readline"
import { type HeldLock, takeLock } from "../../src/storage/folderLock.ts"

const [, , folder = ""] = process.argv
let held: HeldLock | null = null

const take = async (at: number): Promise<void> => {
  while (Date.now() < at);
  const said = await Effect.runPromise(
    takeLock(folder).pipe(
      Effect.map((taken) => {
        held = taken
        return taken === null ? "busy" : "held"
      }),
      Effect.catch(({ _tag, message }) => Effect.succeed(`${_tag}: ${message}`))
    )
  )
  console.log(said)
}

createInterface(process.stdin).on("line", (line) => {
  const [what, at = "0"] = line.split(" ")
  if (what === "take") void take(Number(at))
  else {
    held?.release()
    console.log("released")
  }
}).on("close", () => process.exit(0))
console.log("ready")
