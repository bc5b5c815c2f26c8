import * as Effect from "effect/Effect"
import * as SchemaIssue from "effect/SchemaIssue"
import { readBounded } from "./readBounded.ts"
import { readFault } from "./readFault.ts"

/** An issue of the configuration. */
export const refuse = (message: string): Effect.Effect<never, SchemaIssue.Issue> =>
  Effect.fail(new SchemaIssue.InvalidValue({ message }))

/** What a file that the configuration names holds; `undefined` where that is more than `most_bytes`. */
export const readNamed = (path: string, most_bytes: number): Effect.Effect<Buffer | undefined, SchemaIssue.Issue> =>
  Effect.tryPromise(() => readBounded(path, most_bytes)).pipe(
    Effect.catch(({ cause }) => refuse(`${path} cannot be read: ${readFault(cause)}`))
  )
