import * as Effect from "effect/Effect"
import { encrypt, unencrypted } from "../hub/address.ts"
import { type Check, failed, ok } from "./Check.ts"

/** Whether nobody between here and the hub reads what is said. */
export const encryptionCheck: Check = {
  name: "encryption",
  run: ({ settings }) => {
    const plain = unencrypted(settings)
    return Effect.succeed(
      plain.length === 0
        ? ok("what is said to the hub is encrypted, or stays on this machine")
        : failed(`everybody on the way reads the token and the tasks: ${plain.join(", ")}`, encrypt)
    )
  }
}
